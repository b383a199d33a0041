import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

/** Puts two byte strings so that the second one ends with the memory and the first one just before it. */
function putBoth(a: Uint8Array, b: Uint8Array): { a: number; b: number } {
  const at = lib.putLast(Buffer.concat([a, b]));
  return { a: at, b: at + a.length };
}

function onText(name: string, text: Uint8Array | string): number {
  const bytes = Buffer.from(text);
  return lib.call(name, lib.putLast(bytes), bytes.length);
}

describe("comparison", () => {
  it.each(["bytesEqual", "bytesEqualConstantTime"])("%s tells a difference of one bit at any place", (name) => {
    for (let length = 0; length <= 40; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
      const same = putBoth(bytes, bytes);
      expect(lib.call(name, same.a, same.b, length)).toBe(1);
      for (let place = 0; place < length; place++) {
        const other = Uint8Array.from(bytes, (byte, i) => (i === place ? byte ^ 0x80 : byte));
        const both = putBoth(bytes, other);
        expect(lib.call(name, both.a, both.b, length), `length ${length}, byte ${place}`).toBe(0);
      }
    }
  });

  it("bytesOrder is a total order in which only equal bytes are equal", () => {
    const bytes = fc.uint8Array({ maxLength: 20, max: 2 });
    const order = (x: Uint8Array, y: Uint8Array) => {
      const both = putBoth(x, y);
      return Math.sign(lib.call("bytesOrder", both.a, x.length, both.b, y.length));
    };
    fc.assert(
      fc.property(bytes, bytes, bytes, (x, y, z) => {
        expect(order(x, y) === 0).toBe(Buffer.from(x).equals(y));
        expect(order(x, y) + order(y, x)).toBe(0);
        if (order(x, y) <= 0 && order(y, z) <= 0) expect(order(x, z)).toBeLessThanOrEqual(0);
      }),
    );
  });
});

describe("ASCII", () => {
  it("lowerAscii changes A to Z and no other byte, at any place in a word", () => {
    const all = Uint8Array.from({ length: 256 + 7 }, (_, i) => i);
    for (let shift = 0; shift < 8; shift++) {
      const bytes = all.subarray(shift);
      const at = lib.putLast(bytes);
      lib.call("lowerAscii", at, bytes.length, at);
      const expected = bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte));
      expect(lib.bytes(at, bytes.length)).toEqual(expected);
    }
  });

  it("isVisibleAscii accepts 0x21 to 0x7e only", () => {
    for (let byte = 0; byte < 256; byte++) {
      const visible = byte >= 0x21 && byte <= 0x7e ? 1 : 0;
      expect(onText("isVisibleAscii", Uint8Array.of(0x61, byte)), `byte ${byte}`).toBe(visible);
    }
    expect(onText("isVisibleAscii", "")).toBe(1);
  });
});

describe("hexadecimal", () => {
  it("comes back from its own encoding", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const length = lib.call("hexEncode", lib.putLast(bytes), bytes.length, lib.free);
        const text = lib.bytes(lib.free, length);
        expect(Buffer.from(text).toString()).toBe(Buffer.from(bytes).toString("hex"));
        expect(lib.call("hexDecode", lib.putLast(text), length, lib.free)).toBe(bytes.length);
        expect(lib.bytes(lib.free, bytes.length)).toEqual(bytes);
      }),
    );
  });

  it.each(["a", "abc", "AB", "0G", "g0", "0/", "0:", "0`", " 0", "0x", "é"])("refuses %j", (text) => {
    const bytes = Buffer.from(text);
    expect(lib.call("hexDecode", lib.putLast(bytes), bytes.length, lib.free)).toBe(-1);
  });
});

describe("decimal", () => {
  it.each([
    ["0", 0n],
    ["7", 7n],
    ["4294967295", 4294967295n],
    ["4294967296", -1n],
    ["9999999999", -1n],
    ["10000000000", -1n],
    ["", -1n],
    ["00", -1n],
    ["01", -1n],
    ["-1", -1n],
    ["+1", -1n],
    ["1 ", -1n],
    ["1.", -1n],
    ["1e1", -1n],
    ["/", -1n],
    [":", -1n],
  ])("reads %j as %d", (text, value) => {
    const bytes = Buffer.from(text);
    expect(lib.callLong("parseDecimalU32", lib.putLast(bytes), bytes.length)).toBe(value);
  });

  it("writes any 64-bit number without a leading zero", () => {
    const write = (value: bigint) => {
      lib.put(lib.free, new Uint8Array(32).fill(0x23));
      const length = lib.call("writeDecimal", lib.free, value);
      expect(lib.bytes(lib.free + length, 1)).toEqual(Uint8Array.of(0x23));
      return lib.text(lib.free, length);
    };
    for (const value of [0n, 9n, 10n, 99n, 100n, 2n ** 64n - 1n]) expect(write(value)).toBe(`${value}`);
    fc.assert(fc.property(fc.bigInt(0n, 2n ** 64n - 1n), (value) => write(value) === `${value}`));
  });
});

describe("UTF-8", () => {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const accepted = (bytes: Uint8Array) => {
    try {
      decoder.decode(bytes);
      return 1;
    } catch {
      return 0;
    }
  };

  // RFC 3629 section 4: the edges of each row of its table, and what lies just outside.
  it.each([
    ["7f", 1],
    ["80", 0],
    ["bf", 0],
    ["c080", 0],
    ["c1bf", 0],
    ["c280", 1],
    ["dfbf", 1],
    ["df", 0],
    ["dfc0", 0],
    ["e09fbf", 0],
    ["e0a080", 1],
    ["ecbfbf", 1],
    ["ed9fbf", 1],
    ["eda080", 0],
    ["edbfbf", 0],
    ["ee8080", 1],
    ["efbfbf", 1],
    ["efbf", 0],
    ["f08fbfbf", 0],
    ["f0908080", 1],
    ["f48fbfbf", 1],
    ["f4908080", 0],
    ["f5808080", 0],
    ["f09f98", 0],
    ["f88880808080", 0],
    ["fe", 0],
    ["ff", 0],
  ])("judges %s as %i, alone and after ASCII of any length", (hex, verdict) => {
    const bytes = Buffer.from(hex, "hex");
    for (let before = 0; before <= 33; before++) {
      for (const after of [0, 1, 20]) {
        const text = Buffer.concat([Buffer.alloc(before, "a"), bytes, Buffer.alloc(after, "z")]);
        expect(onText("utf8Valid", text), `${before} before, ${after} after`).toBe(verdict);
        if (verdict === 0) expect(onText("utf8ValidLength", text)).toBe(before);
      }
    }
  });

  it("agrees with TextDecoder on every lead byte with every second byte", () => {
    for (let lead = 0; lead < 256; lead++) {
      for (let second = 0; second < 256; second++) {
        const bytes = Uint8Array.of(lead, second, 0x80, 0x80).subarray(0, lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4);
        if (onText("utf8Valid", bytes) !== accepted(bytes))
          expect.fail(`differs on ${Buffer.from(bytes).toString("hex")}`);
      }
    }
  });

  it("agrees with TextDecoder on random bytes and on damaged text", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => onText("utf8Valid", bytes) === accepted(bytes)));
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(), fc.nat(255), (text, place, byte) => {
        const bytes = Buffer.from(text);
        expect(onText("utf8Valid", bytes)).toBe(1);
        if (bytes.length > 0) bytes[place % bytes.length] = byte;
        expect(onText("utf8Valid", bytes)).toBe(accepted(bytes));
      }),
    );
  });
});
