import { RE2JS } from "@bufbuild/re2";

/** Operations of RE2's virtual machine, which the package does not export by name. */
const OP = {
  ALT: 1,
  ALT_MATCH: 2,
  CAPTURE: 3,
  EMPTY_WIDTH: 4,
  FAIL: 5,
  MATCH: 6,
  NOP: 7,
  RUNE_ANY: 10,
  RUNE_ANY_NOT_NL: 11,
} as const;

/** Conditions of an EMPTY_WIDTH. */
const AT = { BEGIN_LINE: 1, END_LINE: 2, BEGIN_TEXT: 4, END_TEXT: 8, WORD_BOUNDARY: 16, NO_WORD_BOUNDARY: 32 } as const;

/** What groups of an expression take, the whole first; undefined for a group that takes no part. */
export type Groups = readonly (string | undefined)[];

/**
 * An expression that tells what its groups take, as RE2 does: of all ways to match, the one that prefers the left. The
 * package only says whether there is one. Text and expression are byte texts.
 */
export class GroupedExpression {
  private readonly program: RE2JS["re2Input"]["prog"];

  constructor(regex: string) {
    this.program = RE2JS.compile(regex).re2Input.prog;
  }

  /** @returns undefined if the expression does not match the whole text */
  match(text: string): Groups | undefined {
    const places = this.run(text);
    if (places === undefined) return undefined;
    return Array.from({ length: this.program.numCap / 2 }, (_, group) => {
      const [start, end] = [places[2 * group], places[2 * group + 1]];
      return start === undefined || end === undefined ? undefined : text.slice(start, end);
    });
  }

  /** Tries in order of preference, and no instruction twice at one place, so that it ends in time of text times program. */
  private run(text: string): (number | undefined)[] | undefined {
    const { program } = this;
    const seen = new Set<number>();
    const left: { at: number; place: number; places: (number | undefined)[] }[] = [
      { at: program.start, place: 0, places: [] },
    ];
    for (let state = left.pop(); state !== undefined; state = left.pop()) {
      const { at, place, places } = state;
      const key = place * program.inst.length + at;
      const instruction = program.inst[at];
      if (instruction === undefined || seen.has(key)) continue;
      seen.add(key);
      const { op, out, arg } = instruction;
      const go = (next: number, to = place, found = places) => left.push({ at: next, place: to, places: found });
      if (op === OP.MATCH) {
        if (place === text.length) return [0, place, ...places.slice(2)];
      } else if (op === OP.ALT || op === OP.ALT_MATCH) {
        go(arg);
        go(out);
      } else if (op === OP.CAPTURE) {
        const found = [...places];
        found[arg] = place;
        go(out, place, found);
      } else if (op === OP.EMPTY_WIDTH) {
        if ((arg & ~conditionsAt(text, place)) === 0) go(out);
      } else if (op === OP.NOP) go(out);
      else if (op !== OP.FAIL && place < text.length && takes(instruction, text.charCodeAt(place))) go(out, place + 1);
    }
    return undefined;
  }
}

function takes(instruction: RE2JS["re2Input"]["prog"]["inst"][number], code: number): boolean {
  if (instruction.op === OP.RUNE_ANY) return true;
  return instruction.op === OP.RUNE_ANY_NOT_NL ? code !== 0x0a : instruction.matchRune(code);
}

function conditionsAt(text: string, place: number): number {
  const [before, after] = [text.charAt(place - 1), text.charAt(place)];
  const isWord = (character: string) => /^[A-Za-z0-9_]$/.test(character);
  return (
    (place === 0 ? AT.BEGIN_TEXT | AT.BEGIN_LINE : 0) |
    (before === "\n" ? AT.BEGIN_LINE : 0) |
    (place === text.length ? AT.END_TEXT | AT.END_LINE : 0) |
    (after === "\n" ? AT.END_LINE : 0) |
    (isWord(before) === isWord(after) ? AT.NO_WORD_BOUNDARY : AT.WORD_BOUNDARY)
  );
}
