import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { covers, mayMeet, type PathPattern, parsePath, shapeKey } from "./path.js";
import { PathIndex } from "./path-index.js";

function pattern(text: string): PathPattern {
  const parsed = parsePath(text);
  if (typeof parsed === "string") throw new Error(`${text}: ${parsed}`);
  return parsed;
}

/** Few words, so that patterns often lie inside, beside and across each other. */
const segment = fc.constantFrom("a", "b", "*", "{x}", "{y}");
const path = fc
  .tuple(fc.array(segment, { maxLength: 4 }), fc.constantFrom("", "", "/", "/**"))
  .map(([segments, end]) => `/${segments.join("/")}${segments.length === 0 ? end.slice(1) : end}`);
const regex = fc.constantFrom("~/a", "~/a/.*", "~/a/b[0-9]", "~/[ab]", "~/a*", "~^/b/a", "~/a|/b", "~.*");
const patterns = fc
  .array(fc.oneof({ arbitrary: path, weight: 4 }, regex), { maxLength: 12 })
  .map((texts) => texts.filter((text) => typeof parsePath(text) !== "string").map(pattern));
const one = fc
  .oneof({ arbitrary: path, weight: 4 }, regex)
  .filter((text) => typeof parsePath(text) !== "string")
  .map(pattern);

function indexOf(all: readonly PathPattern[]): PathIndex<PathPattern[]> {
  const index = new PathIndex<PathPattern[]>(() => []);
  for (const each of all) index.at(each).push(each);
  return index;
}

function keys(found: Iterable<PathPattern[] | undefined>): string[] {
  return [...found].flatMap((entry) => (entry ?? []).map(shapeKey)).toSorted();
}

describe("PathIndex", () => {
  it("has one entry for all patterns that match the same paths", () => {
    fc.assert(
      fc.property(patterns, one, (all, wanted) => {
        const same = all.filter((each) => shapeKey(each) === shapeKey(wanted));
        expect(indexOf(all).at(wanted)).toEqual(same);
      }),
      { numRuns: 500 },
    );
  });

  it("finds those that cover a pattern, as `covers` says of each pair", () => {
    fc.assert(
      fc.property(patterns, one, (all, inner) => {
        const expected = all.filter((outer) => covers(outer, inner)).map(shapeKey);
        expect(keys(indexOf(all).covering(inner))).toEqual(expected.toSorted());
      }),
      { numRuns: 2_000 },
    );
  });

  it("finds those that cross a pattern, as `mayMeet` and `covers` say of each pair", () => {
    fc.assert(
      fc.property(patterns, one, (all, wanted) => {
        const expected = all.filter((other) => mayMeet(other, wanted) && !covers(wanted, other)).map(shapeKey);
        expect(keys(indexOf(all).crossing(wanted))).toEqual(expected.toSorted());
      }),
      { numRuns: 4_000 },
    );
  });

  it("looks at few of many patterns", () => {
    const workOf = (count: number) => {
      const all = Array.from({ length: count }, (_, number) => [
        pattern(`/api/v1/r${number}/{id}`),
        pattern(`/api/v1/r${number}/**`),
        pattern(`~/api/v2/r${number}/.*`),
      ]).flat();
      const index = indexOf(all);
      return all.reduce((sum, each) => sum + [...index.crossing(each)].length + index.covering(each).length, 0);
    };
    expect(workOf(400)).toBe(2 * workOf(200));
  });
});
