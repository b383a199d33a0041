import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

// Texts in memory that does not grow, and strings of JSON of whatever bytes.

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

const ROOM = 4096;
/** Bytes behind the room that may be written over. */
const SLACK = 16;

/** What is written into a room of so many bytes; undefined if it does not fit. */
function written(room: number, write: (source: number) => void): Buffer | undefined {
  const target = lib.free;
  const source = target + ROOM + 2 * SLACK;
  lib.ensure(source + 4 * ROOM);
  lib.put(target + room + SLACK, new Uint8Array(SLACK).fill(0xaa));
  lib.call("beginPiece", target, target + room);
  write(source);
  const length = lib.call("pieceEnd") - target;
  expect(length).toBeLessThanOrEqual(room);
  expect([...lib.bytes(target + room + SLACK, SLACK)]).toEqual(Array.from({ length: SLACK }, () => 0xaa));
  return lib.call("pieceIsFull") === 1 ? undefined : Buffer.from(lib.bytes(target, length));
}

const json = (bytes: Uint8Array, most = 256) =>
  written(ROOM, (source) => {
    lib.put(source, bytes);
    lib.call("pieceJson", source, bytes.length, most);
  });

describe("the inside of a string", () => {
  it("is what JSON.parse gives back, of any text that is not too long", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
        const bytes = Buffer.from(text, "utf8");
        expect(JSON.parse(`"${json(bytes)?.toString("utf8")}"`)).toBe(bytes.toString("utf8"));
      }),
      { numRuns: 500 },
    );
  });

  it("is JSON and UTF-8 of at most so many bytes, of any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.integer({ min: 0, max: 300 }), (bytes, most) => {
        const text = json(bytes, most);
        const parsed: unknown = JSON.parse(`"${new TextDecoder("utf-8", { fatal: true }).decode(text)}"`);
        expect(Buffer.byteLength(String(parsed))).toBeLessThanOrEqual(most);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ["a quote and a backslash", 'a"b\\', 'a\\"b\\\\'],
    ["control characters", "\0\b\t\n\f\r\x1f", "\\u0000\\b\\t\\n\\f\\r\\u001f"],
    ["a delete, which JSON takes as it is", "\x7f", "\x7f"],
    ["sixteen bytes and more", `${"x".repeat(31)}"${"y".repeat(17)}`, `${"x".repeat(31)}\\"${"y".repeat(17)}`],
    ["characters of all sizes", "aé€😀", "aé€😀"],
  ])("escapes %s", (_, text, expected) => {
    expect(json(Buffer.from(text))?.toString("utf8")).toBe(expected);
  });

  it("has U+FFFD for bytes that are no character", () => {
    expect(json(Uint8Array.of(0x61, 0xff, 0x62))?.toString("utf8")).toBe("a\ufffdb");
    expect(json(Uint8Array.of(0xe2, 0x82))?.toString("utf8")).toBe("\ufffd\ufffd");
    expect(json(Uint8Array.of(0xed, 0xa0, 0x80))?.toString("utf8")).toBe("\ufffd\ufffd\ufffd");
  });
});

describe("a piece", () => {
  it("is full when something does not fit, and takes nothing after that", () => {
    const parts = fc.array(
      fc.oneof(
        fc.record({ bytes: fc.uint8Array({ maxLength: 80 }) }),
        fc.record({ json: fc.uint8Array({ maxLength: 80 }) }),
        fc.record({ decimal: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) }),
        fc.record({ integer: fc.bigInt({ min: -(1n << 53n) + 1n, max: (1n << 53n) - 1n }) }),
        fc.record({ hex: fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }) }),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 700 }), parts, (room, all) => {
        const expected = all.map(textOf).join("");
        const text = written(room, (source) => {
          for (const part of all) put(part, source);
        });
        if (text !== undefined) expect(text.toString("latin1")).toBe(expected);
        // Room is wanted for the longest that a part may become.
        else expect(expected.length + LONGEST_PART).toBeGreaterThan(room);
      }),
      { numRuns: 300 },
    );
  });
});

interface Part {
  bytes?: Uint8Array;
  json?: Uint8Array;
  decimal?: bigint;
  integer?: bigint;
  hex?: bigint;
}

const LONGEST_PART = 80 * 6;

function textOf({ bytes, json: raw, decimal, integer, hex }: Part): string {
  if (bytes !== undefined) return Buffer.from(bytes).toString("latin1");
  if (raw !== undefined) return json(raw)?.toString("latin1") ?? "";
  return hex === undefined ? `${decimal ?? integer}` : hex.toString(16).padStart(16, "0");
}

function put({ bytes, json: raw, decimal, integer, hex }: Part, source: number): void {
  const text = bytes ?? raw;
  if (text !== undefined) lib.put(source, text);
  if (bytes !== undefined) lib.call("pieceBytes", source, bytes.length);
  if (raw !== undefined) lib.call("pieceJson", source, raw.length, 256);
  if (decimal !== undefined) lib.call("pieceDecimal", decimal);
  if (integer !== undefined) lib.call("pieceInteger", integer);
  if (hex !== undefined) lib.call("pieceHex", hex);
}

describe("where a text is cut", () => {
  it("is never in the middle of a character", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.integer({ min: 0, max: 60 }), (text, most) => {
        const bytes = Buffer.from(text, "utf8");
        const address = lib.free;
        lib.ensure(address + 4096);
        lib.put(address, bytes);
        const length = lib.call("cutLength", address, bytes.length, most);
        expect(length).toBe(Math.min(bytes.length, length));
        if (bytes.length <= most) expect(length).toBe(bytes.length);
        else expect(most - length).toBeLessThan(4);
        const kept = bytes.subarray(0, length).toString("utf8");
        expect(bytes.toString("utf8").startsWith(kept)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe("names of attributes", () => {
  it.each([
    ["a", true],
    ["A.b-c_1", true],
    ["", false],
    ["1a", false],
    [".a", false],
    ["a b", false],
    ["aé", false],
    ["a@", false],
  ])("%j: %s", (text, good) => {
    const bytes = Buffer.from(text);
    lib.put(lib.free, bytes);
    expect(lib.call("isName", lib.free, bytes.length)).toBe(good ? 1 : 0);
  });
});
