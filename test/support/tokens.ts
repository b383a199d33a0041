import { createHmac } from "node:crypto";
import type { Assembly } from "./assembly.js";

/** `JwsAlgorithm` of filters/lib/jws-algorithm.ts, in its order. */
export const ALGORITHMS = ["", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384"] as const;
export type Algorithm = (typeof ALGORITHMS)[number];

/** `JwtRefusal` by its words. */
export type Refusal = string;
export const VALID: Refusal = "token-valid";

export const base64url = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64url");

export const TAG_BYTES = { HS256: 32, HS384: 48, HS512: 64 } as const;

/** A token of these texts under an HMAC key; `algorithm` chooses the hash and stands nowhere else. */
export function signed(
  header: string | Uint8Array,
  payload: string | Uint8Array,
  key: Uint8Array,
  algorithm: keyof typeof TAG_BYTES = "HS256",
): string {
  const text = `${base64url(header)}.${base64url(payload)}`;
  const tag = createHmac(`sha${8 * TAG_BYTES[algorithm]}`, key)
    .update(text)
    .digest("base64url");
  return `${text}.${tag}`;
}

export interface ReadToken {
  refusal: Refusal;
  algorithm: Algorithm;
  kid: Buffer | undefined;
  type: string | undefined;
  signed: string;
  signature: Buffer;
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const RECORD_BYTES = 64;
const LIST_BYTES = 8192;
const FENCE = 0xa5;

/** Tokens in the library: the one that was read last can be asked about. Everything behind what a token may take is checked to stay as it was. */
export class Tokens {
  private readonly lib: Assembly;
  private readonly record: number;
  private readonly claimsRecord: number;
  private readonly list: number;
  private readonly space: number;

  constructor(lib: Assembly) {
    this.lib = lib;
    lib.ensure(1 << 20);
    this.record = lib.free;
    this.claimsRecord = this.record + RECORD_BYTES;
    this.list = this.claimsRecord + RECORD_BYTES;
    this.space = this.list + LIST_BYTES;
  }

  /** Reads all but the payload. */
  read(token: string | Uint8Array): ReadToken {
    const bytes = Buffer.from(token);
    const room = this.lib.call("jwsSpaceBytes", bytes.length);
    const at = this.lib.putLast(bytes);
    if (bytes.length <= 16_384) this.lib.put(this.space + room, new Uint8Array(16).fill(FENCE));
    const refusal = this.word(this.lib.call("readJws", at, bytes.length, this.space, this.record));
    if (refusal === VALID && this.lib.bytes(this.space + room, 16).some((byte) => byte !== FENCE))
      throw new Error("the token was read into more space than it said");
    const field = (index: number) => this.word32(this.record + 4 * index);
    const slice = (index: number) => Buffer.from(this.lib.bytes(field(index), field(index + 1)));
    const optional = (index: number) => (refusal === VALID && field(index) !== 0 ? slice(index) : undefined);
    const whole = refusal === VALID;
    return {
      refusal,
      algorithm: (whole ? ALGORITHMS[field(0)] : undefined) ?? "",
      kid: optional(1),
      type: optional(3)?.toString(),
      signed: whole ? slice(5).toString() : "",
      signature: whole ? slice(7) : Buffer.alloc(0),
    };
  }

  /** Reads the payload of the token at hand. */
  readPayload(): Refusal {
    return this.word(this.lib.call("readJwsPayload", this.record));
  }

  /** Reads the claims of the payload at hand. */
  readClaims(): Refusal {
    return this.word(this.lib.call("readJwtClaims", this.tape, this.claimsRecord));
  }

  /** Reads a token with its payload and its claims, up to the first refusal. */
  readAll(token: string | Uint8Array): Refusal {
    const { refusal } = this.read(token);
    if (refusal !== VALID) return refusal;
    const payload = this.readPayload();
    return payload === VALID ? this.readClaims() : payload;
  }

  /** Seconds of `nbf`, `iat` and `exp`, and the strings of `iss`, `sub` and `jti`. */
  claims() {
    const long = (index: number) => Number(this.memory(this.claimsRecord + 8 * index, 8).readBigInt64LE());
    const text = (index: number) => {
      const node = this.word32(this.claimsRecord + 24 + 4 * index);
      return node === 0 ? undefined : this.json(node);
    };
    return { nbf: long(0), iat: long(1), exp: long(2), iss: text(0), sub: text(1), aud: text(2), jti: text(3) };
  }

  timesHold(now: number, skew: number): Refusal {
    return this.word(this.lib.call("jwtTimesHold", this.claimsRecord, BigInt(now), BigInt(skew)));
  }

  isFor(audience: string): boolean {
    return this.lib.call("jwtIsFor", this.tape, this.claimsRecord, ...this.text(audience)) === 1;
  }

  scopes(most = 64): string[] | undefined {
    return this.slices(this.lib.call("jwtScopes", this.tape, this.claimsRecord, this.list, most));
  }

  /** The claim at a path, as JSON; undefined if there is none. */
  claim(path: string, separator = "."): Json | undefined {
    const node = this.claimNode(path, separator);
    return node === 0 ? undefined : this.json(node);
  }

  /** Whether the claim at a path is this string. */
  claimIs(path: string, text: string): boolean {
    const node = this.claimNode(path, ".");
    return this.lib.call("claimIs", this.tape, node, ...this.text(text)) === 1;
  }

  /** The strings of the claim at a path; undefined if it is no string and no array of strings, or has more than `most`. */
  texts(path: string, most = 64): string[] | undefined {
    return this.slices(this.lib.call("claimTexts", this.tape, this.claimNode(path, "."), this.list, most));
  }

  /** Whether the signature of the token at hand is the tag under a secret. */
  matches(secret: Uint8Array, algorithm: keyof typeof TAG_BYTES): boolean {
    // The list is not in use meanwhile.
    this.lib.call("hmacKey", TAG_BYTES[algorithm], this.put(secret), secret.length, this.list);
    return this.lib.call("jwsHmacMatches", this.record, this.list) === 1;
  }

  private get tape(): number {
    return this.word32(this.record + 40);
  }

  private claimNode(path: string, separator: string): number {
    return this.lib.call("claimAt", this.tape, ...this.text(path), separator.charCodeAt(0));
  }

  private slices(count: number): string[] | undefined {
    if (count < 0) return undefined;
    return Array.from({ length: count }, (_, index) => {
      const at = this.list + 8 * index;
      return this.lib.text(this.word32(at), this.word32(at + 4));
    });
  }

  private word(refusal: number): Refusal {
    return this.lib.text(this.list, this.lib.call("writeJwtRefusal", refusal, this.list));
  }

  /** Puts bytes where they do not overwrite the token at hand: in the upper half of the list. */
  private put(bytes: Uint8Array): number {
    const at = this.list + LIST_BYTES / 2;
    if (bytes.length > LIST_BYTES / 2) throw new Error("too long");
    this.lib.put(at, bytes);
    return at;
  }

  private text(text: string): [address: number, length: number] {
    const bytes = Buffer.from(text);
    return [this.put(bytes), bytes.length];
  }

  private memory(address: number, length: number): Buffer {
    return Buffer.from(this.lib.bytes(address, length));
  }

  private word32(address: number): number {
    return this.memory(address, 4).readUInt32LE();
  }

  /** What a node of the payload at hand stands for. */
  private json(node: number): Json {
    const [type, start, length] = [0, 4, 8].map((at) => this.word32(this.tape + 16 * node + at));
    const text = () => this.lib.text(start ?? 0, length ?? 0);
    switch (type) {
      case 1:
        return null;
      case 2:
        return false;
      case 3:
        return true;
      case 4:
        return Number(text());
      case 5:
        return text();
      case 6:
        return this.children(node, length ?? 0, 0).map((child) => this.json(child));
      default:
        return Object.fromEntries(
          this.children(node, length ?? 0, 1).map((name) => [this.textOf(name), this.json(name + 1)]),
        );
    }
  }

  private textOf(node: number): string {
    return this.lib.text(this.word32(this.tape + 16 * node + 4), this.word32(this.tape + 16 * node + 8));
  }

  /** The first node of each child; `named` is 1 if a name stands before each value. */
  private children(node: number, count: number, named: 0 | 1): number[] {
    const found: number[] = [];
    for (let child = node + 1; found.length < count; ) {
      found.push(child);
      child = this.word32(this.tape + 16 * (child + named) + 12);
    }
    return found;
  }
}
