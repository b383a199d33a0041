import { BLOCKS } from "./unicode-blocks.js";

/** First and last code points, ascending and apart from one another. */
export type Ranges = readonly (readonly [number, number])[];

/** Characters of some ranges and of some classes of RE2 (`\p{L}`, `\P{Nd}`), or all but these. */
export interface CharacterSet {
  readonly ranges: Ranges;
  readonly classes: readonly string[];
  readonly negated: boolean;
}

/** The last code point of Unicode. */
const LAST = 0x10ffff;

/** XML 1.0, production 4. */
const NAME_STARTS: Ranges = [
  [0x3a, 0x3a],
  [0x41, 0x5a],
  [0x5f, 0x5f],
  [0x61, 0x7a],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x2ff],
  [0x370, 0x37d],
  [0x37f, 0x1fff],
  [0x200c, 0x200d],
  [0x2070, 0x218f],
  [0x2c00, 0x2fef],
  [0x3001, 0xd7ff],
  [0xf900, 0xfdcf],
  [0xfdf0, 0xfffd],
  [0x10000, 0xeffff],
];

/** And production 4a. */
const NAME_CHARACTERS: Ranges = sorted([
  ...NAME_STARTS,
  [0x2d, 0x2e],
  [0x30, 0x39],
  [0xb7, 0xb7],
  [0x300, 0x36f],
  [0x203f, 0x2040],
]);

const COLON: Ranges = [[0x3a, 0x3a]];
const SPACES: Ranges = [
  [0x9, 0xa],
  [0xd, 0xd],
  [0x20, 0x20],
];
const LINE_BREAKS: Ranges = [
  [0xa, 0xa],
  [0xd, 0xd],
];

/** Classes of RE2 for the characters of names; `nc` without the colon. */
export const NAME_START = re2Of(of(NAME_STARTS));
export const NAME_CHARACTER = re2Of(of(NAME_CHARACTERS));
export const NC_START = re2Of(of(without(NAME_STARTS, COLON)));
export const NC_CHARACTER = re2Of(of(without(NAME_CHARACTERS, COLON)));

/** `.` of XML Schema. */
export const ANY_CHARACTER = negate(of(LINE_BREAKS));

const ESCAPES: ReadonlyMap<string, CharacterSet> = new Map([
  ["s", of(SPACES)],
  ["i", of(NAME_STARTS)],
  ["c", of(NAME_CHARACTERS)],
  ["d", named("\\p{Nd}")],
  // Everything but punctuation, separators and "other", said without a negation. `_` is punctuation; the tools of some services take it.
  ["w", { ranges: [[0x5f, 0x5f]], classes: ["\\p{L}", "\\p{M}", "\\p{N}", "\\p{S}"], negated: false }],
  ["S", of(complement(SPACES))],
  ["I", of(complement(NAME_STARTS))],
  ["C", of(complement(NAME_CHARACTERS))],
  ["D", named("\\P{Nd}")],
  ["W", named("\\p{P}", "\\p{Z}", "\\p{C}")],
]);

/** What a class of one letter stands for, such as `\d`. */
export function escapedSet(letter: string): CharacterSet | undefined {
  return ESCAPES.get(letter);
}

const CATEGORY = /^(?:L[ultmo]?|M[nce]?|N[dlo]?|P[cdseifo]?|Z[slp]?|S[mcko]?|C[cfo]?)$/;

/** What `\p{name}` stands for, or with `inverted` `\P{name}`; undefined if there is no such category or block. */
export function propertySet(name: string, inverted: boolean): CharacterSet | undefined {
  if (CATEGORY.test(name)) return named(`\\${inverted ? "P" : "p"}{${name}}`);
  const key = name.startsWith("Is") ? name.slice(2) : "";
  const block = Object.hasOwn(BLOCKS, key) ? BLOCKS[key] : undefined;
  if (block === undefined) return undefined;
  return of(inverted ? complement([block]) : [block]);
}

export function of(ranges: Ranges): CharacterSet {
  return { ranges, classes: [], negated: false };
}

function named(...classes: string[]): CharacterSet {
  return { ranges: [], classes, negated: false };
}

export function negate(set: CharacterSet): CharacterSet {
  return { ...set, negated: !set.negated };
}

/** What is in any of these sets, none of which is negated. */
export function union(sets: readonly CharacterSet[]): CharacterSet {
  return {
    ranges: sorted(sets.flatMap(({ ranges }) => ranges)),
    classes: [...new Set(sets.flatMap(({ classes }) => classes))],
    negated: false,
  };
}

