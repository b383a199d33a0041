import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

// Ranges of addresses against those of Node.

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

const RANGE_BYTES = 24;

/** 1 in, 0 out, -1 no address; undefined if the range is none. */
function holds(range: string, address: string): number | undefined {
  const record = lib.free;
  lib.put(record, new Uint8Array(RANGE_BYTES));
  const written = Buffer.from(range);
  if (lib.call("readRange", lib.putLast(written), written.length, record) === 0) return undefined;
  const text = Buffer.from(address);
  return lib.call("rangeHolds", record, lib.putLast(text), text.length);
}

const isMapped = (address: string) => new URL(`http://[${address}]`).hostname.startsWith("[::ffff:");

test("an address is in a range if Node says so", () => {
  const group = fc.constantFrom("0", "1", "ffff", "db8", "2001", "8000");
  const wide = fc.oneof(
    fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":")),
    fc
      .tuple(fc.array(group, { maxLength: 3 }), fc.array(group, { maxLength: 3 }))
      .map(([a, b]) => `${a.join(":")}::${b.join(":")}`),
  );
  fc.assert(
    fc.property(wide, wide, fc.nat(128), (address, other, bits) => {
      fc.pre(!isMapped(address) && !isMapped(other));
      const list = new BlockList();
      list.addSubnet(other, bits, "ipv6");
      // Node takes a range with host bits; here those that the prefix leaves out must be zero.
      const found = holds(`${other}/${bits}`, address);
      if (found !== undefined)
        expect([other, bits, address, found]).toEqual([other, bits, address, list.check(address, "ipv6") ? 1 : 0]);
      else expect(list.check(other, "ipv6")).toBe(true);
      expect(holds(`${other}/128`, other)).toBe(1);
      expect(holds("::/0", address)).toBe(1);
    }),
    { numRuns: 2000 },
  );
  const narrow = fc.ipV4();
  fc.assert(
    fc.property(narrow, narrow, fc.nat(32), (address, network, bits) => {
      const number = network.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
      const masked = bits === 0 ? 0 : Math.floor(number / 2 ** (32 - bits)) * 2 ** (32 - bits);
      const base = [24, 16, 8, 0].map((shift) => Math.floor(masked / 2 ** shift) % 256).join(".");
      const list = new BlockList();
      list.addSubnet(base, bits, "ipv4");
      for (const one of [address, network]) {
        const expected = list.check(one, "ipv4") ? 1 : 0;
        expect(holds(`${base}/${bits}`, one)).toBe(expected);
        expect(holds(`::ffff:${base}/${96 + bits}`, `::ffff:${one}`)).toBe(expected);
      }
      expect(holds(`${base}/${bits}`, network)).toBe(1);
    }),
    { numRuns: 1000 },
  );
});

test("a text is an address if Node says so, but for zones", () => {
  const sign = fc.constantFrom(..."0123456789abcdefg:.: :: ::ffff: 1.2.3.4 % /".split(" "), ":", ".", "1", "0");
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 14 }), (signs) => {
      const text = signs.join("");
      fc.pre(!text.includes("%"));
      expect([text, holds("::/0", text) !== -1]).toEqual([text, isIP(text) !== 0]);
    }),
    { numRuns: 20_000 },
  );
});
