import { nearest } from "../diagnostics/suggest.js";
import {
  ATTRIBUTES,
  type Attribute,
  attributeNamed,
  attributesUnder,
  CLAIM_LIST,
  nameProblem,
  written,
} from "./attributes.js";
import type { Findings } from "./findings.js";
import type { IndexSyntax, NameSyntax, OperatorSyntax, SelectSyntax, Syntax } from "./syntax.js";
import type { AttributeNode, HasNode, Range, Typed } from "./tree.js";

/** Headers that Envoy keeps as pseudo-headers only, so that a look-up of the field finds nothing: RFC 9113, 8.3.1. */
const PSEUDO: ReadonlyMap<string, string> = new Map([
  ["host", "request.host"],
  [":authority", "request.host"],
  [":method", "request.method"],
  [":path", "request.path"],
  [":scheme", "request.scheme"],
]);

/** Headers that the gateway writes for services and removes from what clients send, and where the same can be asked. */
const REMOVED: ReadonlyMap<string, string> = new Map([
  ["x-consumer", "auth.consumer"],
  ["x-consumer-groups", "auth.groups"],
  ["x-consumer-tier", "auth.tier"],
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
  if (name.startsWith("auth.claims.") && syntax.kind === "select") return resolveClaim(name, range, findings);
  const owner = syntax.kind === "select" ? attributeNamed(name.slice(0, name.lastIndexOf("."))) : undefined;
  if (owner !== undefined && owner.argument !== "none" && syntax.kind === "select")
    return resolveField(owner, syntax, range, findings);
  const members = attributesUnder(name);
  if (members.length > 0) return findings.add("SL0517", { name, hint: `name one of ${members.join(", ")}` }, range);
  return unknown(name, range, findings);
}

/** `auth.claims.realm_access.roles`: each name is one of a member of an object. */
function resolveClaim(name: string, range: Range, findings: Findings): AttributeNode | undefined {
  const attribute = attributeNamed("auth.claims");
  const argument = name.slice("auth.claims.".length).replaceAll(".", " ");
  return attribute && named(attribute, argument, range, range, findings);
}

/** A claim on the right side of `in`, as the list that it has to be there. */
export function asList(operand: Typed | undefined): Typed | undefined {
  if (operand?.kind !== "attribute" || operand.attribute.name !== "auth.claims") return operand;
  return { ...operand, type: CLAIM_LIST.type, attribute: CLAIM_LIST };
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

/**
 * `request.headers.x-tenant`, which CEL reads as the subtraction of `tenant`: reported whole, as nothing else can be meant. False
 * where something else is subtracted.
 */
export function reportDashedName({ operator, operands: [left] }: OperatorSyntax, findings: Findings): boolean {
  if (operator !== "-" || left === undefined) return false;
  const field = leftmost(left);
  if (field.kind !== "select" || !isPath(field)) return false;
  const attribute = attributeNamed(dotted(field).slice(0, -field.field.length - 1));
  const [rest] = /^(?:-[A-Za-z0-9_]+)+/.exec(findings.text.slice(field.end)) ?? [];
  if (attribute === undefined || attribute.argument === "none" || rest === undefined) return false;
  const range = { start: field.start, end: field.end + rest.length };
  const name = field.field + rest;
  const argument = attribute.argument === "header" ? name.toLowerCase() : name;
  if (attribute.argument === "capture")
    findings.add("SL0512", { name, what: thing(attribute), reason: nameProblem("capture", name) ?? "" }, range);
  else findings.add("SL0511", naming(attribute), range, written(attribute.name, argument));
  return true;
}

/** What stands first in a chain of subtractions. */
function leftmost(syntax: Syntax): Syntax {
  let rest = syntax;
  while (rest.kind === "operator" && rest.operator === "-" && rest.operands[0] !== undefined) rest = rest.operands[0];
  return rest;
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
  const known = attribute.name === "request.headers" ? REMOVED.get(name.toLowerCase()) : undefined;
  if (known !== undefined) {
    const parameters = { name, what, reason: `it is removed from what clients send; write \`${known}\`` };
    return findings.add("SL0512", parameters, whole, { changes: [{ range: whole, text: known }], safe: false });
  }
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
    case "claim":
      return "claim";
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
    case "claim":
      return written(name, "department");
  }
}

/** What other gateways and servers call an attribute, under `request.` and its like. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ["addr", "source.ip"],
  ["address", "source.ip"],
  ["authority", "request.host"],
  ["client_ip", "source.ip"],
  ["domain", "request.host"],
  ["hostname", "request.host"],
  ["http_method", "request.method"],
  ["ip", "source.ip"],
  ["remote_addr", "source.ip"],
  ["remote_ip", "source.ip"],
  ["uri", "request.path"],
  ["url", "request.path"],
  ["url_path", "request.path"],
  ["user", "auth.consumer"],
  ["username", "auth.consumer"],
  ["verb", "request.method"],
]);

/** What is not to be asked, and why; a similar name would not be meant. */
const NOT_ASKED: ReadonlyMap<string, string> = new Map([
  ["request.body", "; bodies are not read"],
  ["request.content", "; bodies are not read"],
  ["request.payload", "; bodies are not read"],
]);

/** What it is called elsewhere, the nearest name, or the only attribute that ends alike: `tier` is meant to be `auth.tier`. */
function unknown(name: string, range: Range, findings: Findings): undefined {
  const reason = NOT_ASKED.get(name);
  if (reason !== undefined) return findings.add("SL0506", { name, hint: reason }, range);
  const names = ATTRIBUTES.map((known) => known.name);
  const last = name.slice(name.lastIndexOf(".") + 1);
  const alike = names.filter((known) => known.endsWith(`.${last}`));
  const synonym = name === last ? undefined : SYNONYMS.get(last.toLowerCase());
  const suggestion = capture(name) ?? synonym ?? nearest(name, names) ?? (alike.length === 1 ? alike[0] : undefined);
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
