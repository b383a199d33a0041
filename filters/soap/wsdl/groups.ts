import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { Component } from "./components.js";
import { MOST_STEPS, type SchemaContext, type Scope } from "./context.js";
import { occursOf, readElement } from "./elements.js";
import { attributeOf, childrenOf, keyOf, textOf, XSD } from "./names.js";
import { groupOf, type Occurs, type Particle } from "./occurrence.js";
import type { XmlElement } from "./xml.js";

/** Elements and groups that stand in a complex type or in one another. */
export const PARTICLES = ["sequence", "choice", "all", "group"] as const;

/** A group, or a reference to one, and the groups by whose references it was reached. */
export function readGroup(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  path: readonly string[] = [],
): Particle | undefined {
  const occurs = occursOf(context, node);
  if (occurs.max === 0) return undefined;
  if (node.local === "group") return referredGroup(context, node, scope, path, occurs);
  const children: (Particle | undefined)[] = [];
  for (const child of node.children) {
    if (child.namespace !== XSD || child.local === "annotation") continue;
    if (!context.spend(1, child.span)) return undefined;
    if (textOf(child, "maxOccurs") === "0") continue;
    if (child.local === "element") children.push(readElement(context, child, scope));
    else if (child.local === "any") readAny(context, child);
    else if (node.local === "all" || !isParticle(child) || child.local === "all")
      context.unexpected(child, `in \`${node.local}\``);
    else children.push(readGroup(context, child, scope, path));
  }
  return group(context, node, children, occurs);
}

function isParticle({ local }: XmlElement): boolean {
  return PARTICLES.some((name) => name === local);
}

function group(
  context: SchemaContext,
  node: XmlElement,
  children: readonly (Particle | undefined)[],
  occurs: Occurs,
): Particle | undefined {
  const order = node.local === "choice" ? "choice" : node.local === "all" ? "all" : "sequence";
  if (order === "all") checkAll(context, node, children, occurs);
  const result = groupOf(order, children, occurs);
  if (result !== "repeated") return result;
  context.report(diagnose("SL1130", { group: order }, (attributeOf(node, "maxOccurs") ?? node).span));
  return undefined;
}

/** XML Schema 1.0, 3.8.6: `all` and what is in it occur once at most. */
function checkAll(
  context: SchemaContext,
  node: XmlElement,
  children: readonly (Particle | undefined)[],
  { max }: Occurs,
): void {
  const repeated = children.some((child) => child?.kind === "element" && child.max !== 1);
  const attribute = attributeOf(node, "maxOccurs");
  if (max !== 1 && attribute !== undefined) context.badValue(attribute, "1, as `all` does not repeat");
  if (repeated) context.report(diagnose("SL1130", { group: "all" }, node.span));
}

function readAny(context: SchemaContext, node: XmlElement): void {
  if (textOf(node, "minOccurs") === "0")
    context.report(diagnose("SL1127", { what: "elements that the schema does not name (`xsd:any`)" }, node.span));
  else context.report(diagnose("SL1125", { what: "`xsd:any`" }, node.span));
}

function referredGroup(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  path: readonly string[],
  occurs: Occurs,
): Particle | undefined {
  const found = referred(context, node, scope, "group");
  if (found === undefined) return undefined;
  const key = keyOf(found.name);
  if (path.includes(key) || path.length >= MOST_STEPS) {
    context.report(diagnose("SL1137", { what: found.name.local }, found.node.span));
    return undefined;
  }
  const [inner] = childrenOf(found.node, XSD, "sequence", "choice", "all");
  if (inner === undefined) return undefined;
  const owner = `{${found.name.namespace}}group(${found.name.local})`;
  const content = readGroup(context, inner, { schema: found.schema, owner }, [...path, key]);
  return group(context, node, [content], occurs);
}

/** The group or attribute group that an element refers to. */
export function referred(
  context: SchemaContext,
  node: XmlElement,
  scope: Scope,
  kind: "group" | "attributeGroup",
): Component | undefined {
  const reference = attributeOf(node, "ref");
  if (reference === undefined) {
    context.report(diagnose("SL1113", { element: kind, attribute: "ref" }, node.span));
    return undefined;
  }
  const name = context.reference(node, reference, scope);
  if (name === undefined) return undefined;
  const found = context.components.find(kind, name);
  if (found === undefined) context.unknown(kind, name, reference.span);
  return found;
}
