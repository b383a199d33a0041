import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";
import { DEAD, type Dfa, dfaBytes } from "../../test/support/dfa.js";

// What predicate-reader.test.ts refuses is not repeated here.

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

const dfa: fc.Arbitrary<Dfa> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }))
  .chain(([states, classes]) =>
    fc.record({
      states: fc.constant(states),
      classes: fc.constant(classes),
      start: fc.nat(states - 1),
      map: fc.constant((byte: number) => byte % classes),
      next: fc.array(fc.oneof({ weight: 6, arbitrary: fc.nat(states - 1) }, fc.constant(DEAD)), {
        minLength: states * classes,
        maxLength: states * classes,
      }),
      flags: fc.array(fc.constantFrom(0, 0, 0, 1, 2, 3), { minLength: states, maxLength: states }),
    }),
  );

/** The words of filters/modules/README.md, step by step. */
function matches({ classes, start = 0, map, next, flags }: Dfa, text: Uint8Array): boolean {
  let state = start;
  const flagged = (bit: number) => ((flags[state] ?? 0) & bit) !== 0;
  if (flagged(1)) return true;
  for (const byte of text) {
    state = next[state * classes + map(byte)] ?? DEAD;
    if (state === DEAD) return false;
    if (flagged(1)) return true;
  }
  return flagged(2);
}

test("an automaton runs as it is written", () => {
  const seen = { true: 0, false: 0 };
  fc.assert(
    fc.property(dfa, fc.array(fc.uint8Array({ maxLength: 12 }), { minLength: 1, maxLength: 5 }), (table, texts) => {
      const bytes = dfaBytes(table);
      const at = lib.free;
      lib.put(at, bytes);
      expect(lib.call("isDfa", at, bytes.length)).toBe(1);
      for (const text of texts) {
        const expected = matches(table, text);
        expect(lib.call("dfaMatches", at, lib.putLast(text), text.length) === 1).toBe(expected);
        seen[`${expected}`] += 1;
      }
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(200);
});

test("any bytes are refused, or run to an end", () => {
  fc.assert(
    fc.property(dfa, fc.nat(), fc.nat(255), fc.uint8Array({ maxLength: 300 }), (table, where, byte, text) => {
      const bytes = dfaBytes(table);
      const changed = bytes.with(where % bytes.length, byte);
      const at = lib.putLast(changed);
      // Behind the automaton memory ends: a step out of its tables would be a trap.
      if (lib.call("isDfa", at, changed.length) === 0) return;
      lib.put(lib.free, text);
      expect([0, 1]).toContain(lib.call("dfaMatches", at, lib.free, text.length));
    }),
    { numRuns: 3000 },
  );
});
