import type { ScalarNode } from "./node.js";

/** What a plain scalar means in YAML 1.2, and what may surprise its author. */
export interface Plain {
  readonly value: string | number | boolean | null;
  readonly concern?: Concern;
}

/** `inexact`: a double cannot hold the number as written. `ambiguous`: readers of YAML disagree about it. */
export interface Concern {
  readonly kind: "inexact" | "ambiguous";
  readonly reason: string;
  /** The same number as everybody reads it. */
  readonly instead?: string;
}

const INTEGER = /^[-+]?[0-9]+$/;
const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
const OTHER_BASE = /^[-+]?0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)$/;
const NOT_FINITE = /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const GROUPED = /^[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?$/;

/** A decimal number of so many digits comes back unchanged from a double (DBL_DIG of IEEE 754 binary64). */
const EXACT_DIGITS = 15;

/** Longer numbers are refused unseen; every double can be written in less. */
const NUMBER_LENGTH = 64;

/** The core schema of YAML 1.2.2, section 10.3.2. */
export function resolvePlain(text: string): Plain {
  switch (text) {
    case "":
    case "~":
    case "null":
    case "Null":
    case "NULL":
      return { value: null };
    case "true":
    case "True":
    case "TRUE":
      return { value: true };
    case "false":
    case "False":
    case "FALSE":
      return { value: false };
    default:
      return /^[-+.0-9]/.test(text) ? resolveNumber(text) : { value: text };
  }
}

function resolveNumber(text: string): Plain {
  if (NOT_FINITE.test(text)) return ambiguous(text, "it is a number in YAML, and JSON has none like it");
  if (OTHER_BASE.test(text)) return ambiguous(text, "some readers take it for a text", decimal(text));
  if (text.includes("_") && GROUPED.test(text))
    return ambiguous(text, "YAML 1.1 reads a number here, YAML 1.2 a text", text.replaceAll("_", ""));
  if (INTEGER.test(text)) return resolveInteger(text);
  return FLOAT.test(text) ? resolveFloat(text) : { value: text };
}

function resolveInteger(text: string): Plain {
  if (/^[-+]?0[0-9]/.test(text))
    return ambiguous(text, "with a zero in front YAML 1.1 reads an octal number, YAML 1.2 a decimal one");
  const value = Number(text);
  if (Number.isSafeInteger(value)) return { value: value + 0 };
  return inexact(text, "a whole number has to lie between -9007199254740991 and 9007199254740991");
}

function resolveFloat(text: string): Plain {
  if (text.length > NUMBER_LENGTH) return inexact(text, `it has more than ${NUMBER_LENGTH} characters`);
  const value = Number(text);
  const digits = (text.toLowerCase().split("e")[0] ?? "").replace(/[-+.]/g, "").replace(/^0+/, "");
  if (!Number.isFinite(value)) return inexact(text, "it is too large");
  if (value === 0 && digits !== "") return inexact(text, "it is too small");
  if (Number.isInteger(value) && !Number.isSafeInteger(value))
    return inexact(text, "a whole number has to lie between -9007199254740991 and 9007199254740991");
  if (digits.replace(/0+$/, "").length > EXACT_DIGITS)
    return inexact(text, `it has more than ${EXACT_DIGITS} significant digits`);
  return { value: value + 0 };
}

function ambiguous(value: string, reason: string, instead?: string): Plain {
  const concern = { kind: "ambiguous", reason } as const;
  return { value, concern: instead === undefined ? concern : { ...concern, instead } };
}

function inexact(value: string, reason: string): Plain {
  return { value, concern: { kind: "inexact", reason } };
}

function decimal(text: string): string | undefined {
  const negative = text.startsWith("-");
  const value = Number(text.replace(/^[-+]/, ""));
  return Number.isSafeInteger(value) ? String(negative ? -value : value) : undefined;
}

/**
 * Where a character of a scalar's value stands in the file: exact for every character that is not white space
 * (an escape gives its backslash); white space that a line break was folded into is near its place.
 *
 * @param index into the value as text, in UTF-16 code units; past the end gives the end of the text in the file
 */
export function offsetInScalar(node: ScalarNode, index: number): number {
  return offsetsInScalar(node)(index);
}

/** The same for many characters of one scalar, which is read once for all of them. */
export function offsetsInScalar(node: ScalarNode): (index: number) => number {
  const decoder = decoderOf(node);
  const offsets: number[] = [];
  let at = decoder.start;
  while (at < decoder.end) {
    const piece = isBlank(decoder.text, at) ? decoder.blank(at, offsets.length) : decoder.character(at);
    for (let unit = 0; unit < piece.units; unit++) offsets.push(piece.offset(unit));
    at += piece.length;
  }
  return (index) => offsets[Math.max(index, 0)] ?? decoder.end;
}

/** A stretch of the source, how many units of the value it stands for, and the place of each. */
interface Piece {
  readonly length: number;
  readonly units: number;
  offset(unit: number): number;
}

interface Decoder {
  readonly text: string;
  readonly start: number;
  readonly end: number;
  /** @param at at a character that is not white space */
  character(at: number): Piece;
  /** @param at at white space  @param produced how much of the value comes before it */
  blank(at: number, produced: number): Piece;
}

function decoderOf(node: ScalarNode): Decoder {
  const { source, start, end } = node.span;
  const text = source.text.slice(0, end);
  const single = (at: number): Piece => piece(at, 1, 1);
  const flow = { text, start, end, character: single, blank: (at: number) => foldedBlank(text, at, end) };
  switch (node.style) {
    case "plain":
      return flow;
    case "quoted": {
      const inner = { ...flow, start: start + 1, end: end - 1, blank: (at: number) => foldedBlank(text, at, end - 1) };
      const doubled = (at: number): Piece => (text[at] === "'" ? piece(at, 2, 1) : single(at));
      const backslashed = (at: number): Piece => (text[at] === "\\" ? escaped(text, at, end - 1) : single(at));
      return { ...inner, character: text[start] === "'" ? doubled : backslashed };
    }
    case "block": {
      const header = /\r\n?|\n/g;
      header.lastIndex = start;
      const first = header.exec(text) === null ? end : header.lastIndex;
      return { ...flow, start: first, blank: (at, produced) => blockBlank(text, at, String(node.value), produced) };
    }
  }
}

function piece(at: number, length: number, units: number): Piece {
  return { length, units, offset: (unit) => at + (length === units ? unit : 0) };
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === 32 || code === 9 || code === 10 || code === 13;
}

function blankLength(text: string, at: number, end: number): number {
  let stop = at;
  while (stop < end && isBlank(text, stop)) stop++;
  return stop - at;
}

function lineBreaks(text: string): number {
  return (text.match(/\r\n?|\n/g) ?? []).length;
}

/** Line folding of flow scalars (YAML 1.2.2, section 6.5): one line break is a space, n are n - 1 line breaks. */
function foldedBlank(text: string, at: number, end: number): Piece {
  const length = blankLength(text, at, end);
  const breaks = lineBreaks(text.slice(at, at + length));
  if (breaks === 0) return piece(at, length, length);
  return { length, units: Math.max(breaks - 1, 1), offset: (unit) => at + unit };
}

/** In a block the value shows how much of the white space is left: line breaks first, then what exceeds the indent. */
function blockBlank(text: string, at: number, value: string, produced: number): Piece {
  const length = blankLength(text, at, text.length);
  const units = blankLength(value, produced, value.length);
  const lines = lineBreaks(value.slice(produced, produced + units));
  return {
    length,
    units,
    offset: (unit) => (unit < lines ? at + Math.min(unit, length) : at + length - (units - unit)),
  };
}

const HEX_DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/** An escape of a double-quoted scalar (YAML 1.2.2, section 5.7); one before a line break joins the lines. */
function escaped(text: string, at: number, end: number): Piece {
  if (text[at + 1] === "\n" || text[at + 1] === "\r") return piece(at, 1 + blankLength(text, at + 1, end), 0);
  const digits = HEX_DIGITS[text[at + 1] ?? ""] ?? 0;
  const units = digits === 8 && Number.parseInt(text.slice(at + 2, at + 10), 16) > 0xffff ? 2 : 1;
  return { length: 2 + digits, units, offset: () => at };
}
