import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

const TYPE = { null: 1, false: 2, true: 3, number: 4, string: 5, array: 6, object: 7, name: 8 } as const;
const ERROR = {
  syntax: -1,
  end: -2,
  depth: -3,
  nodes: -4,
  duplicate: -5,
  utf8: -6,
  escape: -7,
  control: -8,
  number: -9,
  trailing: -10,
  members: -11,
} as const;
const NODE_BYTES = 16;

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

interface Bounds {
  nodes?: number;
  depth?: number;
}

/** Parses a text that ends where the memory ends; the tape has exactly the room that is said to be enough. */
function parse(source: string | Uint8Array, { nodes, depth = 64 }: Bounds = {}): number {
  const bytes = Buffer.from(source);
  const room = nodes ?? (bytes.length >> 1) + 1;
  const behind = lib.free + room * NODE_BYTES;
  lib.ensure(behind + 16 + bytes.length);
  const fence = Buffer.alloc(16, 0xa5);
  lib.put(behind, fence);
  const result = lib.call("jsonParse", lib.putLast(bytes), bytes.length, lib.free, room, depth);
  expect(lib.bytes(behind, 16).every((byte) => byte === 0xa5)).toBe(true);
  return result;
}

const type = (node: number) => lib.call("jsonType", lib.free, node);
const length = (node: number) => lib.call("jsonLength", lib.free, node);
const next = (node: number) => lib.call("jsonNext", lib.free, node);
const text = (node: number) => lib.text(lib.call("jsonStart", lib.free, node), length(node));

/** The document that the tape stands for. */
function rebuild(node = 0): Json {
  switch (type(node)) {
    case TYPE.null:
      return null;
    case TYPE.false:
      return false;
    case TYPE.true:
      return true;
    case TYPE.number:
      return Number(text(node));
    case TYPE.string:
      return text(node);
    case TYPE.array:
      return children(node, 1).map(rebuild);
    case TYPE.object:
      return Object.fromEntries(
        children(node, 2).map((name) => {
          expect(type(name)).toBe(TYPE.name);
          return [text(name), rebuild(name + 1)];
        }),
      );
    default:
      return expect.fail(`node ${node} has no known type`);
  }
}

/** First node of each child; `step` is 2 where a child is a name and a value. */
function children(node: number, step: 1 | 2): number[] {
  const found: number[] = [];
  for (let child = node + 1; child < next(node); child = next(child + step - 1)) found.push(child);
  expect(found).toHaveLength(length(node));
  return found;
}

function member(name: string): number {
  const bytes = Buffer.from(name);
  const at = lib.free + 1024 * NODE_BYTES;
  lib.put(at, bytes);
  return lib.call("jsonMember", lib.free, 0, at, bytes.length);
}

describe("the tape", () => {
  it("holds a document as nodes in order, each with the index after its subtree", () => {
    expect(parse('{"a":[1,{}],"b":null}')).toBe(7);
    const nodes = Array.from({ length: 7 }, (_, node) => [type(node), length(node), next(node)]);
    expect(nodes).toEqual([
      [TYPE.object, 2, 7],
      [TYPE.name, 1, 2],
      [TYPE.array, 2, 5],
      [TYPE.number, 1, 4],
      [TYPE.object, 0, 5],
      [TYPE.name, 1, 6],
      [TYPE.null, 4, 7],
    ]);
  });

  it("gives the value of a member by its unescaped name", () => {
    parse('{"route":{"name":1},"n\\u0061me":"x","":2}');
    expect(text(member("name"))).toBe("x");
    expect(text(member(""))).toBe("2");
    expect(type(member("route"))).toBe(TYPE.object);
    expect(member("nam")).toBe(-1);
    expect(member("names")).toBe(-1);
  });

  it("keeps a number as it was written", () => {
    parse("[1e2, -0.10, 123456789012345678901234567890]");
    expect([1, 2, 3].map(text)).toEqual(["1e2", "-0.10", "123456789012345678901234567890"]);
  });

  it("stands for what JSON.parse reads, whatever the document and its spacing", () => {
    const space = fc.constantFrom(undefined, 1, "\t");
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), space, (value, indent) => {
        const source = JSON.stringify(value, null, indent);
        expect(parse(source)).toBeGreaterThan(0);
        expect(lib.call("jsonErrorOffset")).toBe(0);
        expect(rebuild()).toEqual(JSON.parse(source));
      }),
      { numRuns: 500 },
    );
  });
});

