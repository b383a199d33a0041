import { nearest } from "../diagnostics/suggest.js";
import { ATTRIBUTES, attributeNamed, attributesUnder, isHeaderName, isPlanned } from "./attributes.js";
import type { Findings } from "./findings.js";
import type { IndexSyntax, NameSyntax, SelectSyntax, Syntax } from "./syntax.js";
import type { AttributeNode, Range } from "./tree.js";

const HEADERS = "request.headers";

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
    return findings.add("SL0517", { name, hint: `name one of them: ${HEADERS}["x-tenant"]` }, range);
  if (isPlanned(name)) return findings.add("SL0505", { construct: `the attribute \`${name}\`` }, range);
  if (name.startsWith(`${HEADERS}.`)) {
    const field = name.slice(HEADERS.length + 1);
    return findings.add("SL0511", {}, range, `${HEADERS}["${field.toLowerCase()}"]`);
  }
  const members = attributesUnder(name);
  if (members.length > 0) return findings.add("SL0517", { name, hint: `name one of ${members.join(", ")}` }, range);
  return unknown(name, range, findings);
}

/** `request.headers["x"]`; any other index is reported. */
export function resolveIndex(syntax: IndexSyntax, findings: Findings): AttributeNode | undefined {
  const { operand, index } = syntax;
  const range = { start: syntax.start, end: syntax.end };
  const name = isPath(operand) ? dotted(operand) : "";
  const attribute = attributeNamed(name);
  if (attribute?.argument === "header") {
    if (index.kind !== "literal" || typeof index.value !== "string") return findings.add("SL0511", {}, place(index));
    const argument = headerName(index.value, place(index), range, findings);
    return argument === undefined
      ? undefined
      : { kind: "attribute", type: attribute.type, attribute, argument, ...range };
  }
  if (isPlanned(name)) return findings.add("SL0505", { construct: `the attribute \`${name}\`` }, range);
  if (attribute === undefined && attributesUnder(name).length === 0) return unknown(name, place(operand), findings);
  return findings.add("SL0504", { construct: `an index in brackets after \`${name}\`` }, range);
}

function headerName(name: string, literal: Range, whole: Range, findings: Findings): string | undefined {
  const lower = name.toLowerCase();
  const instead = PSEUDO.get(lower);
  if (instead !== undefined) return findings.add("SL0512", { name, reason: `write \`${instead}\`` }, whole, instead);
  if (isHeaderName(name)) return lower;
  const reason = name === "" ? "it is empty" : "it may have up to 64 letters, digits, dashes, underscores and dots";
  return findings.add("SL0512", { name, reason }, literal);
}

/** The nearest name, or the only attribute that ends alike: `tier` is meant to be `auth.tier`. */
function unknown(name: string, range: Range, findings: Findings): undefined {
  const names = ATTRIBUTES.map((known) => known.name);
  const last = name.slice(name.lastIndexOf(".") + 1);
  const alike = names.filter((known) => known.endsWith(`.${last}`));
  const suggestion = nearest(name, names) ?? (alike.length === 1 ? alike[0] : undefined);
  if (suggestion === undefined) {
    // A lone word is most often a string without its quotes.
    const quoted = `"${name}"`;
    const hint = name.includes(".") ? "" : `; a string is written in quotes: \`${quoted}\``;
    return findings.add("SL0506", { name, hint }, range, hint === "" ? undefined : quoted);
  }
  return findings.add("SL0506", { name, hint: `; did you mean \`${suggestion}\`?` }, range, suggestion);
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
