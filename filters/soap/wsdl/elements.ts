import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { Span } from "../../../compiler/syntax/source.js";
import type { ElementModel, TypeReference } from "../model.js";
import type { Component } from "./components.js";
import { type Definition, MOST_STEPS, type SchemaContext, type Scope } from "./context.js";
import { attributeOf, childrenOf, documentationOf, keyOf, type QName, SOAP_ENCODINGS, textOf, XSD } from "./names.js";
import { capped, type Occurs, ONCE } from "./occurrence.js";
import { simpleNamed, simpleOf } from "./simple-types.js";
import type { XmlElement } from "./xml.js";

/** How often a particle may stand there. */
export function occursOf(context: SchemaContext, node: XmlElement): Occurs {
  const min = countOf(context, node, "minOccurs");
  const max = textOf(node, "maxOccurs") === "unbounded" ? "unbounded" : countOf(context, node, "maxOccurs");
  if (max !== "unbounded" && min > max) {
    const attribute = attributeOf(node, "minOccurs") ?? attributeOf(node, "maxOccurs");
    if (attribute !== undefined) context.badValue(attribute, `at most \`maxOccurs\`, which is ${max}`);
  }
  return { min, max: max === "unbounded" ? max : capped(max) };
}

const MOST_REQUIRED = 65_535;

function countOf(context: SchemaContext, node: XmlElement, name: "minOccurs" | "maxOccurs"): number {
  const attribute = attributeOf(node, name);
  if (attribute === undefined) return 1;
  const value = /^\+?[0-9]{1,15}$/.test(attribute.value.trim()) ? Number(attribute.value) : Number.NaN;
  if (name === "maxOccurs" && !(value >= 0)) context.badValue(attribute, "a whole number or `unbounded`");
  else if (name === "minOccurs" && !(value <= MOST_REQUIRED))
    context.badValue(attribute, `a whole number, at most ${MOST_REQUIRED}`);
  else return value;
  return 1;
}

/** A local element, or a reference to a global one; undefined after a finding, or if it occurs nowhere. */
export function readElement(context: SchemaContext, node: XmlElement, scope: Scope): ElementModel | undefined {
  const occurs = occursOf(context, node);
  if (occurs.max === 0) return undefined;
  const reference = attributeOf(node, "ref");
  if (reference === undefined) return localElement(context, node, scope, occurs);
  const name = context.reference(node, reference, scope);
  const element = name && globalElement(context, name, reference.span);
  return element && { ...element, ...occurs, origin: node.span, ...documentationOf(node) };
}

function localElement(
  context: SchemaContext,
  node: XmlElement,
  { schema, owner }: Scope,
  occurs: Occurs,
): ElementModel | undefined {
  const name = textOf(node, "name");
  if (name === undefined) {
    context.report(diagnose("SL1113", { element: "element", attribute: "name` or `ref" }, node.span));
    return undefined;
  }
  const namespace = isQualified(context, node, schema.qualified.elements) ? schema.namespace : "";
  return elementOf(context, node, { schema, owner: `${owner}/${name}` }, { namespace, local: name }, occurs);
}

/** `form` of an element or attribute, or what its schema says of all. */
export function isQualified(context: SchemaContext, node: XmlElement, otherwise: boolean): boolean {
  const form = attributeOf(node, "form");
  if (form === undefined) return otherwise;
  if (!/^(un)?qualified$/.test(form.value.trim())) context.badValue(form, "`qualified` or `unqualified`");
  return form.value.trim() === "qualified";
}

/** A global element, once. */
export function globalElement(context: SchemaContext, name: QName, origin: Span): ElementModel | undefined {
  const found = context.components.find("element", name);
  if (found === undefined) {
    context.unknown("element", name, origin);
    return undefined;
  }
  if (context.isTrue(found.node, "abstract")) {
    context.report(diagnose("SL1128", { what: "element", name: name.local }, origin));
    return undefined;
  }
  const others = context.components.insteadOf("element", name);
  if (others.length > 0)
    context.report(diagnose("SL1129", { what: "element", name: name.local, others: listed(others) }, origin));
  const scope = { schema: found.schema, owner: `{${name.namespace}}/${name.local}` };
  return elementOf(context, found.node, scope, name, ONCE);
}

