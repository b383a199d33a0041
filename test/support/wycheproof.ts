import { readFileSync } from "node:fs";
import { z } from "zod";

/** The groups of tests of a Wycheproof file in `test/corpora`; `expected` is how many tests there are, so that none is lost on the way. */
export function wycheproofGroups<T extends { tests: readonly unknown[] }>(
  name: string,
  expected: number,
  group: z.ZodType<T>,
): T[] {
  const text = readFileSync(new URL(`../corpora/wycheproof-${name}.json`, import.meta.url), "utf8");
  const { numberOfTests, testGroups } = z
    .object({ numberOfTests: z.number(), testGroups: z.array(group) })
    .parse(JSON.parse(text));
  const found = testGroups.reduce((sum, { tests }) => sum + tests.length, 0);
  if (numberOfTests !== expected || found !== expected) throw new Error(`${name} has ${found} tests, not ${expected}`);
  return testGroups;
}
