import { compileRegex } from "../../../compiler/expression/regex/regex.js";
import { translatePattern } from "./pattern.js";

/** What may be spent on all patterns of a service: less than those who compile them later have for the patterns of one file. */
const STEPS = 6_000_000;
const LONGEST_PATTERN = 4_096;

/** A pattern as far as it can be checked, and why it is not checked exactly. */
export interface CheckedPattern {
  readonly re2?: string;
  readonly reason?: string;
}

/** Finds out which patterns of XML Schema have automata. */
export class Patterns {
  private readonly effort = { left: STEPS };
  private readonly known = new Map<string, CheckedPattern>();

  check(pattern: string): CheckedPattern {
    const known = this.known.get(pattern) ?? this.tried(pattern);
    this.known.set(pattern, known);
    return known;
  }

  /** Whether there is an automaton of a pattern in RE2's syntax. */
  fits(re2: string): boolean {
    return this.problemOf(re2) === undefined;
  }

  private tried(pattern: string): CheckedPattern {
    if (pattern.length > LONGEST_PATTERN) return { reason: `it has more than ${LONGEST_PATTERN} characters` };
    const exact = translatePattern(pattern);
    if ("reason" in exact) return exact;
    const problem = this.problemOf(exact.re2);
    if (problem === undefined) return exact;
    const loose = translatePattern(pattern, true);
    if ("re2" in loose && loose.re2 !== exact.re2 && this.problemOf(loose.re2) === undefined)
      return { re2: loose.re2, reason: "of its classes every character beyond ASCII passes" };
    return { reason: problem };
  }

  private problemOf(re2: string): string | undefined {
    const automaton = compileRegex(`^(?:${re2})$`, this.effort);
    return "reason" in automaton ? automaton.reason : undefined;
  }
}
