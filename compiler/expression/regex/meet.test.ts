import fc from "fast-check";
import { expect, it } from "vitest";
import { accepts } from "./automaton.js";
import { canMeet, type Demand } from "./meet.js";
import { compileRegex } from "./regex.js";

function demand(regex: string, found = true): Demand {
  const automaton = compileRegex(regex, { left: 1_000_000 });
  if ("reason" in automaton) throw new Error(automaton.reason);
  return { automaton, found };
}

it.each<[boolean, ...Demand[]]>([
  [true, demand("^a"), demand("b$")],
  [false, demand("^a"), demand("^b")],
  [false, demand("^a$"), demand("a", false)],
  [true, demand("a", false)],
  [false, demand("", false)],
  [false, demand(".*", false)],
  [true, demand("^.*$", false)],
  [false, demand("a^")],
  [true, demand("^(a|b)*$"), demand("^b"), demand("ab", false)],
  [false, demand("^(a|b)*$"), demand("^a"), demand("b$"), demand("ab", false)],
])("%s", (expected, ...demands) => {
  expect(canMeet(demands, { left: 1_000_000 })).toBe(expected);
});

it("says that there may be one where the effort is spent", () => {
  expect(canMeet([demand("^a"), demand("^b")], { left: 300 })).toBe(true);
});

const piece = fc.constantFrom("a", "b", "[^a]", "(a|b)", "a*", "b?", ".", "^", "$", "ab", "(ab)*", "é");
const regex = fc.array(piece, { minLength: 1, maxLength: 5 }).map((pieces) => pieces.join(""));
const text = fc.array(fc.constantFrom("a", "b", "c", "é"), { maxLength: 6 }).map((letters) => letters.join(""));

it("never says that no text meets demands which one meets", () => {
  let claims = 0;
  fc.assert(
    fc.property(
      fc.array(fc.tuple(regex, fc.boolean()), { minLength: 1, maxLength: 3 }),
      fc.array(text, { minLength: 20, maxLength: 20 }),
      (list, texts) => {
        const demands = list.map(([pattern, found]) => demand(pattern, found));
        if (canMeet(demands, { left: 1_000_000 })) return;
        claims++;
        for (const one of texts)
          expect(demands.every(({ automaton, found }) => accepts(automaton, Buffer.from(one)) === found)).toBe(false);
      },
    ),
    { numRuns: 500 },
  );
  expect(claims).toBeGreaterThan(0);
});
