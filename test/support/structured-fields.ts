import { expect } from "vitest";
import { type Assembly, instantiateAssembly } from "./assembly.js";

// The reader of structured fields that the modules have, which is held to the cases of the working group, for tests of fields that others write.

type Bare = number | string | boolean | { __type: string; value: string };
type Params = [string, Bare][];
export type Item = [Bare, Params];
export type Member = Item | [Item[], Params];

const ROOM = 4096;
const NODE_BYTES = 16;
const READERS = { item: "readItem", list: "readList", dictionary: "readDictionary" } as const;
type Kind = keyof typeof READERS;

export async function loadStructuredFields(): Promise<StructuredFields> {
  const lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  lib.ensure(1 << 20);
  return new StructuredFields(lib);
}

function base32(bytes: Buffer): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = (bits.match(/.{1,5}/g) ?? []).map(
    (five) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(five.padEnd(5, "0"), 2)],
  );
  return digits.join("").padEnd(Math.ceil(digits.length / 8) * 8, "=");
}

/** A field that is read stays at hand until the next one is. */
export class StructuredFields {
  /** Whether a name stood twice in what was rebuilt last: then it is not what is sent. */
  twins = false;
  private readonly lib: Assembly;

  constructor(lib: Assembly) {
    this.lib = lib;
  }

  /** How many nodes a field has; below 0 if it is none. */
  read(text: string | Uint8Array, kind: Kind, room = ROOM): number {
    const { lib } = this;
    const bytes = Buffer.from(text);
    lib.put(lib.free + room * NODE_BYTES, new Uint8Array(8).fill(0xa5));
    const nodes = lib.call(READERS[kind], lib.putLast(bytes), bytes.length, lib.free, room);
    expect(lib.bytes(lib.free + room * NODE_BYTES, 8)).toEqual(new Uint8Array(8).fill(0xa5));
    return nodes;
  }

  /** What the nodes stand for, as the suite writes it. */
  rebuild(kind: Kind, nodes: number): unknown {
    this.twins = false;
    if (kind === "item") return this.item(0);
    if (kind === "list") return this.members(nodes);
    const entries = new Map<string, Member>();
    for (let index = 0; index < nodes; index = this.node(index).next) {
      const key = this.node(index).text();
      this.twins ||= entries.has(key);
      entries.set(key, this.member(index + 1));
    }
    return [...entries];
  }

  /** The members of a list. */
  members(nodes: number): Member[] {
    const members: Member[] = [];
    for (let index = 0; index < nodes; index = this.node(index).next) members.push(this.member(index));
    return members;
  }

  /** The whole field in the form that it is sent in. */
  serialize(kind: Kind, nodes: number): string {
    if (kind === "item") return this.compose(0);
    const members: string[] = [];
    for (let index = 0; index < nodes; index = this.node(index).next) {
      if (kind === "list") members.push(this.compose(index));
      // A member that is true is left out, as a parameter is.
      else if (this.node(index + 1).type === 6)
        members.push(this.node(index).text() + this.compose(index + 1).replace(/^\?1/, ""));
      else members.push(`${this.node(index).text()}=${this.compose(index + 1)}`);
    }
    return members.join(", ");
  }

  private node(index: number) {
    const { lib } = this;
    const record = Buffer.from(lib.bytes(lib.free + NODE_BYTES * index, NODE_BYTES));
    const [type, start, length, next] = [0, 4, 8, 12].map((at) => record.readUInt32LE(at));
    return { type, length: length ?? 0, next: next ?? 0, text: () => lib.text(start ?? 0, length ?? 0) };
  }

  private bare(index: number): Bare {
    const { type, text } = this.node(index);
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

  /** Of two with one name the last counts, at the place of the first. */
  private params(from: number, to: number): Params {
    const found = new Map<string, Bare>();
    for (let key = from; key < to; key = this.node(key).next) {
      expect(this.node(key).type).toBe(9);
      this.twins ||= found.has(this.node(key).text());
      found.set(this.node(key).text(), this.bare(key + 1));
    }
    return [...found];
  }

  private item(index: number): Item {
    return [this.bare(index), this.params(index + 1, this.node(index).next)];
  }

  private member(index: number): Member {
    const { type, length, next } = this.node(index);
    if (type !== 8) return this.item(index);
    const items: Item[] = [];
    let at = index + 1;
    for (; items.length < length; at = this.node(at).next) items.push(this.item(at));
    return [items, this.params(at, next)];
  }

  private compose(index: number): string {
    const { lib } = this;
    lib.call("arenaReset");
    const length = lib.call("composeStructured", lib.free, index, this.node(index).type === 8 ? 1 : 0, 1 << 16);
    return lib.text(lib.call("composedStart"), length);
  }
}
