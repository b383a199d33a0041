// Automata for the tests of the modules, in the bytes of filters/modules/README.md.

import { accepts } from "../../compiler/expression/regex/automaton.js";

export interface Dfa {
  readonly states: number;
  readonly classes: number;
  readonly start?: number;
  /** The class of a byte. */
  readonly map: (byte: number) => number;
  /** Row by row; 65535 is dead. */
  readonly next: readonly number[];
  readonly flags: readonly number[];
}

export const DEAD = 0xffff;

export function dfaBytes({ states, classes, start = 0, map, next, flags }: Dfa): Uint8Array {
  const bytes = new Uint8Array(264 + 2 * next.length + flags.length);
  const view = new DataView(bytes.buffer);
  bytes[0] = 1;
  view.setUint16(2, states, true);
  view.setUint16(4, classes, true);
  view.setUint16(6, start, true);
  for (let byte = 0; byte < 256; byte++) bytes[8 + byte] = map(byte);
  next.forEach((target, index) => {
    view.setUint16(264 + 2 * index, target, true);
  });
  bytes.set(flags, 264 + 2 * next.length);
  return bytes;
}

/** As a predicate has it. */
export function dfaOf(dfa: Dfa): string {
  return Buffer.from(dfaBytes(dfa)).toString("base64");
}

/** Whether an automaton, as a configuration has it, finds its expression in a text. */
export function matcherOf(base64: string): (text: string) => boolean {
  const bytes = Buffer.from(base64, "base64");
  const [states, classes, start] = [bytes.readUInt16LE(2), bytes.readUInt16LE(4), bytes.readUInt16LE(6)];
  const next = Uint16Array.from({ length: states * classes }, (_, index) => bytes.readUInt16LE(264 + 2 * index));
  const flags = bytes.subarray(264 + 2 * next.length);
  const automaton = { states, classes, start, classOf: bytes.subarray(8, 264), next, flags };
  return (text) => accepts(automaton, Buffer.from(text));
}
