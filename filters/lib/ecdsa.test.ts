import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { Keys, USABLE, verifiesDer } from "../../test/support/keys.js";
import { wycheproofGroups } from "../../test/support/wycheproof.js";

const CURVES = [
  { name: "P-256", size: 32, order: BigInt("0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551") },
  {
    name: "P-384",
    size: 48,
    order: BigInt("0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"),
  },
] as const;

let keys: Keys;
beforeAll(async () => {
  keys = new Keys(await instantiateAssembly("filters/lib/auth-probe.ts"));
});

function bytesOf(number: bigint, size: number): Buffer {
  return Buffer.from(number.toString(16).padStart(2 * size, "0"), "hex");
}

/** ITU-T X.690, sections 8.3 and 10.1, once more. */
function derOf(r: bigint, s: bigint): Buffer {
  const integer = (number: bigint) => {
    const digits = number.toString(16);
    const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
    const content = (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
    return Buffer.concat([Buffer.of(2, content.length), content]);
  };
  const content = Buffer.concat([integer(r), integer(s)]);
  return Buffer.concat([Buffer.of(0x30, content.length), content]);
}

describe.each(CURVES)("a signature with $name", ({ name, size, order }) => {
  const der = (r: bigint, s: bigint) => keys.der(size, Buffer.concat([bytesOf(r, size), bytesOf(s, size)]));

  it("has the numbers that it had, in DER", () => {
    const number = fc.oneof(
      fc.bigInt(1n, order - 1n),
      fc.nat(8 * size - 1).map((bit) => (1n << BigInt(bit)) % order || 1n),
    );
    fc.assert(
      fc.property(number, number, (r, s) => {
        expect(der(r, s)).toEqual(derOf(r, s));
      }),
    );
    for (const edge of [1n, 127n, 128n, 255n, 256n, order - 1n]) expect(der(edge, edge)).toEqual(derOf(edge, edge));
  });

  it("has numbers from 1 to the order, without it", () => {
    const most = (1n << BigInt(8 * size)) - 1n;
    for (const wrong of [0n, order, order + 1n, most]) {
      expect(der(wrong, 1n), `${wrong}`).toBeUndefined();
      expect(der(1n, wrong), `${wrong}`).toBeUndefined();
    }
  });

  it("has one length", () => {
    for (let length = 0; length < 200; length++)
      if (length !== 2 * size) expect(keys.der(size, Buffer.alloc(length, 1)), `${length}`).toBeUndefined();
  });

  it("by OpenSSL is verified by OpenSSL", () => {
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: name });
    const spki = publicKey.export({ format: "der", type: "spki" });
    fc.assert(
      fc.property(fc.uint8Array(), (message) => {
        const signature = sign("sha256", message, { key: privateKey, dsaEncoding: "ieee-p1363" });
        const converted = keys.der(size, signature) ?? Buffer.alloc(0);
        expect(verifiesDer("sha256", message, spki, converted)).toBe(true);
        // In DER already, it is none of ours.
        expect(keys.der(size, converted)).toBeUndefined();
      }),
      { numRuns: 30 },
    );
  });
});

it("Wycheproof's signatures with P-256 are judged as they say", () => {
  const Group = z.object({
    publicKeyJwk: z.object({}).loose().optional(),
    publicKeyDer: z.string(),
    tests: z.array(
      z.object({
        tcId: z.number(),
        msg: z.string(),
        sig: z.string(),
        result: z.enum(["valid", "invalid", "acceptable"]),
      }),
    ),
  });
  for (const { publicKeyJwk, publicKeyDer, tests } of wycheproofGroups("ecdsa-secp256r1-sha256-p1363", 262, Group)) {
    const spki = Buffer.from(publicKeyDer, "hex");
    if (publicKeyJwk !== undefined) {
      const { refusal, algorithm, key } = keys.read(publicKeyJwk);
      expect([refusal, algorithm]).toEqual([USABLE, "ES256"]);
      expect(key).toEqual(spki);
    }
    for (const { tcId, msg, sig, result } of tests) {
      const der = keys.der(32, Buffer.from(sig, "hex"));
      const right = der !== undefined && verifiesDer("sha256", Buffer.from(msg, "hex"), spki, der);
      expect(right, `${tcId}`).toBe(result === "valid");
    }
  }
});
