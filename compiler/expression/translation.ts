import type { Change } from "./findings.js";
import { isCurly, type Token, tokensOf } from "./tokens.js";

/** A sign or word of another language, and what CEL has instead. */
export interface Translation extends Change {
  /** What to write, in a sentence. */
  readonly sign: string;
  readonly safe: boolean;
}

const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["=", "=="],
  ["===", "=="],
  ["!==", "!="],
  ["<>", "!="],
  ["&", "&&"],
  ["|", "||"],
  ["and", "&&"],
  ["AND", "&&"],
  ["or", "||"],
  ["OR", "||"],
]);

/** Every sign and word that people bring from other languages, in order; strings and fields of that name are none. */
export function translated(text: string): Translation[] {
  const tokens = tokensOf(text);
  const found = tokens.flatMap((token, index): Translation[] => {
    const range = { start: token.start, end: token.end };
    if (isCurly(token)) return straight(token);
    const before = tokens[index - 1]?.text;
    if (token.kind === "string" || before === ".") return [];
    if (/^(?:not|NOT)$/.test(token.text)) return negation(text, tokens, index);
    const sign = INSTEAD.get(token.text);
    return sign === undefined ? [] : [{ range, text: sign, sign, safe: true }];
  });
  return found.toSorted((a, b) => a.range.start - b.range.start);
}

/** A string in straight quotes; none where what is in it would end or escape there. */
function straight({ text, start, end }: Token): Translation[] {
  const quote = text.startsWith("\u201c") ? '"' : "'";
  if (/["'\\\r\n]/.test(text)) return [];
  return [{ range: { start, end }, text: quote + text.slice(1, -1) + quote, sign: quote, safe: true }];
}

/** `not a == b` is `!(a == b)` in the languages that have it, while `!a == b` is `(!a) == b`. */
function negation(text: string, tokens: readonly Token[], index: number): Translation[] {
  const word = tokens[index];
  const first = tokens[index + 1];
  if (word === undefined || first === undefined || first.text === "in") return [];
  const range = { start: word.start, end: first.start };
  const end = endOfOperand(tokens, index + 1);
  const operand = tokens.slice(index + 1, end);
  if (!operand.some(({ text: sign }) => COMPARISON.test(sign)) || isEnclosed(operand))
    return [{ range, text: "!", sign: "!", safe: true }];
  const last = operand.at(-1);
  if (last === undefined || /[\r\n]/.test(text.slice(first.start, last.end))) return [];
  return [
    { range, text: "!(", sign: "!", safe: true },
    { range: { start: last.end, end: last.end }, text: ")", sign: "!", safe: true },
  ];
}

const COMPARISON = /^(?:[=!]==?|[<>]=?|<>|=|in)$/;
const END = /^(?:&&?|\|\|?|and|or|AND|OR|\?|:|,)$/;

/** The index behind what a `not` denies: up to the next `and` or `or`, or the bracket around it. */
function endOfOperand(tokens: readonly Token[], from: number): number {
  let depth = 0;
  for (let index = from; index < tokens.length; index++) {
    const { kind, text } = tokens[index] ?? { kind: "sign", text: "" };
    if (kind === "string") continue;
    if (depth === 0 && (END.test(text) || /^[)\]}]$/.test(text))) return index;
    if (/^[([{]$/.test(text)) depth++;
    if (/^[)\]}]$/.test(text)) depth--;
  }
  return tokens.length;
}

/** One pair of parentheses around all of it. */
function isEnclosed(tokens: readonly Token[]): boolean {
  if (tokens[0]?.text !== "(") return false;
  let depth = 0;
  const closing = tokens.findIndex(({ kind, text }) => {
    if (kind === "string") return false;
    if (/^[([{]$/.test(text)) depth++;
    if (/^[)\]}]$/.test(text)) depth--;
    return depth === 0;
  });
  return closing === tokens.length - 1;
}
