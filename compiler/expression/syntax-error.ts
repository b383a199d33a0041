import type { ParseError } from "@marcbachmann/cel-js";
import type { Findings } from "./findings.js";

/** Signs and words that people bring from other languages, and what CEL has instead. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["=", "=="],
  ["&", "&&"],
  ["|", "||"],
  ["and", "&&"],
  ["AND", "&&"],
  ["or", "||"],
  ["OR", "||"],
  ["\u2018", "'"],
  ["\u2019", "'"],
  ["\u201c", '"'],
  ["\u201d", '"'],
]);

/** Reports the first syntax error; the parser does not look further. */
export function syntaxError(findings: Findings, error: ParseError): undefined {
  const { text } = findings;
  const end = text.trimEnd().length;
  const { start, end: stop } = error.range ?? { start: 0, end };
  if (start >= end) {
    // The end has no character of its own: the caret stands under the last one that there is.
    const last = { start: Math.max(0, end - 1), end };
    return findings.add("SL0501", { reason: atEnd(error) }, last);
  }
  const range = { start, end: Math.max(stop, start + ((text.codePointAt(start) ?? 0) > 0xffff ? 2 : 1)) };
  const found = findings.slice(range);
  const instead = error.code === "unexpected_character" ? INSTEAD.get(found) : undefined;
  if (instead !== undefined)
    return findings.add("SL0501", { reason: `\`${found}\` is no operator; write \`${instead}\`` }, range, instead);
  return findings.add("SL0501", { reason: reason(error, found) }, range);
}

function atEnd(error: ParseError): string {
  if (error.code !== "expected_token") return "it ends where an operand should follow";
  if (error.summary.includes("RPAREN")) return "a `)` is missing at the end";
  if (error.summary.includes("RBRACKET")) return "a `]` is missing at the end";
  return "it ends too early";
}

function reason(error: ParseError, found: string): string {
  switch (error.code) {
    case "unexpected_character":
    case "unexpected_token":
    case "expected_token":
      return `\`${found}\` cannot stand here`;
    case "reserved_identifier":
      return `\`${found}\` is a reserved word`;
    case "unterminated_string":
    case "unterminated_triple_quoted_string":
      return "the string has no closing quote";
    case "newline_in_string":
      return "a string in single quote marks ends on its line";
    case "invalid_integer":
    case "invalid_hex_integer":
    case "invalid_number":
    case "invalid_exponent":
      return `\`${found}\` is no number`;
    case "invalid_macro_argument":
      return `\`${found}\` cannot be the argument of a macro`;
    default:
      // What remains are escape sequences, of which there are many ways to be wrong.
      return `\`${found}\` is no escape sequence of a string`;
  }
}
