/**
 * A deterministic automaton over bytes that tells whether a regular expression is found anywhere in a text. Its states
 * are numbered from 0; a state's row in `next` has one entry for each class of bytes.
 */
export interface Automaton {
  readonly states: number;
  readonly classes: number;
  readonly start: number;
  /** Class of each of the 256 bytes. */
  readonly classOf: Uint8Array;
  readonly next: Uint16Array;
  /** `FOUND`, `AT_END` or 0 for each state. */
  readonly flags: Uint8Array;
}

/** In `next`: nothing that follows can match. */
export const DEAD = 0xffff;
/** In `flags`: it has been found, whatever follows. */
export const FOUND = 1;
/** In `flags`: it is found if the text ends here. */
export const AT_END = 2;

/** What the module takes (filters/modules/README.md). */
export const MOST_STATES = 4096;
export const MOST_BYTES = 65_536;

const VERSION = 1;
const HEADER = 8;

/** Bytes of the serialised form. */
export function sizeOf(states: number, classes: number): number {
  return HEADER + 256 + 2 * states * classes + states;
}

/** The form of filters/modules/README.md, little endian. */
export function serialise({ states, classes, start, classOf, next, flags }: Automaton): Uint8Array {
  const bytes = new Uint8Array(sizeOf(states, classes));
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint16(2, states, true);
  view.setUint16(4, classes, true);
  view.setUint16(6, start, true);
  bytes.set(classOf, HEADER);
  for (const [index, target] of next.entries()) view.setUint16(HEADER + 256 + 2 * index, target, true);
  bytes.set(flags, HEADER + 256 + 2 * next.length);
  return bytes;
}

/** Whether the expression is found in a text of UTF-8. */
export function accepts({ start, classes, classOf, next, flags }: Automaton, text: Uint8Array): boolean {
  let state = start;
  for (const byte of text) {
    if (flags[state] === FOUND) return true;
    state = next[state * classes + (classOf[byte] ?? 0)] ?? DEAD;
    if (state === DEAD) return false;
  }
  return flags[state] !== 0;
}
