import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { Span } from "../../../compiler/syntax/source.js";
import type { SimpleType } from "../model.js";
import { BUILTIN_NAMES, builtinId, builtinTypes } from "./builtin-types.js";
import { MOST_STEPS, type SchemaContext, type Scope, unknownName } from "./context.js";
import { facetsOf, restrict } from "./facets.js";
import { attributeOf, childrenOf, documentationOf, keyOf, type QName, SOAP_ENCODINGS, XSD } from "./names.js";
import type { XmlElement } from "./xml.js";

// Simple types are read at once, each after those that it is made of; `steps` bounds how far that leads.

/** The id of the simple type of that name, once it is known; undefined after a finding. */
export function simpleNamed(context: SchemaContext, name: QName, origin: Span, steps = 0): string | undefined {
  if (name.namespace === XSD) return builtinNamed(context, name.local, origin);
  if (SOAP_ENCODINGS.includes(name.namespace)) {
    context.report(diagnose("SL1132", { what: `the type \`${name.local}\`` }, origin));
    return undefined;
  }
  const found = context.components.find("type", name);
  if (found?.node.local !== "simpleType") {
    const what = found === undefined ? "type" : "simple type";
    context.unknown("type", name, origin, what);
    return undefined;
  }
  const id = keyOf(name);
  return defineSimple(context, found.node, { schema: found.schema, owner: id }, { id, name: name.local }, steps);
}

function builtinNamed(context: SchemaContext, name: string, origin: Span): string | undefined {
  const types = builtinTypes(name, origin);
  if (types !== undefined) {
    for (const type of types) if (!context.simpleTypes.has(type.id)) context.simpleTypes.set(type.id, type);
    return builtinId(name);
  }
  if (name === "NOTATION") context.report(diagnose("SL1139", { type: name }, origin));
  else context.report(unknownName("type", { namespace: XSD, local: name }, BUILTIN_NAMES, origin));
  return undefined;
}

/**
 * The id of the type that an attribute names, or that stands in an element; undefined if there is neither, or after a finding.
 *
 * @param scope of which `owner` is the id of a type that stands there
 */
export function simpleOf(
  context: SchemaContext,
  node: XmlElement,
  attribute: string,
  scope: Scope,
  steps = 0,
): string | undefined {
  const reference = attributeOf(node, attribute);
  if (reference !== undefined) {
    const name = context.reference(node, reference, scope);
    return name === undefined ? undefined : simpleNamed(context, name, reference.span, steps);
  }
  const [inner] = childrenOf(node, XSD, "simpleType");
  return inner === undefined ? undefined : defineSimple(context, inner, scope, { id: scope.owner }, steps);
}

/** Reads `xsd:simpleType`. */
function defineSimple(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  called: { id: string; name?: string },
  steps: number,
): string | undefined {
  if (context.simpleTypes.has(called.id)) return called.id;
  const open = context.reading;
  if (open.has(called.id) || steps >= MOST_STEPS) {
    context.report(diagnose("SL1137", { what: called.name ?? "this type" }, node.span));
    return undefined;
  }
  open.add(called.id);
  const type = typeOf(context, node, scope, steps + 1);
  open.delete(called.id);
  if (type === undefined) return undefined;
  const { name: _, documentation: __, ...facets } = type;
  const namespace = scope.schema.namespace;
  context.simpleTypes.set(called.id, { ...facets, ...called, namespace, origin: node.span, ...documentationOf(node) });
  return called.id;
}

/** The type as what it is made of has it. */
function typeOf(context: SchemaContext, node: XmlElement, scope: Scope, steps: number): SimpleType | undefined {
  const [variety] = childrenOf(node, XSD, "restriction", "list", "union");
  if (variety === undefined) {
    context.report(diagnose("SL1113", { element: node.local, attribute: "restriction, list or union" }, node.span));
    return undefined;
  }
  switch (variety.local) {
    case "restriction":
      return restrictionOf(context, variety, scope, steps);
    case "list":
      return listOf(context, variety, scope, steps);
    default:
      return unionOf(context, variety, scope, steps);
  }
}

