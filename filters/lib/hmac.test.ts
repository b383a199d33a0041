import { createHmac, pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Assembly, instantiateAssembly } from "../../test/support/assembly.js";
import { wycheproofGroups } from "../../test/support/wycheproof.js";

/** Bytes of a tag, by which the library calls the hash functions. */
const HASHES = { sha256: 32, sha384: 48, sha512: 64 } as const;
type Hash = keyof typeof HASHES;
const KEY_BYTES = 136;
const FENCE = 0xa5;

let lib: Assembly;
let key: number;
let target: number;
beforeAll(async () => {
  lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  key = lib.free;
  target = key + KEY_BYTES + 8;
});

function prepare(hash: Hash, secret: Uint8Array): void {
  lib.put(key, new Uint8Array(KEY_BYTES + 8).fill(FENCE));
  lib.call("hmacKey", HASHES[hash], lib.putLast(secret), secret.length, key);
  expect(lib.bytes(key + KEY_BYTES, 8)).toEqual(new Uint8Array(8).fill(FENCE));
}

function tagOf(message: Uint8Array): Buffer {
  const bytes = lib.call("hmac", key, lib.putLast(message), message.length, target);
  return Buffer.from(lib.bytes(target, bytes));
}

function matches(message: Uint8Array, tag: Uint8Array): boolean {
  lib.call("hmacInit", key);
  lib.call("hmacUpdate", lib.putLast(message), message.length);
  return lib.call("hmacMatches", lib.putLast(tag), tag.length) === 1;
}

const text = (bytes: string) => Buffer.from(bytes).toString("hex");

// RFC 4231, sections 4.2 to 4.5, 4.7 and 4.8.
const PUBLISHED: [key: string, message: string, Record<Hash, string>][] = [
  [
    "0b".repeat(20),
    text("Hi There"),
    {
      sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      sha384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
      sha512:
        "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854",
    },
  ],
  [
    text("Jefe"),
    text("what do ya want for nothing?"),
    {
      sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      sha384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
      sha512:
        "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
    },
  ],
  [
    "aa".repeat(20),
    "dd".repeat(50),
    {
      sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      sha384: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
      sha512:
        "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb",
    },
  ],
  [
    "0102030405060708090a0b0c0d0e0f10111213141516171819",
    "cd".repeat(50),
    {
      sha256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      sha384: "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
      sha512:
        "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2de2adebeb10a298dd",
    },
  ],
  [
    "aa".repeat(131),
    text("Test Using Larger Than Block-Size Key - Hash Key First"),
    {
      sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      sha384: "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
      sha512:
        "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598",
    },
  ],
  [
    "aa".repeat(131),
    text(
      "This is a test using a larger than block-size key and a larger than block-size data. The key needs to be hashed before being used by the HMAC algorithm.",
    ),
    {
      sha256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
      sha384: "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
      sha512:
        "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb6de0446065c97440fa8c6a58",
    },
  ],
];

const TestGroup = z.object({
  tagSize: z.number(),
  tests: z.array(
    z.object({
      tcId: z.number(),
      key: z.string(),
      msg: z.string(),
      tag: z.string(),
      result: z.enum(["valid", "invalid"]),
    }),
  ),
});

const hashes = fc.constantFrom<Hash>("sha256", "sha384", "sha512");

