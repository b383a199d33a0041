import { nearest } from "../diagnostics/suggest.js";
import {
  ATTRIBUTES,
  type Attribute,
  attributeNamed,
  attributesUnder,
  isPlanned,
  nameProblem,
  written,
} from "./attributes.js";
import type { Findings } from "./findings.js";
import type { IndexSyntax, NameSyntax, OperatorSyntax, SelectSyntax, Syntax } from "./syntax.js";
import type { AttributeNode, HasNode, Range } from "./tree.js";

/** Headers that Envoy keeps as pseudo-headers only, so that a look-up of the field finds nothing: RFC 9113, 8.3.1. */
const PSEUDO: ReadonlyMap<string, string> = new Map([
  ["host", "request.host"],
  [":authority", "request.host"],
  [":method", "request.method"],
  [":path", "request.path"],
  [":scheme", "request.scheme"],
]);

/** True of `a`, `a.b`, `a.b.c`: what can be the name of an attribute. */
export function isPath(syntax: Syntax): syntax is NameSyntax | SelectSyntax {
  return syntax.kind === "name" || (syntax.kind === "select" && isPath(syntax.operand));
}

/** The attribute of a dotted name, or a report why there is none. */
export function resolveAttribute(syntax: NameSyntax | SelectSyntax, findings: Findings): AttributeNode | undefined {
  const name = dotted(syntax);
  const range = { start: syntax.start, end: syntax.end };
  const attribute = attributeNamed(name);
  if (attribute?.argument === "none")
    return { kind: "attribute", type: attribute.type, attribute, argument: undefined, ...range };
  if (attribute !== undefined)
    return findings.add("SL0517", { name, hint: `name one of them: ${example(attribute)}` }, range);
  const owner = syntax.kind === "select" ? attributeNamed(name.slice(0, name.lastIndexOf("."))) : undefined;
  if (owner !== undefined && owner.argument !== "none" && syntax.kind === "select")
    return resolveField(owner, syntax, range, findings);
  if (isPlanned(name)) return findings.add("SL0505", { construct: `the attribute \`${name}\`` }, range);
  const members = attributesUnder(name);
  if (members.length > 0) return findings.add("SL0517", { name, hint: `name one of ${members.join(", ")}` }, range);
  return unknown(name, range, findings);
}

/** `route.params.id`; names of headers and the like stand in brackets. */
function resolveField(
  attribute: Attribute,
  { operand, field }: SelectSyntax,
  range: Range,
  findings: Findings,
): AttributeNode | undefined {
  if (attribute.argument === "capture")
    return named(attribute, field, { start: operand.end + 1, end: range.end }, range, findings);
  const argument = attribute.argument === "header" ? field.toLowerCase() : field;
  return findings.add("SL0511", naming(attribute), range, written(attribute.name, argument));
}

/** `request.headers["x"]`; any other index is reported. */
export function resolveIndex(syntax: IndexSyntax, findings: Findings): AttributeNode | undefined {
  const { operand, index } = syntax;
  const range = { start: syntax.start, end: syntax.end };
  const name = isPath(operand) ? dotted(operand) : "";
  const attribute = attributeNamed(name);
  if (attribute !== undefined && attribute.argument !== "none") {
    if (index.kind !== "literal" || typeof index.value !== "string")
      return findings.add("SL0511", naming(attribute), place(index));
    return named(attribute, index.value, place(index), range, findings);
  }
  if (isPlanned(name)) return findings.add("SL0505", { construct: `the attribute \`${name}\`` }, range);
  if (attribute === undefined && attributesUnder(name).length === 0) return unknown(name, place(operand), findings);
  return findings.foreign(`an index in brackets after \`${name}\``, range);
}

/** True of `"x" in request.headers` and its like, which asks whether there is one, not for a value. */
export function isMembership({ operands }: OperatorSyntax): boolean {
  const right = operands[1];
  const attribute = right !== undefined && isPath(right) ? attributeNamed(dotted(right)) : undefined;
  return attribute !== undefined && attribute.argument !== "none";
}

