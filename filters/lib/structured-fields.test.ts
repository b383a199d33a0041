import { readFileSync } from "node:fs";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

type Bare = number | string | boolean | { __type: string; value: string };
type Params = [string, Bare][];
type Item = [Bare, Params];
type Member = Item | [Item[], Params];

const Case = z.object({
  name: z.string(),
  raw: z.array(z.string()),
  header_type: z.enum(["item", "list", "dictionary"]),
  expected: z.unknown().optional(),
  must_fail: z.boolean().optional(),
  can_fail: z.boolean().optional(),
  canonical: z.array(z.string()).optional(),
});
const suite = z
  .record(z.string(), z.array(Case))
  .parse(JSON.parse(readFileSync(new URL("../../test/corpora/structured-fields.json", import.meta.url), "utf8")));

/** What RFC 9651 has added to RFC 8941, in whatever files its cases are. */
const ADDED = new Set(["date", "display-string"]);
/** Taken or refused as the parser likes. */
const CAN_FAIL: Record<string, "taken" | "refused"> = {
  "binary: bad padding": "refused",
  "binary: non-zero pad bits": "refused",
  "string: two lines string": "taken",
};

const ROOM = 4096;
const NODE_BYTES = 16;
const READERS = { item: "readItem", list: "readList", dictionary: "readDictionary" } as const;

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  lib.ensure(1 << 20);
});

function read(text: string | Uint8Array, kind: keyof typeof READERS, room = ROOM): number {
  const bytes = Buffer.from(text);
  lib.put(lib.free + room * NODE_BYTES, new Uint8Array(8).fill(0xa5));
  const nodes = lib.call(READERS[kind], lib.putLast(bytes), bytes.length, lib.free, room);
  expect(lib.bytes(lib.free + room * NODE_BYTES, 8)).toEqual(new Uint8Array(8).fill(0xa5));
  return nodes;
}

function node(index: number) {
  const record = Buffer.from(lib.bytes(lib.free + NODE_BYTES * index, NODE_BYTES));
  const [type, start, length, next] = [0, 4, 8, 12].map((at) => record.readUInt32LE(at));
  return { type, length: length ?? 0, next: next ?? 0, text: () => lib.text(start ?? 0, length ?? 0) };
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = (bits.match(/.{1,5}/g) ?? []).map(
    (five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five.padEnd(5, "0"), 2)],
  );
  return digits.join("").padEnd(Math.ceil(digits.length / 8) * 8, "=");
}

function bare(index: number): Bare {
  const { type, text } = node(index);
  switch (type) {
    case 1:
    case 2:
      return Number(text()) + 0;
    case 3:
      return text().replace(/\\(.)/g, "$1");
    case 4:
      return { __type: "token", value: text() };
    case 5:
      return { __type: "binary", value: base32(Buffer.from(text(), "base64")) };
    case 6:
      return true;
    case 7:
      return false;
    default:
      return expect.fail(`node ${index} is no bare item`);
  }
}

/** Whether a name stood twice in what was rebuilt last: then it is not what is sent. */
let twins = false;

/** Of two with one name the last counts, at the place of the first. */
function params(from: number, to: number): Params {
  const found = new Map<string, Bare>();
  for (let key = from; key < to; key = node(key).next) {
    expect(node(key).type).toBe(9);
    twins ||= found.has(node(key).text());
    found.set(node(key).text(), bare(key + 1));
  }
  return [...found];
}

const item = (index: number): Item => [bare(index), params(index + 1, node(index).next)];

function member(index: number): Member {
  const { type, length, next } = node(index);
  if (type !== 8) return item(index);
  const items: Item[] = [];
  let at = index + 1;
  for (; items.length < length; at = node(at).next) items.push(item(at));
  return [items, params(at, next)];
}

/** What the tape stands for, as the suite writes it. */
function rebuild(kind: keyof typeof READERS, nodes: number): unknown {
  twins = false;
  if (kind === "item") return item(0);
  const members: Member[] = [];
  const entries = new Map<string, Member>();
  for (let index = 0; index < nodes; index = node(index).next) {
    const key = node(index).text();
    if (kind === "dictionary") twins ||= entries.has(key);
    if (kind === "dictionary") entries.set(key, member(index + 1));
    else members.push(member(index));
  }
  return kind === "dictionary" ? [...entries] : members;
}

function compose(index: number): string {
  lib.call("arenaReset");
  const length = lib.call("composeStructured", lib.free, index, node(index).type === 8 ? 1 : 0, 1 << 16);
  return lib.text(lib.call("composedStart"), length);
}

/** The whole field in the form that it is sent in. */
function serialize(kind: keyof typeof READERS, nodes: number): string {
  if (kind === "item") return compose(0);
  const members: string[] = [];
  for (let index = 0; index < nodes; index = node(index).next) {
    if (kind === "list") members.push(compose(index));
    // A member that is true is left out, as a parameter is.
    else if (node(index + 1).type === 6) members.push(node(index).text() + compose(index + 1).replace(/^\?1/, ""));
    else members.push(`${node(index).text()}=${compose(index + 1)}`);
  }
  return members.join(", ");
}

describe.each(Object.entries(suite))("%s", (group, cases) => {
  const taken = ADDED.has(group)
    ? []
    : cases.filter(({ must_fail, name }) => must_fail !== true && CAN_FAIL[`${group}: ${name}`] !== "refused");
  const refused = cases.filter((test) => !taken.includes(test));

  it(`takes ${taken.length}`, () => {
    for (const test of taken) {
      const nodes = read(test.raw.join(", "), test.header_type);
      expect(nodes, test.name).toBeGreaterThanOrEqual(0);
      expect(rebuild(test.header_type, nodes), test.name).toEqual(test.expected);
      // In the one form that it is sent in.
      if (!twins) expect(serialize(test.header_type, nodes), test.name).toBe((test.canonical ?? test.raw).join(", "));
    }
  });

  it(`refuses ${refused.length}`, () => {
    for (const test of refused) expect(read(test.raw.join(", "), test.header_type), test.name).toBe(-1);
  });
});

it("reads no more than there is room for", () => {
  const text = 'a=1;b=2, c=("d" "e";f)';
  const nodes = read(text, "dictionary");
  expect(nodes).toBe(10);
  for (let room = 0; room < nodes; room++) expect(read(text, "dictionary", room), `${room}`).toBe(-1);
  expect(read(text, "dictionary", nodes)).toBe(nodes);
  expect(read("(".repeat(60_000), "list")).toBe(-1);
  expect(read(`(${"(".repeat(60_000)}`, "list")).toBe(-1);
});

it("reads what it composed as the same, or refuses", () => {
  const pieces = fc.constantFrom(
    ...[
      "a",
      "b*",
      "=",
      ";",
      ", ",
      " ",
      "\t",
      "(",
      ")",
      '"x"',
      '"\\"',
      "?1",
      "?0",
      "-0",
      "007",
      "1.50",
      "tok/en",
      ":YQ==:",
      "*",
      "é",
      "\0",
    ],
  );
  const kinds = fc.constantFrom("item", "list", "dictionary");
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((all) => all.join("")),
    fc.string({ maxLength: 12 }),
  );
  fc.assert(
    fc.property(kinds, texts, (kind, text) => {
      const nodes = read(text, kind);
      if (nodes <= 0) return;
      const [value, sent] = [rebuild(kind, nodes), serialize(kind, nodes)];
      if (twins) return;
      expect(rebuild(kind, read(sent, kind))).toEqual(value);
      expect(serialize(kind, nodes)).toBe(sent);
    }),
    { numRuns: 3000 },
  );
});
