import fc from "fast-check";
import { objectToYaml } from "../../compiler/envoy/print.js";
import { checkText } from "../../compiler/index.js";
import type { Planned } from "../../compiler/pipeline.js";
import { type RandomFile, randomPolicy } from "./random-policies.js";

/** A policy file as text, and what `sluice check` makes of it. */
export interface RandomCase extends Planned {
  readonly text: string;
}

/** How values are drawn, so that one number stands for one of them wherever it is drawn. */
export const drawing = (seed: number) => ({ seed, numRuns: 1, unbiased: true }) as const;

/** The value that a seed stands for. */
export function drawn<T>(arbitrary: fc.Arbitrary<T>, seed: number): T {
  const [value] = fc.sample(arbitrary, drawing(seed));
  if (value === undefined) throw new Error("nothing was drawn");
  return value;
}

export function randomCase(seed: number): RandomCase & { file: RandomFile } {
  const file = drawn(randomPolicy, seed);
  return { file, ...caseOf(file) };
}

export function caseOf(file: RandomFile): RandomCase {
  const text = objectToYaml(JSON.parse(JSON.stringify(file)));
  return { text, ...checkText("policy.yaml", text) };
}
