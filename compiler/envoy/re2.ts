import { RE2JS } from "@bufbuild/re2";

/** The runtime key of the largest program, in RE2 instructions, that Envoy takes. */
export const programSizeKey = "re2.max_program_size.error_level";

/**
 * Largest program of a regular expression, in RE2 instructions. Envoy's own default of 100 refuses longer paths; a
 * match takes time in proportion to program times text, which this keeps in the microseconds.
 */
export const MAX_REGEX_PROGRAM = 1_000;

export type Re2 = { ok: true; size: number; groups: number } | { ok: false; error: string };

/**
 * Compiles a regular expression as Envoy's RE2 does. The size is in RE2 instructions and errs upwards: RE2 merges
 * alternatives, and drops a literal after `^`, which is not done here.
 */
export function compileRe2(pattern: string): Re2 {
  // Envoy compiles for bytes: a code point above 0xff cannot be named, and a letter like é counts for its two bytes.
  const escapes = [...pattern.matchAll(/\\(?:\\|x\{([0-9A-Fa-f]+)\})/g)];
  const wide = escapes.find(([, digits]) => Number.parseInt(digits ?? "0", 16) > 0xff);
  if (wide !== undefined) return { ok: false, error: `${wide[0]} is above the range of a byte` };
  try {
    const compiled = RE2JS.compile(Buffer.from(pattern).toString("latin1"));
    return { ok: true, size: programSize(compiled), groups: compiled.groupCount() };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}

/** An instruction of ours takes a class of characters, one of RE2 a range of bytes; two more find the start of a match. */
function programSize({ re2Input }: RE2JS): number {
  return re2Input.prog.inst.reduce((size, { runes }) => size + Math.max(1, byteRanges(runes)), 2);
}

/**
 * A range of capitals whose small letters are in the class too costs RE2 nothing.
 * @param runes first and last of each range; a single one stands for itself
 */
function byteRanges(runes: number[]): number {
  const ranges = runes.flatMap((first, index) => (index % 2 === 0 ? [{ first, last: runes[index + 1] ?? first }] : []));
  const covers = (first: number, last: number) => ranges.some((range) => range.first <= first && last <= range.last);
  const isFolded = (first: number, last: number) => first >= 0x41 && last <= 0x5a && covers(first + 0x20, last + 0x20);
  return ranges.filter(({ first, last }) => first <= 0xff && !isFolded(first, last)).length;
}