describe("strings", () => {
  it("unescapes every form, next to runs of any length", () => {
    const escapes = '\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u0000 \\u00e9 \\u20AC \\ud83d\\ude00 \\uD83D\\uDE00';
    for (let run = 0; run <= 40; run++) {
      const source = `"${"r".repeat(run)}${escapes}${"é".repeat(run)}"`;
      parse(source);
      expect(rebuild()).toBe(JSON.parse(source));
    }
  });

  it("agrees with JSON.parse on any four-digit escape, alone and in pairs", () => {
    const unit = fc.nat(0xffff).map((value) => `\\u${value.toString(16).padStart(4, "0")}`);
    const surrogate = fc.integer({ min: 0xd800, max: 0xdfff }).map((value) => `\\u${value.toString(16)}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(unit, surrogate), { minLength: 1, maxLength: 3 }), (escapes) => {
        const source = `"${escapes.join("")}"`;
        const expected: string = JSON.parse(source);
        const wellFormed = !/[\ud800-\udfff]/u.test(expected);
        const result = parse(source);
        expect(result).toBe(wellFormed ? 1 : ERROR.escape);
        if (result > 0) expect(text(0)).toBe(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses each control character, at any place in a block", () => {
    for (let byte = 0; byte < 0x20; byte++) {
      for (let before = 0; before <= 17; before++) {
        const source = `"${"a".repeat(before)}${String.fromCharCode(byte)}${"b".repeat(20)}"`;
        expect(parse(source)).toBe(ERROR.control);
        expect(lib.call("jsonErrorOffset")).toBe(before + 1);
      }
    }
  });
});

describe("refusals", () => {
  it.each([
    ["", "end", 0],
    ["  ", "end", 2],
    ["[1,", "end", 3],
    ['{"a"', "end", 4],
    ['"abc', "end", 4],
    ["tru", "end", 3],
    ["[1,]", "syntax", 3],
    ["[1 2]", "syntax", 3],
    ['{"a":1,}', "syntax", 7],
    ['{"a" 1}', "syntax", 5],
    ["{a:1}", "syntax", 1],
    ["[1}", "syntax", 2],
    ["nul1", "syntax", 0],
    ["[01]", "syntax", 2],
    ["[1.]", "number", 1],
    ["[-]", "number", 1],
    ["[1e+]", "number", 1],
    ["{} {}", "trailing", 3],
    ["1]", "trailing", 1],
    ['["\\x"]', "escape", 2],
    ['["ab\\ud800"]', "escape", 4],
    ['["\\udc00\\ud800"]', "escape", 2],
    ['"\\', "escape", 1],
    ["\ufeff{}", "syntax", 0],
  ] as const)("%j: %s at %i", (source, error, offset) => {
    expect(parse(source)).toBe(ERROR[error]);
    expect(lib.call("jsonErrorOffset")).toBe(offset);
  });

  it("names the first byte that is not UTF-8", () => {
    expect(parse(Buffer.from('["é\xff"]', "latin1"))).toBe(ERROR.utf8);
    expect(lib.call("jsonErrorOffset")).toBe(2);
  });

  it("counts depth by containers", () => {
    const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
    expect(parse("1", { depth: 0 })).toBe(1);
    expect(parse("[]", { depth: 0 })).toBe(ERROR.depth);
    expect(parse(nested(64))).toBe(64);
    expect(parse(nested(65))).toBe(ERROR.depth);
    expect(lib.call("jsonErrorOffset")).toBe(64);
    expect(parse(`[${"[],{},".repeat(100)}[]]`, { depth: 2 })).toBe(202);
  });

  it("stops when the tape is full", () => {
    expect(parse("[1,2]", { nodes: 3 })).toBe(3);
    expect(parse("[1,2]", { nodes: 2 })).toBe(ERROR.nodes);
    expect(parse('{"a":1}', { nodes: 2 })).toBe(ERROR.nodes);
    expect(parse("1", { nodes: 0 })).toBe(ERROR.nodes);
  });

  it("allows 65,536 members of one object and not one more", () => {
    const object = (members: number) => `{${Array.from({ length: members }, (_, i) => `"${i}":0`).join()}}`;
    expect(parse(object(65536))).toBe(1 + 2 * 65536);
    expect(parse(object(65537))).toBe(ERROR.members);
  });
});

describe("names of members", () => {
  it.each([
    ['{"a":1,"a":2}', 8],
    ['{"a":1,"\\u0061":2}', 8],
    ['{"":1,"b":2,"":3}', 13],
    ['[{"x":{"a":1,"b":2,"a":3}}]', 20],
    ['{"a":{"a":1},"b":0,"a":2}', 20],
  ])("%s stands twice at %i", (source, offset) => {
    expect(parse(source)).toBe(ERROR.duplicate);
    expect(lib.call("jsonErrorOffset")).toBe(offset);
  });

  it("may be the same in different objects", () => {
    expect(parse('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}')).toBeGreaterThan(0);
  });

  it("are told apart whatever their order, and one that stands twice is always found", () => {
    const names = fc.uniqueArray(fc.string({ unit: fc.constantFrom("a", "b", "é"), maxLength: 9 }), { maxLength: 80 });
    const object = (of: string[]) => `{${of.map((name, i) => `${JSON.stringify(name)}:[${i}]`).join()}}`;
    fc.assert(
      fc.property(names, fc.nat(), fc.nat(), (unique, which, place) => {
        const source = object(unique);
        expect(parse(source)).toBeGreaterThan(0);
        expect(rebuild()).toEqual(JSON.parse(source));
        if (unique.length === 0) return;
        const repeated = unique[which % unique.length] ?? "";
        const twice = unique.toSpliced(place % (unique.length + 1), 0, repeated);
        expect(parse(object(twice))).toBe(ERROR.duplicate);
      }),
      { numRuns: 500 },
    );
  });
});

describe("integers", () => {
  it.each([
    ["0", 0n],
    ["-0", 0n],
    ["42", 42n],
    ["-7", -7n],
    ["9007199254740991", 9007199254740991n],
    ["-9007199254740991", -9007199254740991n],
  ])("%s is %d", (source, value) => {
    parse(source);
    expect(lib.call("jsonIsInteger", lib.free, 0)).toBe(1);
    expect(lib.callLong("jsonInteger", lib.free, 0)).toBe(value);
  });

  it.each(["9007199254740992", "-9007199254740992", "18446744073709551617", "1.0", "1e3", "1E0", '"1"', "true", "[1]"])(
    "%s is none",
    (source) => {
      parse(source);
      expect(lib.call("jsonIsInteger", lib.free, 0)).toBe(0);
      expect(lib.callLong("jsonInteger", lib.free, 0)).toBe(0n);
    },
  );
});

describe("hostile input", () => {
  const accepts = (bytes: Uint8Array) => {
    try {
      JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
      return true;
    } catch {
      return false;
    }
  };
  /** Refused by this parser alone; JSON.parse lets them pass. */
  const stricter: number[] = [ERROR.duplicate, ERROR.escape, ERROR.depth];

  it("never traps on damaged documents, and accepts nothing that JSON.parse refuses", () => {
    const damage = fc.record({
      place: fc.nat(),
      byte: fc.oneof(
        fc.nat(255),
        fc.constantFrom(...'[]{},:"\\u0-e.').map((c) => c.charCodeAt(0)),
      ),
    });
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: "binary" }), fc.array(damage, { maxLength: 4 }), (value, damages) => {
        const bytes = Buffer.from(JSON.stringify(value));
        for (const { place, byte } of damages) bytes[place % bytes.length] = byte;
        const good = accepts(bytes);
        const result = parse(bytes);
        if (result > 0) expect(good).toBe(true);
        else expect(!good || stricter.includes(result)).toBe(true);
        const offset = lib.call("jsonErrorOffset");
        expect(offset >= 0 && offset <= bytes.length).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it("never traps on random bytes, nor on any prefix of a document", () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => parse(bytes) > 0 === accepts(bytes) || accepts(bytes)));
    const document = '{"a":[true,false,null,-1.5e+3,"\\u00e9\\ud83d\\ude00é"],"b":{"c":""}}';
    const bytes = Buffer.from(document);
    for (let cut = 0; cut < bytes.length; cut++) expect(parse(bytes.subarray(0, cut))).toBeLessThan(0);
    expect(parse(bytes)).toBeGreaterThan(0);
  });
});
