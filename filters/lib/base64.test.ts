import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

const STANDARD = 0;
const URL_SAFE = 1;
const REFUSED = "refused";
/** A byte that stands around the target, to see that nothing else is written. */
const FENCE = 0xa5;

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

function run(
  name: string,
  source: Uint8Array,
  room: number,
  alphabet: number,
  padded: boolean,
): Buffer | typeof REFUSED {
  lib.put(lib.free, new Uint8Array(room + 16).fill(FENCE));
  const target = lib.free + 8;
  const length = lib.call(name, lib.putLast(source), source.length, target, alphabet, padded ? 1 : 0);
  expect(Buffer.from(lib.bytes(lib.free, 8))).toEqual(Buffer.alloc(8, FENCE));
  expect(Buffer.from(lib.bytes(target + room, 8))).toEqual(Buffer.alloc(8, FENCE));
  return length < 0 ? REFUSED : Buffer.from(lib.bytes(target, length));
}

function decode(text: string, alphabet = STANDARD, padded = true): Buffer | typeof REFUSED {
  const source = Buffer.from(text, "latin1");
  return run("base64Decode", source, Math.floor((source.length * 3) / 4), alphabet, padded);
}

function encode(bytes: Uint8Array, alphabet = STANDARD, padded = true): string {
  return run("base64Encode", bytes, Math.ceil(bytes.length / 3) * 4, alphabet, padded).toString("latin1");
}

// RFC 4648 section 10.
const VECTORS: [string, string][] = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
];

describe("base64", () => {
  it.each(VECTORS)("encodes %j as %j and back", (plain, text) => {
    expect(encode(Buffer.from(plain))).toBe(text);
    expect(decode(text)).toEqual(Buffer.from(plain));
    const bare = text.replaceAll("=", "");
    expect(encode(Buffer.from(plain), URL_SAFE, false)).toBe(bare);
    expect(decode(bare, URL_SAFE, false)).toEqual(Buffer.from(plain));
  });

  it("knows the two alphabets apart", () => {
    expect(encode(Buffer.from("fbff", "hex"))).toBe("+/8=");
    expect(encode(Buffer.from("fbff", "hex"), URL_SAFE)).toBe("-_8=");
    expect(decode("-_8=")).toBe(REFUSED);
    expect(decode("+/8=", URL_SAFE)).toBe(REFUSED);
  });

  it.each([
    ["missing padding", "Zg"],
    ["half the padding", "Zg="],
    ["too much padding", "Zm8=="],
    ["padding after whole groups", "Zm9v===="],
    ["three padding characters", "Z==="],
    ["nothing but padding", "===="],
    ["one padding character alone", "="],
    ["padding in the middle", "Zg==Zm9v"],
    ["padding before a digit", "Z=g="],
    ["trailing bits, one byte", "Zh=="],
    ["trailing bits, two bytes", "Zm9="],
    ["a space", "Zm 9"],
    ["a line break at the end", "Zm9v\n"],
    ["a line break of four", "Zm\r\n"],
    ["a NUL", "Zm9\0"],
    ["a byte above ASCII", "Zm9\xff"],
  ])("refuses %s", (_, text) => {
    expect(decode(text)).toBe(REFUSED);
  });

  it.each([
    ["padding", "Zg=="],
    ["one padding character", "Zm8="],
    ["a single digit", "Z"],
    ["five digits", "Zm9vY"],
    ["trailing bits, one byte", "Zh"],
    ["trailing bits, two bytes", "Zm9"],
  ])("refuses %s where padding is forbidden", (_, text) => {
    expect(decode(text, URL_SAFE, false)).toBe(REFUSED);
  });

  it("knows every byte that is no digit, wherever in a long text it stands", () => {
    const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    for (const [alphabet, own] of [
      [STANDARD, "+/"],
      [URL_SAFE, "-_"],
    ] as const) {
      const known = digits + own;
      for (let byte = 0; byte < 256; byte++) {
        const character = String.fromCharCode(byte);
        // Each place of the sixteen that are decoded at once, and one of those that are not.
        for (const place of [...Array(17).keys(), 38]) {
          const text = `${known.slice(0, place)}${character}${known.slice(place + 1, 40)}`;
          const decoded = decode(text, alphabet, false);
          if (known.includes(character)) expect(decoded).toEqual(Buffer.from(text, "base64"));
          else if (decoded !== REFUSED) expect.fail(`takes byte ${byte} at ${place}`);
        }
      }
    }
  });

  it("encodes as node does and decodes what it encoded, in place too", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(encode(bytes)).toBe(Buffer.from(bytes).toString("base64"));
        const text = encode(bytes, URL_SAFE, false);
        expect(text).toBe(Buffer.from(bytes).toString("base64url"));
        expect(decode(text, URL_SAFE, false)).toEqual(Buffer.from(bytes));
        const at = lib.putLast(Buffer.from(text));
        expect(lib.call("base64Decode", at, text.length, at, URL_SAFE, 0)).toBe(bytes.length);
        expect(lib.bytes(at, bytes.length)).toEqual(bytes);
      }),
    );
  });

  it("accepts a text exactly when encoding what it stands for gives that text again", () => {
    const digits = fc.constantFrom(..."ABQgwxyz0189+/-_= \n");
    fc.assert(
      fc.property(fc.string({ unit: digits, maxLength: 12 }), fc.boolean(), fc.boolean(), (text, url, padded) => {
        const alphabet = url ? URL_SAFE : STANDARD;
        const standard = Buffer.from(text, "base64").toString(url ? "base64url" : "base64");
        const bare = standard.replaceAll("=", "");
        const canonical = padded ? bare.padEnd(Math.ceil(bare.length / 4) * 4, "=") : bare;
        expect(decode(text, alphabet, padded) !== REFUSED).toBe(text === canonical);
      }),
      { numRuns: 2000 },
    );
  });
});