describe("hmac", () => {
  it.each(PUBLISHED)("under the key %s of %s is as published", (secret, message, tags) => {
    for (const hash of ["sha256", "sha384", "sha512"] as const) {
      prepare(hash, Buffer.from(secret, "hex"));
      expect(tagOf(Buffer.from(message, "hex")).toString("hex")).toBe(tags[hash]);
    }
  });

  it.each(["sha256", "sha512"] as const)("with %s judges all cases of Wycheproof", (hash) => {
    for (const { tagSize, tests } of wycheproofGroups(`hmac-${hash}`, 174, TestGroup))
      for (const { tcId, key: secret, msg, tag, result } of tests) {
        const [message, given] = [Buffer.from(msg, "hex"), Buffer.from(tag, "hex")];
        prepare(hash, Buffer.from(secret, "hex"));
        expect(given.length, `${tcId}`).toBe(tagSize / 8);
        // Tags of half the length are right as far as they go, and are not taken.
        const whole = given.length === HASHES[hash];
        expect(tagOf(message).subarray(0, given.length).equals(given), `${tcId}`).toBe(result === "valid");
        expect(matches(message, given), `${tcId}`).toBe(result === "valid" && whole);
      }
  });

  it("agrees with node:crypto, one key for many messages", () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(hashes, fc.uint8Array({ maxLength: 200 }), messages, (hash, secret, several) => {
        prepare(hash, secret);
        for (const message of several) {
          const expected = createHmac(hash, secret).update(message).digest();
          expect(tagOf(message)).toEqual(expected);
          expect(matches(message, expected)).toBe(true);
        }
      }),
    );
  });

  it("takes a message in parts", () => {
    fc.assert(
      fc.property(hashes, fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 6 }), (hash, parts) => {
        prepare(hash, Buffer.from("secret"));
        lib.call("hmacInit", key);
        for (const part of parts) lib.call("hmacUpdate", lib.putLast(part), part.length);
        const bytes = lib.call("hmacFinal", target);
        const expected = createHmac(hash, "secret").update(Buffer.concat(parts)).digest();
        expect(Buffer.from(lib.bytes(target, bytes))).toEqual(expected);
      }),
    );
  });

  it("takes no tag but the whole right one", () => {
    const message = Buffer.from("message");
    for (const hash of ["sha256", "sha384", "sha512"] as const) {
      prepare(hash, Buffer.from("secret"));
      const tag = createHmac(hash, "secret").update(message).digest();
      for (let bit = 0; bit < 8 * tag.length; bit++) {
        const other = Buffer.from(tag);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(matches(message, other), `${hash}, bit ${bit}`).toBe(false);
      }
      for (let length = 0; length < tag.length; length++) expect(matches(message, tag.subarray(0, length))).toBe(false);
      expect(matches(message, Buffer.concat([tag, Buffer.of(0)]))).toBe(false);
      expect(matches(message, tag)).toBe(true);
    }
  });

  it("leaves nothing of a secret or of a tag in its own memory", () => {
    for (const hash of ["sha256", "sha384", "sha512"] as const)
      for (const length of [32, 200]) {
        const secret = Buffer.alloc(length, "a-secret-shared-with-a-partner! ");
        prepare(hash, secret);
        expect(matches(Buffer.from("message"), Buffer.alloc(HASHES[hash]))).toBe(false);
        const left = Buffer.from(lib.bytes(0, lib.free));
        const tag = createHmac(hash, secret).update("message").digest();
        const words = [secret, tag].flatMap((bytes) => [0, 8, 16, 24].map((at) => bytes.subarray(at, at + 8)));
        expect(words.filter((word) => left.includes(word) || left.includes(Buffer.from(word).reverse()))).toEqual([]);
      }
  });
});

describe("pbkdf2", () => {
  function derive(password: Uint8Array, salt: Uint8Array, rounds: number, bytes: number): Buffer | undefined {
    const [at, saltAt] = [lib.free + 1024, lib.free + 4096];
    lib.put(at, password);
    lib.put(saltAt, salt);
    lib.put(lib.free, new Uint8Array(bytes + 8).fill(FENCE));
    const derived = lib.call("pbkdf2", at, password.length, saltAt, salt.length, rounds, lib.free, bytes) === 1;
    expect(lib.bytes(lib.free + bytes, 8)).toEqual(new Uint8Array(8).fill(FENCE));
    return derived ? Buffer.from(lib.bytes(lib.free, bytes)) : undefined;
  }

  // RFC 7914, section 11.
  it.each([
    [
      "passwd",
      "salt",
      1,
      "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
    ],
    [
      "Password",
      "NaCl",
      80_000,
      "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
    ],
  ])("of %j with the salt %j and %i rounds is as published", (password, salt, rounds, expected) => {
    expect(derive(Buffer.from(password), Buffer.from(salt), rounds, 64)?.toString("hex")).toBe(expected);
  });

  it("agrees with node:crypto", () => {
    const bytes = fc.uint8Array({ maxLength: 100 });
    fc.assert(
      fc.property(bytes, bytes, fc.integer({ min: 1, max: 5 }), fc.integer({ max: 70, min: 1 }), (...args) => {
        const [password, salt, rounds, length] = args;
        expect(derive(password, salt, rounds, length)).toEqual(pbkdf2Sync(password, salt, rounds, length, "sha256"));
      }),
    );
  });

  it("derives nothing without rounds, or with more than 100,000", () => {
    for (const rounds of [0, -1, 100_001, -(2 ** 31)])
      expect(derive(Buffer.from("p"), Buffer.from("s"), rounds, 32)).toBeUndefined();
  });

  it("leaves nothing of the password or of the key in its own memory", () => {
    const password = Buffer.from("correct horse battery staple");
    const derived = derive(password, Buffer.from("salt"), 3, 32) ?? Buffer.alloc(0);
    const left = Buffer.from(lib.bytes(0, lib.free));
    const words = [password, derived].flatMap((bytes) => [0, 8, 16].map((at) => bytes.subarray(at, at + 8)));
    expect(words.filter((word) => left.includes(word) || left.includes(Buffer.from(word).reverse()))).toEqual([]);
  });
});
