import type { ParseError } from "@marcbachmann/cel-js";
import { changed, type Findings } from "./findings.js";
import { translated } from "./translation.js";

/**
 * Reports the first syntax error; the parser does not look further.
 *
 * @param isExpression whether a text follows the grammar
 */
export function syntaxError(findings: Findings, error: ParseError, isExpression: (text: string) => boolean): undefined {
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
  if (["unexpected_character", "unexpected_token", "expected_token"].includes(error.code)) {
    const changes = translated(text);
    const wrong = changes.findLast((change) => change.range.start <= start);
    // One of them stands where reading stopped, or is a `not` before it. All of them go at once: each hides the next.
    if (wrong !== undefined && /^\s*$/.test(text.slice(wrong.range.end, start))) {
      const isQuote = /[\u2018\u201c]/.test(text.charAt(wrong.range.start));
      const at = isQuote ? { start: wrong.range.start, end: wrong.range.start + 1 } : wrong.range;
      const what = `\`${findings.slice(at).trim()}\` is no ${isQuote ? "quotation mark" : "operator"}`;
      const parameters = { reason: `${what}; write \`${wrong.sign}\`` };
      const correction = { changes, safe: changes.every((change) => change.safe) };
      return findings.add("SL0501", parameters, at, isExpression(changed(text, changes)) ? correction : undefined);
    }
  }
  if (found === "not" && /^\s+in\b/.test(text.slice(range.end)))
    return findings.add("SL0501", { reason: "`not in` is no operator; write `!(a in b)`" }, range);
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
