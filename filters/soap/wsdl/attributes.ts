import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { Span } from "../../../compiler/syntax/source.js";
import type { AttributeModel, SimpleType } from "../model.js";
import { builtinId, builtinTypes } from "./builtin-types.js";
import { MOST_STEPS, type SchemaContext, type Scope } from "./context.js";
import { constraintsOf, isQualified } from "./elements.js";
import { referred } from "./groups.js";
import { attributeOf, documentationOf, keyOf, type QName, textOf, XML, XSD } from "./names.js";
import { simpleNamed, simpleOf } from "./simple-types.js";
import type { XmlElement } from "./xml.js";

/** Attributes by name and namespace; `prohibited` takes one away that the base of a restriction has. */
export type Attributes = Map<string, AttributeModel | "prohibited">;

/**
 * The attributes that stand in a complex type, in its extension or restriction, or in a group of attributes.
 *
 * @param path the groups by whose references the node was reached
 */
export function readAttributes(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  path: readonly string[] = [],
): Attributes {
  const found: Attributes = new Map();
  for (const child of node.children) {
    if (child.namespace !== XSD) continue;
    if (child.local === "attribute") addAttribute(context, child, scope, found);
    else if (child.local === "attributeGroup") addGroup(context, child, scope, path, found);
    else if (child.local === "anyAttribute")
      context.report(
        diagnose("SL1127", { what: "attributes that the schema does not name (`xsd:anyAttribute`)" }, child.span),
      );
  }
  return found;
}

function addGroup(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  path: readonly string[],
  into: Attributes,
): void {
  if (!context.spend(1, node.span)) return;
  const group = referred(context, node, scope, "attributeGroup");
  if (group === undefined) return;
  const key = keyOf(group.name);
  if (path.includes(key) || path.length >= MOST_STEPS) {
    context.report(diagnose("SL1137", { what: group.name.local }, group.node.span));
    return;
  }
  const owner = `{${group.name.namespace}}attributeGroup(${group.name.local})`;
  const inner = readAttributes(context, group.node, { schema: group.schema, owner }, [...path, key]);
  if (!context.spend(inner.size, node.span)) return;
  for (const [name, attribute] of inner) into.set(name, attribute);
}

function addAttribute(context: SchemaContext, node: XmlElement, scope: Scope, into: Attributes): void {
  if (!context.spend(1, node.span)) return;
  const use = attributeOf(node, "use");
  const value = use?.value.trim() ?? "optional";
  if (use !== undefined && !/^(required|optional|prohibited)$/.test(value))
    context.badValue(use, "`required`, `optional` or `prohibited`");
  const name = attributeName(context, node, scope);
  if (name === undefined) return;
  if (value === "prohibited") {
    into.set(keyOf(name), "prohibited");
    return;
  }
  const attribute =
    attributeOf(node, "ref") === undefined ? local(context, node, scope, name) : global(context, node, name);
  if (attribute !== undefined) into.set(keyOf(name), { ...attribute, required: value === "required" });
}

function attributeName(context: SchemaContext, node: XmlElement, scope: Scope): QName | undefined {
  const reference = attributeOf(node, "ref");
  if (reference !== undefined) return context.reference(node, reference, scope);
  const name = textOf(node, "name");
  if (name === undefined) {
    context.report(diagnose("SL1113", { element: "attribute", attribute: "name` or `ref" }, node.span));
    return undefined;
  }
  const qualified = isQualified(context, node, scope.schema.qualified.attributes);
  return { namespace: qualified ? scope.schema.namespace : "", local: name };
}

function local(context: SchemaContext, node: XmlElement, scope: Scope, name: QName): AttributeModel | undefined {
  const typed = attributeOf(node, "type") !== undefined || node.children.some(({ local }) => local === "simpleType");
  const owner = `${scope.owner}/@${name.local}`;
  const simple = typed
    ? simpleOf(context, node, "type", { ...scope, owner })
    : simpleNamed(context, { namespace: XSD, local: "anySimpleType" }, node.span);
  return simple === undefined ? undefined : attribute(node, name, simple);
}

function attribute(node: XmlElement, { namespace, local }: QName, simple: string): AttributeModel {
  return {
    name: local,
    namespace,
    origin: node.span,
    ...documentationOf(node),
    simple,
    required: false,
    ...constraintsOf(node),
  };
}

function global(context: SchemaContext, node: XmlElement, name: QName): AttributeModel | undefined {
  const found = context.components.find("attribute", name);
  if (found !== undefined) {
    const owner = `{${name.namespace}}@${name.local}`;
    const attribute = local(context, found.node, { schema: found.schema, owner }, name);
    return attribute && { ...attribute, origin: node.span, ...constraintsOf(node) };
  }
  const simple = name.namespace === XML ? xmlAttribute(context, name.local, node.span) : undefined;
  if (simple !== undefined) return attribute(node, name, simple);
  context.unknown("attribute", name, node.span);
  return undefined;
}

const XML_ATTRIBUTES: ReadonlyMap<string, { from: string; facets?: Partial<SimpleType> }> = new Map([
  // It may be empty, to say that there is none.
  ["lang", { from: "language", facets: { patterns: ["(?:[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*)?"] } }],
  ["space", { from: "NCName", facets: { enumeration: ["default", "preserve"] } }],
  ["base", { from: "anyURI" }],
  ["id", { from: "ID" }],
]);

/** The id of the type of an attribute that XML itself has, so that its schema need not be at hand. */
function xmlAttribute(context: SchemaContext, name: string, origin: Span): string | undefined {
  const known = XML_ATTRIBUTES.get(name);
  if (known === undefined) return undefined;
  if (known.facets === undefined) return simpleNamed(context, { namespace: XSD, local: known.from }, origin);
  const id = `xml:${name}`;
  for (const type of builtinTypes(known.from, origin) ?? [])
    if (type.id === builtinId(known.from))
      context.simpleTypes.set(id, { ...type, id, namespace: XML, ...known.facets });
  return id;
}
