import type { Assembly } from "./assembly.js";

/** A request, as far as signatures have to do with it. */
export interface SignedRequest {
  method: string;
  scheme: "http" | "https";
  authority: string;
  target: string;
  /** By their names in small letters; each is there once. */
  fields: Readonly<Record<string, string>>;
}

/** `test-request` of RFC 9421, appendix B.2. */
export const PUBLISHED_REQUEST: SignedRequest = {
  method: "POST",
  scheme: "https",
  authority: "example.com",
  target: "/foo?param=Value&Pet=dog",
  fields: {
    date: "Tue, 20 Apr 2021 02:07:55 GMT",
    "content-type": "application/json",
    "content-digest":
      "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:",
    "content-length": "18",
  },
};

export interface ReadSignature {
  /** `SignatureRefusal` by its word. */
  refusal: string;
  created: number | undefined;
  expires: number | undefined;
  keyid: string | undefined;
  alg: string | undefined;
  nonce: string | undefined;
  tag: string | undefined;
  signature: Buffer;
}

export const SIGNED = "signature-valid";

const SPACE_BYTES = 2 * 256 * 16 + 684;
const FENCE = 0xa5;

/** Signatures in the library; the one that was read last can be asked about. */
export class Signatures {
  private readonly lib: Assembly;
  private readonly record: number;
  private readonly request: number;
  private readonly space: number;
  private readonly texts: number;
  /** Where the next text is put; those of the signature at hand stay. */
  private free = 0;

  constructor(lib: Assembly) {
    this.lib = lib;
    this.record = lib.free;
    this.request = this.record + 80;
    this.space = this.request + 32;
    this.texts = this.space + SPACE_BYTES + 16;
    lib.ensure(4 << 20);
  }

  /** Reads the signature with a label, or the only one. */
  read(input: string, signature: string, label = ""): ReadSignature {
    this.free = this.texts;
    this.lib.put(this.space + SPACE_BYTES, new Uint8Array(8).fill(FENCE));
    const fields = [this.put(input), this.put(signature), this.put(label)].flat();
    const code = this.lib.call("readHttpSignature", ...fields, this.space, this.record);
    if (this.lib.bytes(this.space + SPACE_BYTES, 8).some((byte) => byte !== FENCE)) throw new Error("read too long");
    const refusal = this.word(code);
    const read = refusal === SIGNED;
    const time = (at: number) => (read ? this.memory(this.record + at, 8).readBigInt64LE() : -1n);
    const text = (at: number) => (read && this.word32(at) !== 0 ? this.slice(at).toString() : undefined);
    return {
      refusal,
      created: time(0) < 0n ? undefined : Number(time(0)),
      expires: time(8) < 0n ? undefined : Number(time(8)),
      keyid: text(28),
      alg: text(36),
      nonce: text(44),
      tag: text(52),
      signature: read ? this.slice(60) : Buffer.alloc(0),
    };
  }

  /** The base of the signature at hand; undefined if a component has no value, or there is no room. */
  base({ method, scheme, authority, target, fields }: SignedRequest, capacity = 1 << 16): string | undefined {
    const lib = this.lib;
    const slices = [method, scheme, authority, target].flatMap((text) => this.put(text));
    lib.put(this.request, Buffer.from(Uint32Array.from(slices).buffer));
    lib.call("arenaReset");
    lib.call("beginSignatureBase", capacity);
    for (let index = 0; index < this.word32(24); index++) if (!this.putComponent(index, fields)) return undefined;
    if (lib.call("endSignatureBase", this.record) === 0) return undefined;
    return Buffer.from(lib.bytes(lib.call("composedStart"), lib.call("composedLength"))).toString("latin1");
  }

  covers(name: string): boolean {
    return this.lib.call("covers", this.record, ...this.put(name)) === 1;
  }

  timesHold(now: number, maxAge: number, skew: number): string {
    return this.word(this.lib.call("httpSignatureTimesHold", this.record, BigInt(now), BigInt(maxAge), BigInt(skew)));
  }

  private putComponent(index: number, fields: SignedRequest["fields"]): boolean {
    const lib = this.lib;
    if (lib.call("componentKind", this.record, index) !== 0)
      return lib.call("putDerived", this.record, index, this.request) === 1;
    const name = this.memory(this.word32(16) + 16 * (this.word32(20) + 1 + index), 16);
    const value = fields[lib.text(name.readUInt32LE(4), name.readUInt32LE(8))];
    return value !== undefined && lib.call("putField", this.record, index, ...this.put(value)) === 1;
  }

  private put(text: string): [address: number, length: number] {
    const bytes = Buffer.from(text, "latin1");
    const at = this.free;
    this.lib.put(at, bytes);
    this.free += bytes.length + 16;
    return [at, bytes.length];
  }

  private word(refusal: number): string {
    return this.lib.text(this.free, this.lib.call("writeSignatureRefusal", refusal, this.free));
  }

  private memory(address: number, length: number): Buffer {
    return Buffer.from(this.lib.bytes(address, length));
  }

  /** A number of the record. */
  private word32(offset: number): number {
    return this.memory(this.record + offset, 4).readUInt32LE();
  }

  private slice(at: number): Buffer {
    return this.memory(this.word32(at), this.word32(at + 4));
  }
}
