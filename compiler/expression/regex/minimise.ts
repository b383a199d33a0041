import { AT_END, type Automaton, DEAD, FOUND, MOST_BYTES, MOST_STATES, sizeOf } from "./automaton.js";
import type { States } from "./determinise.js";

/** The smallest automaton that decides alike; equal languages give equal automata. Undefined if it is still too large. */
export function minimise(states: States): Automaton | undefined {
  const blocks = refine(states);
  const merged = mergeClasses(states, blocks);
  const found = blocks[0] ?? 0;
  const representative = new Map<number, number>();
  for (const [state, block] of blocks.entries()) if (!representative.has(block)) representative.set(block, state);
  const target = (block: number, byteClass: number) => {
    const column = merged.columns[byteClass] ?? 0;
    return blocks[states.next[(representative.get(block) ?? 0) * states.classes + column] ?? 0] ?? 0;
  };
  const isFinal = (block: number) => states.final[representative.get(block) ?? 0] === true;
  // Blocks differ, so one at most leads nowhere.
  const dead = [...representative.keys()].find(
    (block) => !isFinal(block) && merged.columns.every((_, byteClass) => target(block, byteClass) === block),
  );

  // Numbered in the order in which they are reached.
  const order = [blocks[states.start] ?? 0];
  const numbers = new Map(order.map((block, index) => [block, index]));
  const next: number[] = [];
  for (let index = 0; index < order.length; index++) {
    const block = order[index] ?? 0;
    for (let byteClass = 0; byteClass < merged.columns.length; byteClass++) {
      const to = target(block, byteClass);
      if (to !== dead && !numbers.has(to)) numbers.set(to, order.push(to) - 1);
      next.push(to === dead ? DEAD : (numbers.get(to) ?? DEAD));
    }
  }
  const size = sizeOf(order.length, merged.columns.length);
  if (order.length > MOST_STATES || size > MOST_BYTES) return undefined;
  return {
    states: order.length,
    classes: merged.columns.length,
    start: 0,
    classOf: merged.classOf,
    next: Uint16Array.from(next),
    flags: Uint8Array.from(order, (block) => (block === found ? FOUND : isFinal(block) ? AT_END : 0)),
  };
}

/** Classes of bytes whose columns have become equal are one. */
function mergeClasses({ classes, classOf, next, count }: States, blocks: Int32Array) {
  const numbers = new Map<string, number>();
  const columns: number[] = [];
  const renamed = Array.from({ length: classes }, (_, column) => {
    const targets = Array.from({ length: count }, (_, state) => blocks[next[state * classes + column] ?? 0]);
    const key = targets.join();
    const number = numbers.get(key) ?? columns.push(column) - 1;
    numbers.set(key, number);
    return number;
  });
  return { columns, classOf: classOf.map((byteClass) => renamed[byteClass] ?? 0) };
}

/** Hopcroft's partition refinement: the block of each state, equal for states that no text tells apart. */
function refine({ count, classes, next, final }: States): Int32Array {
  const inverse = inverseOf(count, classes, next);
  const partition = new Partition(count);
  for (let state = 0; state < count; state++) if (final[state] === true) partition.mark(state);
  partition.split();
  const waiting = partition.blocks;
  for (let block = waiting.pop(); block !== undefined; block = waiting.pop()) {
    const splitter = partition.members(block);
    for (let byteClass = 0; byteClass < classes; byteClass++) {
      for (const state of splitter) {
        const cell = state * classes + byteClass;
        const end = inverse.begins[cell + 1] ?? 0;
        for (let index = inverse.begins[cell] ?? 0; index < end; index++) partition.mark(inverse.from[index] ?? 0);
      }
      waiting.push(...partition.split());
    }
  }
  return partition.blockOf;
}

/** For each state and class, the states that it is reached from, one after the other. */
function inverseOf(count: number, classes: number, next: Int32Array) {
  const begins = new Int32Array(count * classes + 1);
  const cellOf = (index: number) => (next[index] ?? 0) * classes + (index % classes);
  for (const index of next.keys()) begins[cellOf(index) + 1] = (begins[cellOf(index) + 1] ?? 0) + 1;
  for (let cell = 0; cell < count * classes; cell++) begins[cell + 1] = (begins[cell + 1] ?? 0) + (begins[cell] ?? 0);
  const filled = begins.slice();
  const from = new Int32Array(next.length);
  for (const index of next.keys()) {
    const place = filled[cellOf(index)] ?? 0;
    from[place] = Math.floor(index / classes);
    filled[cellOf(index)] = place + 1;
  }
  return { begins, from };
}

/** Blocks of states, each a stretch of one array whose marked members stand first. */
class Partition {
  readonly blockOf: Int32Array;
  readonly #order: Int32Array;
  readonly #place: Int32Array;
  readonly #ranges: { begin: number; end: number; marked: number }[];
  readonly #touched = new Set<number>();

  constructor(count: number) {
    this.blockOf = new Int32Array(count);
    this.#order = Int32Array.from({ length: count }, (_, state) => state);
    this.#place = this.#order.slice();
    this.#ranges = [{ begin: 0, end: count, marked: 0 }];
  }

  get blocks(): number[] {
    return this.#ranges.map((_, block) => block);
  }

  members(block: number): Int32Array {
    const range = this.#ranges[block];
    return this.#order.slice(range?.begin, range?.end);
  }

  mark(state: number): void {
    const block = this.blockOf[state] ?? 0;
    const range = this.#ranges[block];
    const place = this.#place[state] ?? 0;
    if (range === undefined || place < range.begin + range.marked) return;
    const front = range.begin + range.marked;
    const other = this.#order[front] ?? 0;
    this.#order[front] = state;
    this.#order[place] = other;
    this.#place[state] = front;
    this.#place[other] = place;
    range.marked += 1;
    this.#touched.add(block);
  }

  /** Parts the marked from the unmarked; the smaller half of each is a new block. */
  split(): number[] {
    const made: number[] = [];
    for (const block of this.#touched) {
      const range = this.#ranges[block];
      if (range === undefined) continue;
      const { begin, end, marked } = range;
      range.marked = 0;
      if (marked === end - begin) continue;
      const middle = begin + marked;
      const half = marked * 2 <= end - begin ? { begin, end: middle } : { begin: middle, end };
      if (half.begin === begin) range.begin = middle;
      else range.end = middle;
      const number = this.#ranges.push({ ...half, marked: 0 }) - 1;
      for (let index = half.begin; index < half.end; index++) this.blockOf[this.#order[index] ?? 0] = number;
      made.push(number);
    }
    this.#touched.clear();
    return made;
  }
}
