import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/auth-probe.ts");
});

// NIST, FIPS 180-4 examples.
const TWO_BLOCKS = Buffer.from(
  "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
).toString("hex");

describe.each([
  {
    name: "sha512",
    bytes: 64,
    published: [
      [
        "",
        "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
      ],
      [
        "616263",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
      ],
      [
        TWO_BLOCKS,
        "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909",
      ],
    ],
  },
  {
    name: "sha384",
    bytes: 48,
    published: [
      ["", "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b"],
      ["616263", "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"],
      [TWO_BLOCKS, "09330c33f71147e83d192fc782cd1b4753111b173b3b05d22fa08086e3b0f712fcc7c71a557e2db966c3e9fa91746039"],
    ],
  },
])("$name", ({ name, bytes, published }) => {
  /** Nothing is written behind the digest. */
  function digest(message: Uint8Array): string {
    lib.put(lib.free, new Uint8Array(bytes + 8).fill(0xa5));
    lib.call(name, lib.putLast(message), message.length, lib.free);
    expect(lib.bytes(lib.free + bytes, 8)).toEqual(new Uint8Array(8).fill(0xa5));
    return Buffer.from(lib.bytes(lib.free, bytes)).toString("hex");
  }

  function reference(message: Uint8Array): string {
    return createHash(name).update(message).digest("hex");
  }

  it.each(published)("hashes the published message %s", (message, expected) => {
    expect(digest(Buffer.from(message, "hex"))).toBe(expected);
  });

  it("agrees with node:crypto on every length up to three blocks", () => {
    for (let length = 0; length <= 384; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);
      expect(digest(message), `${length} bytes`).toBe(reference(message));
    }
  });

  it("gives the same digest however the message is cut into parts, and paused between whole blocks", () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 8 });
    fc.assert(
      fc.property(fc.nat(3), parts, (blocks, rest) => {
        const first = new Uint8Array(128 * blocks).fill(blocks);
        lib.call(`${name}Init`);
        lib.call("sha512Update", lib.putLast(first), first.length);
        lib.call("sha512Pause", lib.free);
        lib.call("sha512Init");
        lib.call("sha512Resume", lib.free, first.length);
        for (const part of rest) lib.call("sha512Update", lib.putLast(part), part.length);
        lib.call(`${name}Final`, lib.free);
        const whole = Buffer.concat([first, ...rest]);
        expect(Buffer.from(lib.bytes(lib.free, bytes)).toString("hex")).toBe(reference(whole));
      }),
    );
  });

  it("leaves nothing of the message in its own memory, in either byte order", () => {
    const secret = Buffer.from("an-api-key-of-a-partner-to-hash!");
    digest(secret);
    const left = Buffer.from(lib.bytes(0, lib.free));
    for (let i = 0; i + 4 <= secret.length; i += 4) {
      const word = secret.subarray(i, i + 4);
      expect(left.includes(word), `${word}`).toBe(false);
      expect(left.includes(Buffer.from(word).reverse()), `${word} reversed`).toBe(false);
    }
  });
});
