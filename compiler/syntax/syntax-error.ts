import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { SourceFile, Span } from "./source.js";
import { endOfLine, skipBlank, startOfLine } from "./text.js";

/** Deepest level of mappings and lists; the one that is the whole file is at level 1. */
export const DEPTH_LIMIT = 64;

/** Where the parser stops: later, because it also counts keys and attempts to read them. */
export const PARSER_DEPTH = 2 * DEPTH_LIMIT;

export function tooDeep(source: SourceFile, start: number): Diagnostic {
  return diagnose("SL0006", { limit: DEPTH_LIMIT }, { source, start, end: start + 1 });
}

/**
 * What the parser objects to, said in the words of a policy's author. The parser's own sentence stands for the rest:
 * a mistake that is rare enough to have no better one.
 */
const REASONS: readonly (readonly [parser: RegExp, ours: string])[] = [
  [/^bad indentation of a mapping entry/, "this does not fit here; check the indentation, or put the text in quotes"],
  [/^bad indentation of a sequence entry/, "this item of a list is not indented like the items before it"],
  [
    /^deficient indentation/,
    "this line is not indented far enough for the quotes or brackets that are still open above it",
  ],
  [
    /^missed comma between flow collection entries/,
    "a `,` or a closing bracket is missing before this; a text with brackets or commas in it needs quotes here",
  ],
  [/^expected the node content, but found ','/, "there is no value before this `,`"],
  [/end of the stream within a flow collection/, "a `[` or `{` is never closed"],
  [/within a double quoted scalar/, 'a text that starts with `"` is never closed'],
  [/within a single quoted scalar/, "a text that starts with `'` is never closed"],
  [
    /^unknown escape sequence/,
    "there is no such escape in a text in double quotes; write `\\\\` for a backslash, or use single quotes",
  ],
  [/^expected hexadecimal character/, "`\\x` wants two hexadecimal digits after it, `\\u` four and `\\U` eight"],
  [
    /multiline key may not be an implicit key/,
    "the key before this goes over more than one line; a `:` is missing above",
  ],
  [/^expected ':' after a mapping key/, "a `:` is expected after this key"],
  [/^a whitespace character is expected after the key-value separator/, "a space is missing after this `:`"],
  [
    /^end of the stream or a document separator is expected/,
    "this does not belong to anything above it; check the indentation",
  ],
  [
    /^(?:a line break is expected|repeat of |bad explicit indentation)/,
    "after `|` or `>` only a line break, `+`, `-` or a digit can follow",
  ],
  [/^directives end mark is expected/, "a line `---` is missing after the lines that start with `%`"],
];

/** @param reason of the parser */
function reasonFor(reason: string, isAtEnd: boolean): string {
  if (isAtEnd && reason.startsWith("deficient indentation")) return "quotes or brackets are opened and never closed";
  return REASONS.find(([parser]) => parser.test(reason))?.[1] ?? reason;
}

/** Whether a tab in the indentation of the line can be what the parser stumbled over. */
function isAboutIndentation(reason: string): boolean {
  return /tab characters|indentation|document separator is expected|multiline key/.test(reason);
}

/**
 * What made the parser stop.
 *
 * @param reason its own words
 * @param offset where it stood
 */
export function syntaxError(source: SourceFile, reason: string, offset: number): Diagnostic {
  const { text } = source;
  if (reason.startsWith("nesting exceeded")) return tooDeep(source, offset);
  const lineStart = startOfLine(text, offset);
  const indentation = /^[ \t]*(?:[-?:][ \t]+)*/.exec(text.slice(lineStart, endOfLine(text, offset)))?.[0] ?? "";
  const tab = indentation.indexOf("\t");
  if (tab >= 0 && isAboutIndentation(reason))
    return diagnose("SL0002", {}, { source, start: lineStart + tab, end: lineStart + tab + 1 });
  return diagnose(
    "SL0001",
    { reason: reasonFor(reason, skipBlank(text, offset) >= text.length) },
    visible(source, offset),
  );
}

/** The character at an offset; where there is only white space, the end of the text before it. */
function visible(source: SourceFile, offset: number): Span {
  const character = source.text.codePointAt(offset);
  if (character !== undefined && !/\s/.test(String.fromCodePoint(character)))
    return { source, start: offset, end: offset + (character > 0xffff ? 2 : 1) };
  let start = offset;
  while (start > 0 && /\s/.test(source.text[start - 1] ?? "")) start--;
  return { source, start, end: start };
}