/** As many names as a sentence holds. */
const MOST_NAMES = 3;

function listed(names: readonly string[]): string {
  const some = names.slice(0, MOST_NAMES).map((name) => `\`${name}\``);
  return `${some.join(", ")}${names.length > MOST_NAMES ? " and others" : ""}`;
}

/** @param scope of which `owner` is the id of an anonymous type of the element */
function elementOf(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  { namespace, local }: QName,
  occurs: Occurs,
): ElementModel | undefined {
  const type = elementType(context, node, scope);
  if (type === undefined) return undefined;
  return {
    kind: "element",
    name: local,
    namespace,
    origin: node.span,
    ...documentationOf(node),
    type,
    ...occurs,
    nillable: context.isTrue(node, "nillable"),
    ...constraintsOf(node),
  };
}

/** Values of an element or attribute that the schema gives. */
export function constraintsOf(node: XmlElement): { default?: string; fixed?: string } {
  const given = attributeOf(node, "default")?.value;
  const fixed = attributeOf(node, "fixed")?.value;
  return { ...(given === undefined ? {} : { default: given }), ...(fixed === undefined ? {} : { fixed }) };
}

function elementType(context: SchemaContext, node: XmlElement, scope: Scope, steps = 0): TypeReference | undefined {
  const named = attributeOf(node, "type");
  if (named !== undefined) {
    const name = context.reference(node, named, scope);
    return name && typeNamed(context, name, named.span);
  }
  const [complex] = childrenOf(node, XSD, "complexType");
  if (complex !== undefined) return context.want({ id: scope.owner, node: complex, schema: scope.schema });
  if (childrenOf(node, XSD, "simpleType").length > 0) {
    const simple = simpleOf(context, node, "type", scope);
    return simple === undefined ? undefined : { simple };
  }
  const head = headOf(context, node, scope);
  if (head !== undefined && steps < MOST_STEPS) {
    const owner = `{${head.name.namespace}}/${head.name.local}`;
    return elementType(context, head.node, { schema: head.schema, owner }, steps + 1);
  }
  context.report(diagnose("SL1125", { what: "an element without a type" }, node.span));
  return undefined;
}

/** An element without a type has that of the head of its substitution group. */
function headOf(context: SchemaContext, node: XmlElement, scope: Scope): Component | undefined {
  const attribute = attributeOf(node, "substitutionGroup");
  const name = attribute && context.reference(node, attribute, scope);
  return name && context.components.find("element", name);
}

/** The type of that name as the type of an element or part; undefined after a finding. */
export function typeNamed(context: SchemaContext, name: QName, origin: Span): TypeReference | undefined {
  if (name.namespace === XSD && name.local === "anyType") {
    context.report(diagnose("SL1125", { what: "`xsd:anyType`" }, origin));
    return undefined;
  }
  const complex = complexNamed(context, name);
  if (complex === undefined) {
    const simple = simpleNamed(context, name, origin);
    return simple === undefined ? undefined : { simple };
  }
  if (context.isTrue(complex.node, "abstract")) {
    context.report(diagnose("SL1128", { what: "type", name: name.local }, origin));
    return undefined;
  }
  const others = context.components.insteadOf("type", name);
  if (others.length > 0)
    context.report(diagnose("SL1129", { what: "type", name: name.local, others: listed(others) }, origin));
  return context.want(complex);
}

/** The complex type of that name, if it is one. */
export function complexNamed(context: SchemaContext, name: QName): Definition | undefined {
  if (name.namespace === XSD || SOAP_ENCODINGS.includes(name.namespace)) return undefined;
  const found = context.components.find("type", name);
  if (found?.node.local !== "complexType") return undefined;
  return { id: keyOf(name), name: name.local, node: found.node, schema: found.schema };
}
