import type { Effort } from "./effort.js";
import {
  LINE_BEGINS,
  LINE_ENDS,
  NO_WORD_BOUNDARY,
  type Program,
  TEXT_BEGINS,
  TEXT_ENDS,
  WORD_BOUNDARY,
} from "./program.js";
import { COMPLETE } from "./utf8.js";

/** Every state with its successors, before equal ones become one. */
export interface States {
  readonly count: number;
  readonly classes: number;
  readonly start: number;
  readonly classOf: Uint8Array;
  /** A row for each state, an entry for each class of bytes. */
  readonly next: Int32Array;
  /** Whether the text may end in a state. */
  readonly final: readonly boolean[];
}

/** Bounds of the work, whatever the pattern: states times classes, and threads that are visited. */
const MOST_ENTRIES = 100_000;
const MOST_STEPS = 600_000;
/** Threads are numbered in a character each, to be the key of a set. */
const MOST_THREADS = 0xffff;

/** What stands before a place, as far as conditions ask for it. */
type Before = "start" | "newline" | "word" | "other";

/** A set of threads, each an instruction or the middle of a character, and what was read last. */
interface Subset {
  readonly threads: readonly number[];
  readonly before: Before;
}

/**
 * The subset construction. Every place of the text may be where a match begins, so each state holds a thread that is
 * still at the start; and one match is enough, so all states after it are the state 0.
 *
 * @param effort takes the steps that are made
 * @returns undefined if it takes too many states
 */
export function determinise(program: Program, effort: Effort): States | undefined {
  const { classOf, representatives } = byteClasses(program);
  const classes = representatives.length;
  const construction = new Construction(program, classOf, representatives);
  const start = construction.state([program.start], "start");
  const rows: number[] = [];
  const final: boolean[] = [];
  for (let state = 0; state < construction.count; state++) {
    if (rows.length + classes > MOST_ENTRIES || construction.isExhausted) break;
    for (const successor of construction.successors(state)) rows.push(successor);
    final.push(construction.mayEnd(state));
  }
  // Minimising costs about as much for each entry as a few steps here.
  effort.left -= construction.steps + 4 * rows.length;
  if (final.length < construction.count) return undefined;
  return { count: construction.count, classes, start, classOf, next: Int32Array.from(rows), final };
}

class Construction {
  readonly #program: Program;
  readonly #classOf: Uint8Array;
  readonly #representatives: readonly number[];
  /** Undefined for the state in which a match was found. */
  readonly #subsets: (Subset | undefined)[] = [undefined];
  readonly #known = new Map<string, number>();
  /** The states in which all threads are still at the start. */
  readonly #starts = new Map<Before, number>();
  /** Threads in the middle of a character, numbered from the number of instructions on. */
  readonly #middles: { readonly node: number; readonly next: number }[] = [];
  readonly #middleNumbers = new Map<number, number>();
  /** The visit at which each thread was seen last. */
  readonly #seen: number[] = [];
  #visit = 0;
  steps = 0;

  constructor(program: Program, classOf: Uint8Array, representatives: readonly number[]) {
    this.#program = program;
    this.#classOf = classOf;
    this.#representatives = representatives;
  }

  get count(): number {
    return this.#subsets.length;
  }

  get isExhausted(): boolean {
    return this.steps > MOST_STEPS || this.#middles.length + this.#program.instructions.length > MOST_THREADS;
  }

  /** The state of some threads; 0 if a match is among them. */
  state(from: readonly number[], before: Before): number {
    const threads = this.#follow(from, 0);
    if (threads === undefined) return 0;
    threads.sort((a, b) => a - b);
    const key = before + String.fromCharCode(...threads);
    const known = this.#known.get(key) ?? this.#subsets.push({ threads, before }) - 1;
    this.#known.set(key, known);
    return known;
  }

