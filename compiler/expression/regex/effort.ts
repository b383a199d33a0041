import type { SourceFile } from "../../syntax/source.js";

/** What may still be spent on the regular expressions of a file; a step is about a tenth of a microsecond. */
export interface Effort {
  left: number;
}

/** Hundreds of patterns as people write them, and few of those that are written to cost much. */
const STEPS_OF_A_FILE = 8_000_000;

const efforts = new WeakMap<SourceFile, Effort>();

/** The effort that all expressions of a file share, so that its size does not multiply the cost of the worst pattern. */
export function effortOf(source: SourceFile): Effort {
  const known = efforts.get(source) ?? { left: STEPS_OF_A_FILE };
  efforts.set(source, known);
  return known;
}

/** What may be spent on what expressions of a file can never or always be: about a tenth of a second. */
const STEPS_OF_REASONING = 1_000_000;

const reasoning = new WeakMap<SourceFile, Effort>();

/** The effort for findings about the values of a file, apart from that without which it cannot be compiled. */
export function reasoningEffortOf(source: SourceFile): Effort {
  const known = reasoning.get(source) ?? { left: STEPS_OF_REASONING };
  reasoning.set(source, known);
  return known;
}
