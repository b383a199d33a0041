import { createPublicKey, verify } from "node:crypto";
import type { Assembly } from "./assembly.js";
import { ALGORITHMS, type Algorithm, type ReadToken, TAG_BYTES, type Tokens, VALID } from "./tokens.js";

/** A key or a document of keys: as a value, or as the text of it. */
export type Document = object | string;

export interface ReadKey {
  /** `JwkRefusal` by its word. */
  refusal: string;
  type: "" | "rsa" | "ec" | "secret";
  algorithm: Algorithm;
  kid: string | undefined;
  /** SubjectPublicKeyInfo, or a secret. */
  key: Buffer;
}

export const USABLE = "key-usable";

const TYPES = ["", "rsa", "ec", "secret"] as const;
const RECORD_BYTES = 28;
const MOST_KEYS = 16;
const TAPE_BYTES = 64 << 10;
const FENCE = 0xa5;

/** Keys in the library, in the lower half of a memory whose upper half is for tokens. */
export class Keys {
  private readonly lib: Assembly;
  private readonly records: number;
  private readonly tape: number;
  private readonly source: number;
  private readonly space: number;

  constructor(lib: Assembly) {
    this.lib = lib;
    this.records = 1 << 20;
    this.tape = this.records + 1024;
    this.source = this.tape + TAPE_BYTES;
    this.space = this.source + TAPE_BYTES;
    lib.ensure(4 << 20);
  }

  /** Reads one key; nothing is written behind the space of one. */
  read(document: Document): ReadKey {
    this.parse(document);
    const [room, target] = [1072, this.space];
    this.lib.put(target + room, new Uint8Array(8).fill(FENCE));
    const refusal = this.lib.call("readJwk", this.tape, 0, target, this.records);
    if (this.lib.bytes(target + room, 8).some((byte) => byte !== FENCE)) throw new Error("a key was written too long");
    const word = this.lib.text(this.records + 512, this.lib.call("writeJwkRefusal", refusal, this.records + 512));
    return { refusal: word, ...this.key(0, word === USABLE) };
  }

  /** Reads a set; the keys of it, or the number of the error. */
  readSet(document: Document, most = MOST_KEYS): ReadKey[] | number {
    const bytes = this.parse(document);
    const end = this.space + this.lib.call("jwksSpaceBytes", bytes);
    this.lib.put(end, new Uint8Array(8).fill(FENCE));
    const count = this.lib.call("readJwks", this.tape, this.records, most, this.space);
    if (this.lib.bytes(end, 8).some((byte) => byte !== FENCE)) throw new Error("keys were written too long");
    return count < 0
      ? count
      : Array.from({ length: count }, (_, index) => ({ refusal: USABLE, ...this.key(index, true) }));
  }

  get passedOver(): number {
    return this.lib.call("jwksPassedOver");
  }

  /** The index of the key of the set at hand that a token means, or what there is instead. */
  find(count: number, kid: string | Uint8Array | undefined, algorithm: Algorithm): number {
    const bytes = Buffer.from(kid ?? "");
    const at = this.records + 512;
    this.lib.put(at, bytes);
    const wanted = ALGORITHMS.indexOf(algorithm);
    return this.lib.call("findJwk", this.records, count, kid === undefined ? 0 : at, bytes.length, wanted);
  }

  /** A signature of r and s in DER; undefined if it is none. */
  der(curve: 32 | 48, signature: Uint8Array): Buffer | undefined {
    const target = this.space + 1024;
    this.lib.put(target, new Uint8Array(112).fill(FENCE));
    const length = this.lib.call("ecdsaToDer", curve, this.lib.putLast(signature), signature.length, target);
    if (this.lib.bytes(target + Math.max(0, length), 8).some((byte) => byte !== FENCE)) throw new Error("too long");
    return length < 0 ? undefined : Buffer.from(this.lib.bytes(target, length));
  }

  private parse(document: Document): number {
    const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
    this.lib.put(this.source, bytes);
    const nodes = this.lib.call("jsonParse", this.source, bytes.length, this.tape, TAPE_BYTES / 16, 16);
    if (nodes < 0) throw new Error(`no JSON: ${nodes}`);
    return bytes.length;
  }

  private key(index: number, usable: boolean): Omit<ReadKey, "refusal"> {
    const record = Buffer.from(this.lib.bytes(this.records + RECORD_BYTES * index, RECORD_BYTES));
    const [type, algorithm, , kid, kidLength, key, keyLength] = Array.from({ length: 7 }, (_, field) =>
      usable ? record.readUInt32LE(4 * field) : 0,
    );
    return {
      type: TYPES[type ?? 0] ?? "",
      algorithm: ALGORITHMS[algorithm ?? 0] ?? "",
      kid: kid === 0 ? undefined : this.lib.text(kid ?? 0, kidLength ?? 0),
      key: Buffer.from(this.lib.bytes(key ?? 0, keyLength ?? 0)),
    };
  }
}

/** What a module does with a token: read, find the one key, verify. Public keys are verified by OpenSSL, with the DER that a host would get. */
export function isRight(tokens: Tokens, keys: Keys, set: Document, token: string): boolean {
  const read = tokens.read(token);
  if (read.refusal !== VALID) return false;
  const found = keys.readSet(set);
  if (typeof found === "number") return false;
  const key = found[keys.find(found.length, read.kid, read.algorithm)];
  if (key === undefined || !verifies(tokens, keys, read, key)) return false;
  // What was signed here need not be JSON.
  return tokens.readPayload() !== "token-encoding";
}

function verifies(tokens: Tokens, keys: Keys, { algorithm, signed, signature }: ReadToken, key: ReadKey): boolean {
  const hash = `sha${algorithm.slice(2)}`;
  switch (algorithm) {
    case "HS256":
    case "HS384":
    case "HS512":
      return key.type === "secret" && signature.length === TAG_BYTES[algorithm] && tokens.matches(key.key, algorithm);
    case "RS256":
    case "RS384":
    case "RS512":
      return key.type === "rsa" && verifiesDer(hash, signed, key.key, signature);
    case "ES256":
    case "ES384": {
      const der = keys.der(algorithm === "ES256" ? 32 : 48, signature);
      return key.type === "ec" && der !== undefined && verifiesDer(hash, signed, key.key, der);
    }
    case "":
      return false;
  }
}

/** As Envoy's `verify_signature` does: a key that cannot be read verifies nothing. */
export function verifiesDer(hash: string, text: string | Uint8Array, spki: Buffer, signature: Uint8Array): boolean {
  try {
    const key = createPublicKey({ key: spki, format: "der", type: "spki" });
    return verify(hash, Buffer.from(text), key, signature);
  } catch {
    return false;
  }
}