  /** The state after each class of bytes. */
  successors(state: number): number[] {
    const subset = this.#subsets[state];
    if (subset === undefined) return this.#representatives.map(() => 0);
    // Bytes before which the same conditions hold find the same threads.
    const moves = new Map<number, (readonly number[])[] | undefined>();
    return this.#representatives.map((byte, index) => {
      const holds = holding(subset.before, byte) & this.#program.conditions;
      if (!moves.has(holds)) moves.set(holds, this.#moves(subset, holds));
      const moved = moves.get(holds);
      return moved === undefined ? 0 : this.#successor(moved[index] ?? [], this.#after(byte));
    });
  }

  mayEnd(state: number): boolean {
    const subset = this.#subsets[state];
    return subset === undefined || this.#follow(subset.threads, holding(subset.before, undefined)) === undefined;
  }

  #successor(moved: readonly number[], before: Before): number {
    if (moved.length > 0) return this.state([this.#program.start, ...moved], before);
    const known = this.#starts.get(before) ?? this.state([this.#program.start], before);
    this.#starts.set(before, known);
    return known;
  }

  /** By class of bytes, where the threads are after one; undefined if a match was found before it. */
  #moves({ threads }: Subset, holds: number): (readonly number[])[] | undefined {
    const here = holds === 0 ? threads : this.#follow(threads, holds);
    if (here === undefined) return undefined;
    const moved: number[][] = this.#representatives.map(() => []);
    for (const thread of here) {
      const reading = this.#reading(thread);
      for (const { first, last, next } of this.#program.nodes.arcs[reading?.node ?? COMPLETE] ?? []) {
        if (reading === undefined) continue;
        const target = next === COMPLETE ? reading.next : this.#middle(next, reading.next);
        // Classes are numbered in the order of their bytes.
        const end = this.#classOf[last] ?? 0;
        for (let index = this.#classOf[first] ?? 0; index <= end; index++) {
          moved[index]?.push(target);
          this.steps += 1;
        }
      }
    }
    return moved;
  }

  /**
   * Threads that are reached without reading, given the conditions that hold; those whose conditions do not hold wait.
   * Undefined if a match is reached.
   */
  #follow(from: readonly number[], holds: number): number[] | undefined {
    this.#visit += 1;
    const reached: number[] = [];
    const stack = [...from];
    for (let thread = stack.pop(); thread !== undefined; thread = stack.pop()) {
      if (this.#seen[thread] === this.#visit) continue;
      this.#seen[thread] = this.#visit;
      this.steps += 1;
      const instruction = this.#program.instructions[thread];
      switch (instruction?.op) {
        case "found":
          return undefined;
        case "fail":
          break;
        case "either":
          stack.push(instruction.one, instruction.other);
          break;
        case "assert":
          if ((instruction.conditions & ~holds) === 0) stack.push(instruction.next);
          else reached.push(thread);
          break;
        case "read":
        case undefined:
          reached.push(thread);
      }
    }
    return reached;
  }

  #reading(thread: number): { node: number; next: number } | undefined {
    const instruction = this.#program.instructions[thread];
    if (instruction === undefined) return this.#middles[thread - this.#program.instructions.length];
    return instruction.op === "read" ? instruction : undefined;
  }

  #middle(node: number, next: number): number {
    const key = node * this.#program.instructions.length + next;
    const known = this.#middleNumbers.get(key) ?? this.#middles.push({ node, next }) - 1;
    this.#middleNumbers.set(key, known);
    return this.#program.instructions.length + known;
  }

  #after(byte: number): Before {
    const { conditions } = this.#program;
    if (byte === NEWLINE && conditions & LINE_BEGINS) return "newline";
    return isWord(byte) && conditions & (WORD_BOUNDARY | NO_WORD_BOUNDARY) ? "word" : "other";
  }
}

const NEWLINE = 0x0a;

/** The conditions that hold between what was read and the next byte, undefined at the end of the text. */
function holding(before: Before, next: number | undefined): number {
  let holds = 0;
  if (before === "start") holds |= TEXT_BEGINS | LINE_BEGINS;
  if (before === "newline") holds |= LINE_BEGINS;
  if (next === undefined) holds |= TEXT_ENDS | LINE_ENDS;
  if (next === NEWLINE) holds |= LINE_ENDS;
  // Before a continuation byte is no place between characters.
  if (next !== undefined && next >= 0x80 && next < 0xc0) return holds;
  const same = (before === "word") === (next !== undefined && isWord(next));
  return holds | (same ? NO_WORD_BOUNDARY : WORD_BOUNDARY);
}

/** Word characters of `\b` are those of ASCII. */
function isWord(byte: number): boolean {
  return /\w/.test(String.fromCharCode(byte));
}

/** Bytes that no instruction tells apart are one class; its first byte represents it. */
function byteClasses({ nodes, conditions }: Program): { classOf: Uint8Array; representatives: number[] } {
  const begins = new Set([0]);
  const note = (first: number, last: number) => begins.add(first).add(last + 1);
  for (const arcs of nodes.arcs) for (const { first, last } of arcs) note(first, last);
  if (conditions & (LINE_BEGINS | LINE_ENDS)) note(NEWLINE, NEWLINE);
  if (conditions & (WORD_BOUNDARY | NO_WORD_BOUNDARY)) {
    for (const [first, last] of ["09", "AZ", "__", "az"]) note(first?.charCodeAt(0) ?? 0, last?.charCodeAt(0) ?? 0);
    note(0x80, 0xbf);
  }
  const representatives: number[] = [];
  const classOf = Uint8Array.from({ length: 256 }, (_, byte) => {
    if (begins.has(byte)) representatives.push(byte);
    return representatives.length - 1;
  });
  return { classOf, representatives };
}
