import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

// Blocks that are taken and given back in any order.

const LARGEST = 32_760;
const MEBIBYTE = 1 << 20;

let lib: Assembly;
beforeEach(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

const take = (bytes: number) => lib.call("takeBlock", bytes) >>> 0;

describe("blocks", () => {
  it("are given out aligned, apart from each other, and again when they came back", () => {
    const step = fc.oneof(
      fc.record({ take: fc.oneof(fc.integer({ min: 0, max: 600 }), fc.integer({ min: 0, max: LARGEST })) }),
      fc.record({ give: fc.nat(1000) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const taken: { at: number; bytes: number }[] = [];
        const before = lib.call("blocksTaken");
        for (const one of steps) {
          if ("take" in one) {
            const at = take(one.take);
            expect(at % 8).toBe(0);
            expect(at).toBeGreaterThan(0);
            for (const other of taken)
              expect(at >= other.at + other.bytes || at + one.take <= other.at, `${at} and ${other.at}`).toBe(true);
            taken.push({ at, bytes: one.take });
            // What is in a block is nobody else's business.
            lib.put(at, new Uint8Array(one.take).fill(0xff));
          } else {
            const [block] = taken.splice(one.give % Math.max(1, taken.length), 1);
            if (block !== undefined) lib.call("giveBlock", block.at);
          }
          expect(lib.call("blocksTaken") - before).toBe(taken.length);
        }
        for (const { at } of taken) lib.call("giveBlock", at);
      }),
      { numRuns: 100 },
    );
  });

  it("hold so much at most, and none is larger than the largest", () => {
    expect(take(LARGEST)).toBeGreaterThan(0);
    expect(take(LARGEST + 1)).toBe(0);
    expect(take(2 ** 31 - 1)).toBe(0);
  });

  it("are sixteen mebibytes in all, whatever their sizes, and then they are used again", () => {
    const blocks: number[] = [];
    for (let at = take(500); at !== 0; at = take(500)) blocks.push(at);
    expect(blocks).toHaveLength((16 * MEBIBYTE) / 512);
    const size = lib.size;
    expect(size).toBeLessThan(18 * MEBIBYTE);
    // Blocks of one size are none of another.
    expect(take(1000)).toBe(0);
    for (const at of blocks) lib.call("giveBlock", at);
    expect(take(1000)).toBe(0);
    const again = Array.from({ length: blocks.length }, () => take(1));
    expect(again.every((at) => at !== 0)).toBe(true);
    expect(new Set(again).size).toBe(blocks.length);
    expect(lib.size).toBe(size);
  });

  it("serve smaller wishes where there is nothing else", () => {
    const blocks: number[] = [];
    for (let at = take(LARGEST); at !== 0; at = take(LARGEST)) blocks.push(at);
    expect(blocks).toHaveLength((16 * MEBIBYTE) / 32_768);
    expect(take(100)).toBe(0);
    const [first = 0] = blocks;
    lib.call("giveBlock", first);
    expect(take(100)).toBe(first);
    lib.call("giveBlock", first);
    expect(take(LARGEST)).toBe(first);
  });
});