/** What is in the first set and not in the second, as sets of which any may match. */
export function subtract(from: CharacterSet, set: CharacterSet): CharacterSet[] {
  if (from.classes.length === 0 && set.classes.length === 0) return [of(without(rangesOf(from), rangesOf(set)))];
  if (from.negated && set.negated) return subtract(negate(set), negate(from));
  if (from.negated) return [negate(union([negate(from), set]))];
  // RE2 has no subtraction, but it has negation: a without b is what is neither outside a nor in b.
  return itemsOf(from).flatMap((item) =>
    set.negated
      ? itemsOf(negate(set)).map((other) => negate(union([inverse(item), inverse(other)])))
      : [negate(union([inverse(item), set]))],
  );
}

/** The class in RE2's syntax. */
export function re2Of(set: CharacterSet): string {
  const { ranges, classes, negated } = set;
  if (ranges.length === 0 && classes.length === 0) return negated ? "(?s:.)" : "[^\\x{0}-\\x{10FFFF}]";
  const items = ranges.map(([first, last]) =>
    first === last ? character(first) : `${character(first)}-${character(last)}`,
  );
  return `[${negated ? "^" : ""}${items.join("")}${classes.join("")}]`;
}

const BEYOND_ASCII: Ranges = [[0x80, LAST]];

/** Characters of ASCII in the categories of Unicode that have any. */
const ASCII: Readonly<Record<string, string>> = {
  Lu: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  Ll: "abcdefghijklmnopqrstuvwxyz",
  Nd: "0123456789",
  Pc: "_",
  Pd: "-",
  Ps: "([{",
  Pe: ")]}",
  Po: "!\"#%&'*,./:;?@\\",
  Zs: " ",
  Sm: "+<=>|~",
  Sc: "$",
  Sk: "^`",
  Cc: String.fromCharCode(...Array.from({ length: 32 }, (_, code) => code), 127),
};

/** The set, with every character beyond ASCII if it has classes of Unicode: these have hundreds of ranges. */
export function loosened(set: CharacterSet): CharacterSet {
  if (set.classes.length === 0) return set;
  const named = sorted([...set.ranges, ...set.classes.flatMap(asciiOf)]);
  const inAscii = set.negated ? complement(named) : named;
  return of(sorted([...without(inAscii, BEYOND_ASCII), ...BEYOND_ASCII]));
}

/** What a class of RE2 has in ASCII. */
function asciiOf(name: string): Ranges {
  const category = name.slice(3, -1);
  const letters = Object.entries(ASCII).flatMap(([key, text]) => (key.startsWith(category) ? [...text] : []));
  const ranges = sorted(letters.map((letter) => [letter.charCodeAt(0), letter.charCodeAt(0)] as const));
  return name.startsWith("\\P") ? without(complement(ranges), BEYOND_ASCII) : ranges;
}

/** A character in RE2's syntax, in a class or out of it. */
export function character(code: number): string {
  return /^[A-Za-z0-9]$/.test(String.fromCodePoint(code))
    ? String.fromCodePoint(code)
    : `\\x{${code.toString(16).toUpperCase()}}`;
}

/** The parts of a set whose inverse is a set that is not negated. */
function itemsOf({ ranges, classes }: CharacterSet): CharacterSet[] {
  return [...(ranges.length === 0 ? [] : [of(ranges)]), ...classes.map((name) => named(name))];
}

function inverse({ ranges, classes }: CharacterSet): CharacterSet {
  const [name] = classes;
  if (name === undefined) return of(complement(ranges));
  return named(name.startsWith("\\p") ? `\\P${name.slice(2)}` : `\\p${name.slice(2)}`);
}

function rangesOf({ ranges, negated }: CharacterSet): Ranges {
  return negated ? complement(ranges) : ranges;
}

function complement(ranges: Ranges): Ranges {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [first, last] of ranges) {
    if (first > next) gaps.push([next, first - 1]);
    next = last + 1;
  }
  if (next <= LAST) gaps.push([next, LAST]);
  return gaps;
}

function without(ranges: Ranges, others: Ranges): Ranges {
  return complement(sorted([...complement(ranges), ...others]));
}

function sorted(ranges: Ranges): Ranges {
  const merged: [number, number][] = [];
  for (const [first, last] of ranges.toSorted(([a], [b]) => a - b)) {
    const before = merged.at(-1);
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else merged.push([first, last]);
  }
  return merged;
}
