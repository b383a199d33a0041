/** Columns that a tab advances to a multiple of. */
const TAB_WIDTH = 4;

/** One or more characters of a line as a terminal shows them. */
export interface Cell {
  readonly text: string;
  /** Columns on the terminal. */
  readonly width: number;
  /** Place and length in the line, in UTF-16 code units. */
  readonly index: number;
  readonly length: number;
}

/**
 * Controls, invisible formatting (such as the overrides of the writing direction), line separators, half surrogates, and
 * code points without a character, some of which XML cannot hold.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Cn}]/u;

/** The joiners of scripts and emoji change what is beside them and nothing else. */
const JOINERS = new Set(["\u200c", "\u200d"]);

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** A text in which every character can be seen, and none moves the cursor or colours the terminal. */
export function visible(text: string): string {
  let shown = "";
  for (const character of text) shown += isInvisible(character) ? escaped(character) : character;
  return shown;
}

/** A JSON document in which every character can be seen: the same values, invisible characters escaped (RFC 8259, 7). */
export function visibleJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(/[^\n\P{C}]|[\p{Zl}\p{Zp}]/gu, (character) =>
    JOINERS.has(character) ? character : escapedUnits(character),
  );
}

function escapedUnits(character: string): string {
  return [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`)
    .join("");
}

function isInvisible(character: string): boolean {
  return INVISIBLE.test(character) && !JOINERS.has(character);
}

function escaped(character: string): string {
  return NAMED[character] ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Characters that are each a unit by itself, one column wide. */
const PLAIN = /^[\x20-\x7e]*$/;

/** Splits a line into what the terminal shows as units, with tabs as spaces. */
export function cells(line: string): Cell[] {
  // Most lines are plain, and to look for units takes a hundred times as long.
  if (PLAIN.test(line)) return Array.from(line, (text, index) => ({ text, width: 1, index, length: 1 }));
  const result: Cell[] = [];
  let column = 0;
  for (const { segment, index } of new Intl.Segmenter("en", { granularity: "grapheme" }).segment(line)) {
    const text = segment === "\t" ? " ".repeat(TAB_WIDTH - (column % TAB_WIDTH)) : visible(segment);
    const width = text === segment ? widthOf(segment) : text.length;
    result.push({ text, width, index, length: segment.length });
    column += width;
  }
  return result;
}

/** Ranges of East Asian Width W and F (Unicode Standard Annex 11), joined where only unassigned ones lie between. */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97c],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x20000, 0x3fffd],
];

function widthOf(grapheme: string): number {
  if (/\p{Emoji_Presentation}|\ufe0f/u.test(grapheme)) return 2;
  const code = grapheme.codePointAt(0) ?? 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}
