import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
  lib.ensure(lib.free + 0x80000);
});

/** Both texts stand at an end: the needle before the text, the text before the end of memory. */
function occurs(text: Uint8Array, needle: Uint8Array): boolean {
  lib.put(lib.free, needle);
  return lib.call("occursIn", lib.putLast(text), text.length, lib.free, needle.length) === 1;
}

describe("the search for a text", () => {
  it.each([
    ["", "", true],
    ["a", "", true],
    ["", "a", false],
    ["a", "a", true],
    ["aab", "ab", true],
    ["aab", "aabb", false],
    ["ä", "\u00c3", false],
  ])("in %j for %j gives %s", (text, needle, found) => {
    expect(occurs(Buffer.from(text), Buffer.from(needle))).toBe(found);
  });

  it("finds what a plain search finds, in texts of few letters and with periods, on both sides of 64 bytes", () => {
    const letters = (size: number) => fc.string({ unit: fc.constantFrom("a", "b"), maxLength: size });
    const periodic = fc.tuple(letters(5), fc.nat(60), letters(5)).map(([part, times, end]) => part.repeat(times) + end);
    const needle = fc.oneof(
      periodic,
      letters(100),
      fc.tuple(letters(3), periodic).map(([start, rest]) => start + rest),
    );
    const text = fc.tuple(needle, needle, needle).map((parts) => parts.join(""));
    let long = 0;
    let hits = 0;
    fc.assert(
      fc.property(text, needle, fc.nat(400), (whole, other, from) => {
        for (const part of [other, whole.slice(from, from + 90), `${whole.slice(from, from + 90)}a`]) {
          const found = whole.includes(part);
          expect(occurs(Buffer.from(whole), Buffer.from(part))).toBe(found);
          if (part.length > 64) long++;
          if (part.length > 64 && found) hits++;
        }
      }),
      { numRuns: 3000 },
    );
    expect(Math.min(long, hits)).toBeGreaterThan(300);
  });

  it("takes linear time whatever the texts are", () => {
    // Trying every place would take 10^9 comparisons for each pair.
    const half = 65_000;
    const pairs = [
      ["a".repeat(2 * half), `${"a".repeat(half)}b`],
      ["a".repeat(2 * half), `b${"a".repeat(half)}`],
      [`${"a".repeat(half)}b${"a".repeat(half - 1)}`, `${"a".repeat(half)}bb`],
      ["ab".repeat(half), `${"ab".repeat(half / 2)}b`],
      ["aab".repeat(half / 2), `${"aab".repeat(half / 5)}aaab`],
    ];
    for (const [text = "", needle = ""] of pairs)
      for (let round = 0; round < 20; round++) expect(occurs(Buffer.from(text), Buffer.from(needle))).toBe(false);
  });
});

describe("the order of bytes", () => {
  it("is that of Buffer.compare", () => {
    const bytes = fc
      .array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { maxLength: 20 })
      .map((all) => Uint8Array.from(all));
    fc.assert(
      fc.property(bytes, bytes, fc.nat(20), (a, b, shared) => {
        for (const other of [b, Uint8Array.of(...a.subarray(0, shared), ...b)]) {
          lib.put(lib.free, a);
          const order = lib.call("bytesCompare", lib.free, a.length, lib.putLast(other), other.length);
          expect(Math.sign(order)).toBe(Buffer.compare(a, other));
        }
      }),
    );
  });
});

describe("the number of characters", () => {
  const count = (bytes: Uint8Array) => lib.call("utf8Characters", lib.putLast(bytes), bytes.length);

  it("is that of code points", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(count(Buffer.from(text))).toBe([...text].length);
      }),
    );
  });

  it("is -1 for what is not UTF-8", () => {
    for (const bytes of [[0xff], [0xc3], [0xc0, 0xb1], [0xed, 0xa0, 0x80], [0x61, 0x80]])
      expect(count(Uint8Array.from(bytes))).toBe(-1);
  });
});