function restrictionOf(context: SchemaContext, node: XmlElement, scope: Scope, steps: number): SimpleType | undefined {
  const id = simpleOf(context, node, "base", { ...scope, owner: `${scope.owner}/base` }, steps);
  const base = id === undefined ? undefined : context.simpleTypes.get(id);
  if (base !== undefined) return restrict(context, base, node);
  missing(context, node, "base");
  return undefined;
}

/** A type that another is made of; what it refers to in vain has a finding already. */
function missing(context: SchemaContext, node: XmlElement, attribute: string): void {
  if (attributeOf(node, attribute) === undefined && childrenOf(node, XSD, "simpleType").length === 0)
    context.report(diagnose("SL1113", { element: node.local, attribute }, node.span));
}

function listOf(context: SchemaContext, node: XmlElement, scope: Scope, steps: number): SimpleType | undefined {
  const id = simpleOf(context, node, "itemType", { ...scope, owner: `${scope.owner}/item` }, steps);
  const item = id === undefined ? undefined : context.simpleTypes.get(id);
  if (item === undefined) {
    missing(context, node, "itemType");
    return undefined;
  }
  if (item.form === "list") {
    context.report(diagnose("SL1141", { reason: "the items of a list are no lists" }, node.span));
    return undefined;
  }
  return { ...anew(node, "list"), json: item.json, item: item.id };
}

function unionOf(context: SchemaContext, node: XmlElement, scope: Scope, steps: number): SimpleType | undefined {
  const named = attributeOf(node, "memberTypes");
  const references = named === undefined ? [] : named.value.split(/\s+/).filter((text) => text !== "");
  const ids = references.map((text) => {
    const name = named && context.nameIn(node, text, named.span, scope.schema);
    return name === undefined ? undefined : simpleNamed(context, name, named?.span ?? node.span, steps);
  });
  for (const [index, inner] of childrenOf(node, XSD, "simpleType").entries()) {
    const owner = `${scope.owner}/${index + 1}`;
    ids.push(defineSimple(context, inner, { ...scope, owner }, { id: owner }, steps));
  }
  if (ids.length === 0) context.report(diagnose("SL1113", { element: "union", attribute: "memberTypes" }, node.span));
  const members = ids.flatMap((id) => (id === undefined ? [] : membersOf(context, id, node)));
  if (ids.length === 0 || ids.includes(undefined)) return undefined;
  return { ...anew(node, "union"), members: [...new Set(members)] };
}

/** A member that is a union stands for its members. */
function membersOf(context: SchemaContext, id: string, node: XmlElement): readonly string[] {
  const type = context.simpleTypes.get(id);
  if (type?.form === "list")
    context.report(
      diagnose("SL1141", { reason: "a list among the members of a union cannot be told apart" }, node.span),
    );
  if (type?.form !== "union") return [id];
  if (type.patterns.length > 0 || type.enumeration !== undefined)
    context.report(diagnose("SL1141", { reason: "a union with facets of its own is a member of a union" }, node.span));
  return type.members ?? [];
}

/** A list or union without facets. */
function anew(node: XmlElement, form: "list" | "union"): SimpleType {
  return {
    id: "",
    namespace: "",
    origin: node.span,
    builtin: form,
    json: "string",
    form,
    whiteSpace: "collapse",
    patterns: [],
  };
}

/**
 * The id of a type with the facets that stand in `xsd:restriction` of simple content; the same type if there are none.
 *
 * @param id of the type that it gets
 */
export function restrictedText(
  context: SchemaContext,
  base: string,
  node: XmlElement,
  id: string,
  scope: Scope,
): string {
  const type = context.simpleTypes.get(base);
  if (type === undefined || facetsOf(node).length === 0) return base;
  const { name: _, documentation: __, ...facets } = restrict(context, type, node);
  context.simpleTypes.set(id, { ...facets, id, namespace: scope.schema.namespace, origin: node.span });
  return id;
}
