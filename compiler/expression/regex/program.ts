import { RE2JS, RE2JSException } from "@bufbuild/re2";
import { type Runes, Utf8Nodes } from "./utf8.js";

/** One instruction of a nondeterministic program that reads bytes. Numbers are those of instructions. */
export type Instruction =
  | { readonly op: "fail" }
  | { readonly op: "found" }
  | { readonly op: "either"; readonly one: number; readonly other: number }
  | { readonly op: "assert"; readonly conditions: number; readonly next: number }
  | { readonly op: "read"; readonly node: number; readonly next: number };

export interface Program {
  readonly start: number;
  readonly instructions: readonly Instruction[];
  /** Nodes that the `read` instructions name. */
  readonly nodes: Utf8Nodes;
  /** Every condition that an `assert` names. */
  readonly conditions: number;
}

/** What can be asked of a place between two characters: the bits that @bufbuild/re2 uses. */
export const LINE_BEGINS = 1;
export const LINE_ENDS = 2;
export const TEXT_BEGINS = 4;
export const TEXT_ENDS = 8;
export const WORD_BOUNDARY = 16;
export const NO_WORD_BOUNDARY = 32;

/** Instructions of a program that can have few enough states. */
const MOST_INSTRUCTIONS = 5_000;
/** What a class like `\pL` counts for, which has hundreds of ranges. */
const UNICODE_CLASS = 25;

/** The program of a regular expression in RE2's syntax, or why there is none. */
export function compileProgram(pattern: string): Program | { readonly reason: string; readonly tooLarge: boolean } {
  if (estimate(pattern) > MOST_INSTRUCTIONS) return { reason: "it repeats too much", tooLarge: true };
  try {
    return programOf(RE2JS.compile(pattern));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    return { reason: error.message.replace(/^error parsing regexp: /, ""), tooLarge: false };
  }
}

function programOf({ re2Input: { prog } }: RE2JS): Program {
  const nodes = new Utf8Nodes();
  const known = new Map<string, number>();
  const read = (runes: readonly number[], folded: boolean): number => {
    const key = `${folded} ${runes.join()}`;
    const node = known.get(key) ?? nodes.add(folded ? variants(runes) : rangesOf(runes));
    known.set(key, node);
    return node;
  };
  const instructions = prog.inst.map(({ op, out, arg, runes }): Instruction => {
    // The numbers of @bufbuild/re2, Inst.
    switch (op) {
      case 1:
      case 2:
        return { op: "either", one: out, other: arg };
      case 3:
      case 7:
        return { op: "either", one: out, other: out };
      case 4:
        return { op: "assert", conditions: arg, next: out };
      case 5:
        return { op: "fail" };
      case 6:
        return { op: "found" };
      default:
        return { op: "read", node: read(runes, runes.length === 1 && (arg & 1) !== 0), next: out };
    }
  });
  const conditions = instructions.reduce((all, one) => all | (one.op === "assert" ? one.conditions : 0), 0);
  return { start: prog.start, instructions, nodes, conditions };
}

/** @param runes first and last of each range; a single one stands for itself */
function rangesOf(runes: readonly number[]): Runes[] {
  return runes.flatMap((first, index): Runes[] => (index % 2 === 0 ? [[first, runes[index + 1] ?? first]] : []));
}

/** A character and those that differ from it in case only. */
function variants(runes: readonly number[]): Runes[] {
  // As a class, the library lists them; the other member keeps it from being taken for a literal again.
  const other = 0;
  const { prog } = RE2JS.compile(`(?i)[\\x{${(runes[0] ?? other).toString(16)}}\\x{${other}}]`).re2Input;
  const all = prog.inst.find((instruction) => instruction.runes.length > 1)?.runes ?? [];
  return rangesOf(all).filter(([first]) => first !== other);
}

/**
 * About how many instructions a pattern will have, erring upwards, so that one that repeats repetitions is refused
 * before it is written out. What is no pattern at all is left to the library to refuse.
 */
function estimate(pattern: string): number {
  const outer: { cost: number; last: number }[] = [];
  let cost = 0;
  let last = 0;
  for (const [token, , most] of pattern.matchAll(TOKENS)) {
    if (token === "(") {
      outer.push({ cost, last });
      cost = 0;
      last = 0;
    } else if (token === ")") {
      const before = outer.pop();
      last = cost + 2;
      cost = (before?.cost ?? 0) + last;
    } else if (token.startsWith("{") && most !== undefined) {
      const repeated = last * Math.max(1, Number(most.split(",").at(-1) || most.split(",")[0]));
      cost += repeated - last;
      last = repeated;
    } else if (/^[*+?]$/.test(token)) cost += 1;
    else {
      last = /\\[pP]/.test(token) ? UNICODE_CLASS : 1;
      cost += last;
    }
  }
  return outer.reduce((sum, { cost: before }) => sum + before, cost);
}

/** An escape, a class, a counted repetition (its numbers in the second group), or any character. */
const TOKENS = /(\\[pPx]\{[^}]*\}|\\[pP].|\\.|\[\^?\]?(?:\\.|[^\]\\])*\])|\{(\d+(?:,\d*)?)\}|./gsu;
