import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "./source.js";

/** Largest file that is read, in bytes of UTF-8. */
export const FILE_LIMIT = 4 * 1024 * 1024;

/** Most separators of one file, and of all files of a gateway together. */
export const SEPARATOR_LIMIT = 600_000;

/** What keeps a text from being parsed at all: its size, and characters that no text file has. */
export function checkText(source: SourceFile): Findings {
  const found = new Findings();
  const start = { source, start: 0, end: 0 };
  const size = Buffer.byteLength(source.text);
  const count = separatorsIn(source.text);
  if (size > FILE_LIMIT) found.add(diagnose("SL0005", { size, limit: FILE_LIMIT }, start));
  else if (count > SEPARATOR_LIMIT) found.add(diagnose("SL0026", { count, limit: SEPARATOR_LIMIT }, start));
  else checkCharacters(source, found);
  return found;
}

/**
 * Line breaks, commas, colons and opening brackets. A value takes a hundred times the memory of its text, and there are
 * no more values than about two for each of these: this bounds them before they are made.
 */
export function separatorsIn(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x0d || code === 0x2c || code === 0x3a || code === 0x5b || code === 0x7b) count++;
  }
  return count;
}

/** Findings about a text, of which only the first are ever shown: those beyond them are counted. */
export class Findings {
  readonly first: Diagnostic[] = [];
  count = 0;

  add(finding: Diagnostic): void {
    this.count++;
    if (this.first.length < KEPT) this.first.push(finding);
  }
}

const KEPT = 1_000;

/** One finding for each run of bad characters. */
function checkCharacters(source: SourceFile, found: Findings): void {
  const { text } = source;
  for (let start = 0; start < text.length; start++) {
    if (!isForbidden(text, start)) continue;
    let end = start + 1;
    while (end < text.length && isForbidden(text, end)) end++;
    found.add(diagnose("SL0014", { character: nameOf(text.charCodeAt(start)) }, { source, start, end }));
    start = end;
  }
}

/** Lines `%…` before the document; the parser gives them no place. `%YAML 1.2` says what holds anyway. */
export function checkDirectives(source: SourceFile): Diagnostic[] {
  const { text } = source;
  const found: Diagnostic[] = [];
  for (let at = skipBlank(text, 0); text[at] === "%"; at = skipBlank(text, endOfLine(text, at))) {
    const line = text
      .slice(at, endOfLine(text, at))
      .split(/[ \t]#/, 1)
      .join("")
      .trimEnd();
    const isKnown = /^%YAML[ \t]+1\.2$/.test(line);
    if (!isKnown)
      found.push(diagnose("SL0017", { directive: shown(line) }, { source, start: at, end: at + line.length }));
  }
  return found;
}

/** Index of the first character of a value that no text may have; -1 if there is none. */
export function forbiddenIn(text: string): number {
  for (let index = 0; index < text.length; index++) if (isForbidden(text, index)) return index;
  return -1;
}

/** As `U+0007`. */
export function nameOf(code: number): string {
  return `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

/** C0 and C1 controls other than tab and line breaks, DEL, noncharacters at the end of the plane, half surrogates. */
function isForbidden(text: string, index: number): boolean {
  const code = text.charCodeAt(index);
  if (code < 0x20) return code !== 0x09 && code !== 0x0a && code !== 0x0d;
  if (code < 0x7f) return false;
  // A byte order mark is one at the start only; elsewhere it is an invisible character that parsers place differently.
  if (code === 0xfeff) return index > 0;
  if (code <= 0x9f || code >= 0xfffe) return true;
  if (code < 0xd800 || code > 0xdfff) return false;
  if (code >= 0xdc00) return !isBetween(text.charCodeAt(index - 1), 0xd800, 0xdbff);
  return !isBetween(text.charCodeAt(index + 1), 0xdc00, 0xdfff);
}

function isBetween(code: number, low: number, high: number): boolean {
  return code >= low && code <= high;
}

/** Offset of the first character at or after `from` that is neither white space nor in a comment. */
export function skipBlank(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 32 || code === 9 || code === 10 || code === 13 || code === 0xfeff) at++;
    else if (code === 35 && (at === 0 || /[ \t\r\n\uFEFF]/.test(text[at - 1] ?? ""))) at = endOfLine(text, at);
    else return at;
  }
}

/** Offset of the line break that ends the line of an offset, or of the end of the text. */
export function endOfLine(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== "\n" && text[at] !== "\r") at++;
  return at;
}

/** Offset of the first character of the line of an offset. */
export function startOfLine(text: string, from: number): number {
  let at = from;
  while (at > 0 && text[at - 1] !== "\n" && text[at - 1] !== "\r") at--;
  return at;
}

/** End of a stretch of text without the white space at its end; `start` if there is nothing else. */
export function trimmedEnd(text: string, start: number, end: number): number {
  let at = end;
  while (at > start && /[ \t\r\n]/.test(text[at - 1] ?? "")) at--;
  return at;
}

const SHOWN_LIMIT = 60;

/** A text of the file, short enough for a sentence. */
export function shown(text: string): string {
  return text.length <= SHOWN_LIMIT ? text : `${text.slice(0, SHOWN_LIMIT)}…`;
}
