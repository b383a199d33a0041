import { type Automaton, DEAD, FOUND } from "./automaton.js";
import type { Effort } from "./effort.js";

/** A regular expression, and whether it is to be found in a text or not. */
export interface Demand {
  readonly automaton: Automaton;
  readonly found: boolean;
}

/** What it costs to tell the letters of one automaton apart, and to try one letter in one state. */
const STEPS_OF_LETTERS = 256;
const STEPS_OF_TRY = 5;

/**
 * False if surely no text, of whatever bytes, meets all demands. The automata run side by side over every text at once.
 *
 * @param effort what may be spent; where it does not suffice, the answer is that there may be one
 */
export function canMeet(demands: readonly Demand[], effort: Effort): boolean {
  effort.left -= STEPS_OF_LETTERS * demands.length;
  if (effort.left <= 0) return true;
  const letters = lettersOf(demands);
  const first = demands.map(({ automaton }) => settled(automaton, automaton.start));
  const seen = new Set([first.join()]);
  const waiting = [first];
  for (let states = waiting.pop(); states !== undefined; states = waiting.pop()) {
    if (demands.every(({ automaton, found }, index) => endsFound(automaton, states[index]) === found)) return true;
    effort.left -= STEPS_OF_TRY * letters.length * demands.length;
    if (effort.left <= 0) return true;
    for (const letter of letters) {
      const next = demands.map(({ automaton }, index) => step(automaton, states[index] ?? DEAD, letter));
      if (demands.some(({ found }, index) => next[index] === (found ? DEAD : ALWAYS))) continue;
      const key = next.join();
      if (seen.has(key)) continue;
      seen.add(key);
      waiting.push(next);
    }
  }
  return false;
}

/** It has been found, whatever follows. */
const ALWAYS = -1;

function settled({ flags }: Automaton, state: number): number {
  return flags[state] === FOUND ? ALWAYS : state;
}

function step(automaton: Automaton, state: number, letter: number): number {
  if (state === ALWAYS || state === DEAD) return state;
  const { classes, classOf, next } = automaton;
  const target = next[state * classes + (classOf[letter] ?? 0)] ?? DEAD;
  return target === DEAD ? DEAD : settled(automaton, target);
}

function endsFound({ flags }: Automaton, state: number | undefined): boolean {
  if (state === undefined || state === DEAD) return false;
  return state === ALWAYS || flags[state] !== 0;
}

/** One byte for each kind that some automaton tells apart. */
function lettersOf(demands: readonly Demand[]): number[] {
  const kinds = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const kind = demands.map(({ automaton }) => automaton.classOf[byte]).join();
    if (!kinds.has(kind)) kinds.set(kind, byte);
  }
  return [...kinds.values()];
}
