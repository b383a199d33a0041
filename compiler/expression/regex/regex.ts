import type { Automaton } from "./automaton.js";
import { determinise } from "./determinise.js";
import type { Effort } from "./effort.js";
import { minimise } from "./minimise.js";
import { compileProgram } from "./program.js";

/** Why there is no automaton: the pattern is none, or it is one that would be too large. */
export interface RegexProblem {
  readonly reason: string;
  readonly tooLarge: boolean;
}

/**
 * The automaton of a regular expression in RE2's syntax. The work is bounded, whatever the pattern.
 *
 * @param effort what may be spent; what is spent is taken from it
 */
export function compileRegex(pattern: string, effort: Effort): Automaton | RegexProblem {
  if (effort.left <= 0) return { reason: "those of the file before it have cost too much already", tooLarge: true };
  const program = compileProgram(pattern);
  if ("reason" in program) {
    effort.left -= STEPS_OF_READING * pattern.length;
    return program;
  }
  effort.left -= STEPS_OF_READING * (pattern.length + program.instructions.length);
  const states = determinise(program, effort);
  const reason = "it takes too many states to be looked for in one pass";
  return (states && minimise(states)) ?? { reason, tooLarge: true };
}

/** What a character or an instruction costs before states are made of it. */
const STEPS_OF_READING = 50;