export function resolveMember({ operands, start, end }: OperatorSyntax, findings: Findings): HasNode | undefined {
  const [left, right] = operands;
  const attribute = right !== undefined && isPath(right) ? attributeNamed(dotted(right)) : undefined;
  if (left === undefined || attribute === undefined) return undefined;
  if (left.kind !== "literal" || typeof left.value !== "string")
    return findings.add("SL0511", naming(attribute), place(left));
  const operand = named(attribute, left.value, place(left), { start, end }, findings);
  return operand && { kind: "has", type: "bool", operand, start, end };
}

/** @param literal where the name stands; @param whole where the attribute does */
function named(
  attribute: Attribute,
  name: string,
  literal: Range,
  whole: Range,
  findings: Findings,
): AttributeNode | undefined {
  const what = thing(attribute);
  const isHeader = attribute.argument === "header";
  const instead = attribute.name === "request.headers" ? PSEUDO.get(name.toLowerCase()) : undefined;
  if (instead !== undefined)
    return findings.add("SL0512", { name, what, reason: `write \`${instead}\`` }, whole, instead);
  const reason = nameProblem(attribute.argument, name);
  if (reason !== undefined) return findings.add("SL0512", { name, what, reason }, literal);
  const argument = isHeader ? name.toLowerCase() : name;
  return { kind: "attribute", type: attribute.type, attribute, argument, ...whole };
}

function naming(attribute: Attribute): { what: string; example: string } {
  return { what: thing(attribute), example: example(attribute) };
}

function thing({ argument }: Attribute): string {
  switch (argument) {
    case "none":
      return "value";
    case "header":
      return "header";
    case "parameter":
      return "query parameter";
    case "cookie":
      return "cookie";
    case "capture":
      return "route parameter";
  }
}

function example({ name, argument }: Attribute): string {
  switch (argument) {
    case "none":
      return name;
    case "header":
      return written(name, "x-tenant");
    case "parameter":
      return written(name, "page");
    case "cookie":
      return written(name, "session");
    case "capture":
      return written(name, "id");
  }
}

/** The nearest name, or the only attribute that ends alike: `tier` is meant to be `auth.tier`. */
function unknown(name: string, range: Range, findings: Findings): undefined {
  const names = ATTRIBUTES.map((known) => known.name);
  const last = name.slice(name.lastIndexOf(".") + 1);
  const alike = names.filter((known) => known.endsWith(`.${last}`));
  const suggestion = capture(name) ?? nearest(name, names) ?? (alike.length === 1 ? alike[0] : undefined);
  if (suggestion === undefined) {
    // A lone word is most often a string without its quotes.
    const quoted = `"${name}"`;
    const hint = name.includes(".") ? "" : `; a string is written in quotes: \`${quoted}\``;
    return findings.add("SL0506", { name, hint }, range, hint === "" ? undefined : quoted);
  }
  return findings.add("SL0506", { name, hint: `; did you mean \`${suggestion}\`?` }, range, suggestion);
}

/** `rout.params.id` is meant to be `route.params.id`. */
function capture(name: string): string | undefined {
  const dot = name.lastIndexOf(".");
  const owners = ATTRIBUTES.filter(({ argument }) => argument === "capture").map((known) => known.name);
  const owner = nearest(name.slice(0, Math.max(0, dot)), owners);
  return owner === undefined ? undefined : owner + name.slice(dot);
}

function dotted(syntax: NameSyntax | SelectSyntax): string {
  const names: string[] = [];
  let rest: Syntax = syntax;
  while (rest.kind === "select") {
    names.push(rest.field);
    rest = rest.operand;
  }
  if (rest.kind === "name") names.push(rest.name);
  return names.reverse().join(".");
}

function place({ start, end }: Range): Range {
  return { start, end };
}
