import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";

let lib: Assembly;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/probe.ts");
});

function digest(message: Uint8Array): string {
  lib.call("sha256", lib.putLast(message), message.length, lib.free);
  return Buffer.from(lib.bytes(lib.free, 32)).toString("hex");
}

function reference(message: Uint8Array): string {
  return createHash("sha256").update(message).digest("hex");
}

describe("sha256", () => {
  // NIST, FIPS 180-4 examples and the SHA-256 short message vectors.
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["d3", "28969cdfa74a12c82f3bad960b0b000aca2ac329deea5c2328ebc6f2ba9802c1"],
    ["11af", "5ca7133fa735326081558ac312c620eeca9970d1e70a4b95533d956f072d1f98"],
    ["b4190e", "dff2e73091f6c05e528896c4c831b9448653dc2ff043528f6769437bc7b975c2"],
    ["616263", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      Buffer.from("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq").toString("hex"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
  ])("hashes the published message %s", (message, expected) => {
    expect(digest(Buffer.from(message, "hex"))).toBe(expected);
  });

  it("hashes a million times the letter a", () => {
    lib.ensure(2_000_000);
    expect(digest(Buffer.alloc(1_000_000, "a"))).toBe(
      "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    );
  });

  it("agrees with node:crypto on every length up to three blocks", () => {
    for (let length = 0; length <= 192; length++) {
      const message = Uint8Array.from({ length }, (_, i) => (i * 167 + length) & 255);
      expect(digest(message), `${length} bytes`).toBe(reference(message));
    }
  });

  it("agrees with node:crypto on random messages", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1000 }), (message) => {
        expect(digest(message)).toBe(reference(message));
      }),
    );
  });

  it("gives the same digest however the message is cut into parts", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 8 }), (parts) => {
        lib.call("sha256Init");
        for (const part of parts) lib.call("sha256Update", lib.putLast(part), part.length);
        lib.call("sha256Final", lib.free);
        expect(Buffer.from(lib.bytes(lib.free, 32)).toString("hex")).toBe(reference(Buffer.concat(parts)));
      }),
    );
  });

  it("leaves nothing of the message in its own memory, in either byte order", () => {
    const secret = Buffer.from("an-api-key-of-a-partner-");
    digest(secret);
    const left = Buffer.from(lib.bytes(0, lib.free));
    for (let i = 0; i + 4 <= secret.length; i += 4) {
      const word = secret.subarray(i, i + 4);
      expect(left.includes(word), `${word}`).toBe(false);
      expect(left.includes(Buffer.from(word).reverse()), `${word} reversed`).toBe(false);
    }
  });
});
