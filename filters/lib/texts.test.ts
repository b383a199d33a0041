import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

// The small parts that converters of texts are made of.

const FENCE = 0xa5;
const CONTENT = 0;
const ATTRIBUTE = 1;

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
  lib.ensure(4 << 20);
});

/** Puts a text where it ends with the memory, but for the bytes behind it that may be read. */
function put(text: string | Uint8Array, behind = 0): [address: number, length: number] {
  const bytes = Buffer.from(text);
  return [lib.putLast(Buffer.concat([bytes, Buffer.alloc(behind, FENCE)])), bytes.length];
}

describe("sha1", () => {
  const digest = (message: Uint8Array) => {
    lib.call("sha1", ...put(message), lib.free);
    return Buffer.from(lib.bytes(lib.free, 20)).toString("hex");
  };

  // FIPS 180-4 examples.
  it.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"],
  ])("of %j is %s", (message, expected) => {
    expect(digest(Buffer.from(message))).toBe(expected);
  });

  it("is that of OpenSSL for every length up to three blocks", () => {
    for (let length = 0; length <= 200; length++) {
      const message = Buffer.alloc(length, `${length} sluice`);
      expect(digest(message)).toBe(createHash("sha1").update(message).digest("hex"));
    }
  });
});

describe("moments", () => {
  const written = (milliseconds: number) => {
    lib.call("writeDateTime", lib.free, BigInt(milliseconds));
    return lib.text(lib.free, 24);
  };

  it("are written as JavaScript writes them", () => {
    const latest = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    const days = [0, 1, 31, 58, 59, 60, 364, 365, 366, 789, 10_957, 11_016, 11_017, 36_583, 47_540, 47_541];
    const known = days.flatMap((day) => [day * 86_400_000, (day + 1) * 86_400_000 - 1]);
    for (const moment of [...known, latest]) expect(written(moment)).toBe(new Date(moment).toISOString());
    fc.assert(
      fc.property(fc.integer({ min: 0, max: latest }), (moment) => written(moment) === new Date(moment).toISOString()),
    );
    expect([written(-1), written(latest + 1)]).toEqual([written(0), written(latest)]);
  });
});

it("identifiers are random but for their version and variant", () => {
  const write = (byte: number) => {
    lib.put(lib.free, new Uint8Array(16).fill(byte));
    lib.call("writeUuid", lib.free + 16, lib.free);
    return lib.text(lib.free + 16, 36);
  };
  expect([write(0), write(0xff)]).toEqual([
    "00000000-0000-4000-8000-000000000000",
    "ffffffff-ffff-4fff-bfff-ffffffffffff",
  ]);
});

describe("escapes", () => {
  /** The text as it stands in XML, or -1. Nothing is written beyond what is promised. */
  function escaped(text: string, place: number): string | -1 {
    const room = 6 * Buffer.byteLength(text) + 16;
    lib.put(lib.free, new Uint8Array(room + 16).fill(FENCE));
    const length = lib.call("escapeXml", ...put(text, 16), lib.free, place);
    expect(lib.bytes(lib.free + room, 16).every((byte) => byte === FENCE)).toBe(true);
    return length < 0 ? -1 : lib.text(lib.free, length);
  }

  /** The rules once more, character by character. */
  function expected(text: string, place: number): string | -1 {
    const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };
    const own: Record<string, string> = { '"': "&quot;", "\n": "&#10;", "\t": "&#9;" };
    let result = "";
    for (const character of text) {
      const code = character.codePointAt(0) ?? 0;
      if ((code < 0x20 && !"\t\n\r".includes(character)) || code === 0xfffe || code === 0xffff) return -1;
      result += entities[character] ?? (place === ATTRIBUTE ? own[character] : undefined) ?? character;
    }
    return result;
  }

  const characters = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz") },
    {
      weight: 3,
      arbitrary: fc.constantFrom("<", ">", "&", '"', "'", "\r", "\n", "\t", "=", "}", "é", "\uffee", "\uf8ff", "😀"),
    },
    { weight: 1, arbitrary: fc.constantFrom("\0", "\x1f", "\ufffe", "\uffff", "\ufffd", "\x7f") },
  );

  it("are those of the standard, wherever in a text they stand", () => {
    for (const place of [CONTENT, ATTRIBUTE])
      for (let before = 0; before < 34; before++)
        for (const special of ['<>&"\r\n\t', "\ufffe", "\uffff", "\uffbd", "\x1f"]) {
          const text = `${"x".repeat(before)}${special}${"y".repeat(before)}`;
          expect(escaped(text, place)).toBe(expected(text, place));
        }
  });

  it("of random texts", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: characters, maxLength: 80 }),
        fc.constantFrom(CONTENT, ATTRIBUTE),
        (text, place) => {
          expect(escaped(text, place)).toBe(expected(text, place));
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("white space", () => {
  function spaced(name: "collapseSpace" | "replaceSpace", text: string): string {
    lib.call(name, ...put(text));
    return lib.text(lib.call("spacedStart"), lib.call("spacedLength"));
  }
  const texts = fc.string({
    unit: fc.constantFrom(" ", "\t", "\n", "\r", "a", "b", "é", "\u0085", "\x01", "long word"),
    maxLength: 50,
  });

  it("is collapsed and replaced in place", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(spaced("replaceSpace", text)).toBe(text.replace(/[\t\n\r]/g, " "));
        expect(spaced("collapseSpace", text)).toBe(text.replace(/[ \t\n\r]+/g, " ").replace(/^ | $/g, ""));
      }),
      { numRuns: 1000 },
    );
  });
});

describe("numbers", () => {
  const order = (a: string, b: string) => {
    const bytes = Buffer.from(a + b);
    const [address] = put(bytes);
    return Math.sign(lib.call("decimalOrder", address, a.length, address + a.length, b.length));
  };

  it.each<[string, string, number]>([
    ["0", "-0.0", 0],
    ["1", "1.000", 0],
    ["1e2", "100", 0],
    ["0.01", "1e-2", 0],
    ["000.1", ".1", 0],
    ["9.99", "10", -1],
    ["1.5", "1.51", -1],
    ["-2", "-10", 1],
    ["-1", "0", -1],
    ["1e999999999999", "1e999999999998", 0],
    ["123456789012345678901234567890.1", "123456789012345678901234567890.09", 1],
  ])("%s against %s", (a, b, expected) => {
    expect(order(a, b)).toBe(expected);
    expect(order(b, a)).toBe(expected === 0 ? 0 : -expected);
  });
});

it("characters are counted as the other counter does", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (text) => {
      const characters = [...text].length;
      expect([lib.call("utf8CharactersOfValid", ...put(text)), lib.call("utf8Characters", ...put(text))]).toEqual([
        characters,
        characters,
      ]);
    }),
  );
});

it("a tape of so many nodes holds any text", () => {
  fc.assert(
    fc.property(fc.json({ depthSize: "medium" }), (text) => {
      const room = lib.call("jsonNodesAtMost", ...put(text));
      const [address, length] = put(text);
      expect(lib.call("jsonRead", address, length, lib.free, room, 64)).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

it("names that can stand in a tag", () => {
  const names = ["a", "_", "é", "Ab-1.2_é", "", "1", "-a", ".a", "a:b", "a b", "a>", 'a"', "a/", "a=", "@a"];
  expect(names.filter((name) => lib.call("isXmlName", ...put(name)) === 1)).toEqual(["a", "_", "é", "Ab-1.2_é"]);
});
