import { generateKeyPairSync, randomBytes } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { instantiateAssembly } from "../../test/support/assembly.js";
import { isRight, Keys, USABLE, verifiesDer } from "../../test/support/keys.js";
import { base64url, Tokens } from "../../test/support/tokens.js";
import { wycheproofGroups } from "../../test/support/wycheproof.js";

let keys: Keys;
let tokens: Tokens;
beforeAll(async () => {
  const lib = await instantiateAssembly("filters/lib/auth-probe.ts");
  keys = new Keys(lib);
  tokens = new Tokens(lib);
});

// RFC 7517, appendix A.1.
const PUBLISHED_EC = {
  kty: "EC",
  crv: "P-256",
  x: "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
  y: "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
  use: "sig",
  kid: "1",
};
const PUBLISHED_RSA = {
  kty: "RSA",
  n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
  e: "AQAB",
  alg: "RS256",
  kid: "2011-04-29",
};
const SECRET = { kty: "oct", k: base64url(Buffer.alloc(32, 7)), kid: "s" };

const oddAt = (bytes: Buffer) => Buffer.concat([bytes.subarray(0, -1), Buffer.of((bytes.at(-1) ?? 0) | 1)]);
/** A modulus that nobody can have a key for, but that looks like one. */
const modulus = (bytes: number, first = 0xc5) =>
  base64url(oddAt(Buffer.concat([Buffer.of(first), randomBytes(bytes - 1)])));

describe("a key", () => {
  it("of RSA is what OpenSSL makes of it", () => {
    for (const modulusLength of [2048, 2056, 3072, 4096])
      for (const publicExponent of [3, 65_537]) {
        const { publicKey } = generateKeyPairSync("rsa", { modulusLength, publicExponent });
        const read = keys.read({ ...publicKey.export({ format: "jwk" }), kid: "k" });
        expect(read).toMatchObject({ refusal: USABLE, type: "rsa", algorithm: "", kid: "k" });
        expect(read.key).toEqual(publicKey.export({ format: "der", type: "spki" }));
      }
    for (const bytes of [1000, 1024])
      expect(keys.read({ kty: "RSA", n: modulus(bytes), e: "AQAB" }).refusal).toBe(USABLE);
  });

  it("of a curve is what OpenSSL makes of it", () => {
    for (const [namedCurve, algorithm] of [
      ["P-256", "ES256"],
      ["P-384", "ES384"],
    ] as const)
      for (let count = 0; count < 10; count++) {
        const { publicKey } = generateKeyPairSync("ec", { namedCurve });
        const jwk = publicKey.export({ format: "jwk" });
        const expected = { refusal: USABLE, type: "ec", algorithm, kid: undefined };
        expect(keys.read(jwk)).toMatchObject(expected);
        expect(keys.read({ ...jwk, alg: algorithm })).toMatchObject(expected);
        expect(keys.read(jwk).key).toEqual(publicKey.export({ format: "der", type: "spki" }));
      }
  });

  it("of HMAC is its secret", () => {
    expect(keys.read(SECRET)).toEqual({
      refusal: USABLE,
      type: "secret",
      algorithm: "",
      kid: "s",
      key: Buffer.alloc(32, 7),
    });
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 1024 }), (secret) => {
        expect(keys.read({ kty: "oct", k: base64url(secret) }).key).toEqual(Buffer.from(secret));
      }),
    );
  });

  it("as published is read", () => {
    expect(keys.read(PUBLISHED_EC)).toMatchObject({ refusal: USABLE, algorithm: "ES256", kid: "1" });
    expect(keys.read(PUBLISHED_RSA)).toMatchObject({ refusal: USABLE, algorithm: "RS256", kid: "2011-04-29" });
  });

  // RFC 7515, appendices A.2 and A.3.
  it.each([
    [
      "RS256",
      {
        kty: "RSA",
        n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        e: "AQAB",
      },
      "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
    ],
    [
      "ES256",
      {
        kty: "EC",
        crv: "P-256",
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
      },
      "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
    ],
  ])("verifies the published token with %s", (_, jwk, token) => {
    expect(isRight(tokens, keys, { keys: [jwk] }, token)).toBe(true);
    expect(isRight(tokens, keys, { keys: [PUBLISHED_EC, PUBLISHED_RSA] }, token)).toBe(false);
    const at = token.length - 20;
    const changed = `${token.slice(0, at)}${token[at] === "A" ? "B" : "A"}${token.slice(at + 1)}`;
    expect(isRight(tokens, keys, { keys: [jwk] }, changed)).toBe(false);
  });

  const zeroed = (text: string) => base64url(Buffer.concat([Buffer.of(0), Buffer.from(text, "base64url")]));
  const cut = (text: string) => base64url(Buffer.from(text, "base64url").subarray(0, -1));
  const P256 = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

  it.each<[refusal: string, what: string, key: object | string]>([
    ["key-type", "no object", "[]"],
    ["key-type", "a text", '"key"'],
    ["key-type", "no type", {}],
    ["key-type", "a type in small letters", { ...PUBLISHED_RSA, kty: "rsa" }],
    ["key-type", "a type that is no text", { ...PUBLISHED_RSA, kty: ["RSA"] }],
    ["key-type", "OKP", { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }],
    ["key-type", "P-521", { ...PUBLISHED_EC, crv: "P-521" }],
    ["key-type", "secp256k1", { ...PUBLISHED_EC, crv: "secp256k1" }],
    ["key-type", "a curve in small letters", { ...PUBLISHED_EC, crv: "p-256" }],
    ["key-use", "use enc", { ...PUBLISHED_RSA, use: "enc" }],
    ["key-use", "a use that is no text", { ...PUBLISHED_RSA, use: ["sig"] }],
    ["key-use", "other operations", { ...PUBLISHED_RSA, key_ops: ["sign", "encrypt"] }],
    ["key-use", "operations in one text", { ...PUBLISHED_RSA, key_ops: "verify" }],
    ["key-use", "no operations", { ...PUBLISHED_RSA, key_ops: [] }],
    ["key-algorithm", "PS256", { ...PUBLISHED_RSA, alg: "PS256" }],
    ["key-algorithm", "none", { ...PUBLISHED_RSA, alg: "none" }],
    ["key-algorithm", "an algorithm that is no text", { ...PUBLISHED_RSA, alg: ["RS256"] }],
    ["key-algorithm", "that of another type", { ...PUBLISHED_RSA, alg: "HS256" }],
    ["key-algorithm", "that of RSA for a secret", { ...SECRET, alg: "RS256" }],
    ["key-algorithm", "that of another curve", { ...PUBLISHED_EC, alg: "ES384" }],
    ["key-kid", "a kid that is no text", { ...PUBLISHED_RSA, kid: 1 }],
    ["key-kid", "a kid that is too long", { ...PUBLISHED_RSA, kid: "k".repeat(257) }],
    ["key-private", "an RSA key with its exponent", { ...PUBLISHED_RSA, d: "AQ" }],
    ["key-private", "an EC key with its number", { ...PUBLISHED_EC, d: "AQ" }],
    ["key-member", "no modulus", { kty: "RSA", e: "AQAB" }],
    ["key-member", "no exponent", { kty: "RSA", n: PUBLISHED_RSA.n }],
    ["key-member", "a modulus that is no text", { ...PUBLISHED_RSA, n: 1 }],
    [
      "key-member",
      "a modulus in base64",
      { ...PUBLISHED_RSA, n: PUBLISHED_RSA.n.replaceAll("-", "+").replaceAll("_", "/") },
    ],
    ["key-member", "a modulus with padding", { ...PUBLISHED_RSA, n: `${PUBLISHED_RSA.n}==` }],
    ["key-member", "a modulus with white space", { ...PUBLISHED_RSA, n: `${PUBLISHED_RSA.n}\n` }],
    ["key-member", "an exponent with white space", { ...PUBLISHED_RSA, e: " AQAB" }],
    ["key-member", "no curve", { ...PUBLISHED_EC, crv: undefined }],
    ["key-member", "no secret", { kty: "oct" }],
    ["key-member", "a secret that is no base64url", { ...SECRET, k: "=".repeat(43) }],
    ["key-size", "1024 bits", { ...PUBLISHED_RSA, n: modulus(128) }],
    ["key-size", "2047 bits", { ...PUBLISHED_RSA, n: modulus(256, 0x7f) }],
    ["key-size", "8200 bits", { ...PUBLISHED_RSA, n: modulus(1025) }],
    ["key-size", "16384 bits", { ...PUBLISHED_RSA, n: modulus(2048) }],
    ["key-size", "an empty modulus", { ...PUBLISHED_RSA, n: "" }],
    ["key-size", "a secret of 31 bytes", { ...SECRET, k: base64url(Buffer.alloc(31, 1)) }],
    ["key-size", "an empty secret", { ...SECRET, k: "" }],
    ["key-size", "47 bytes for HS384", { ...SECRET, alg: "HS384", k: base64url(Buffer.alloc(47, 1)) }],
    ["key-size", "63 bytes for HS512", { ...SECRET, alg: "HS512", k: base64url(Buffer.alloc(63, 1)) }],
    ["key-size", "a secret of 2000 bytes", { ...SECRET, k: base64url(Buffer.alloc(2000, 1)) }],
    ["key-modulus", "a zero before the modulus", { ...PUBLISHED_RSA, n: zeroed(PUBLISHED_RSA.n) }],
    ["key-modulus", "an even modulus", { ...PUBLISHED_RSA, n: base64url(Buffer.alloc(256, 0xfe)) }],
    ["key-exponent", "the exponent 1", { ...PUBLISHED_RSA, e: "AQ" }],
    ["key-exponent", "the exponent 0", { ...PUBLISHED_RSA, e: "AA" }],
    ["key-exponent", "an empty exponent", { ...PUBLISHED_RSA, e: "" }],
    ["key-exponent", "the exponent 2", { ...PUBLISHED_RSA, e: "Ag" }],
    ["key-exponent", "the exponent 65536", { ...PUBLISHED_RSA, e: "AQAA" }],
    ["key-exponent", "the exponent 17", { ...PUBLISHED_RSA, e: "EQ" }],
    ["key-exponent", "a zero before the exponent", { ...PUBLISHED_RSA, e: "AAEAAQ" }],
    ["key-exponent", "a long exponent", { ...PUBLISHED_RSA, e: "AQAB".repeat(100) }],
    ["key-point", "no y", { ...PUBLISHED_EC, y: undefined }],
    ["key-point", "a y that is no text", { ...PUBLISHED_EC, y: 1 }],
    ["key-point", "a zero before x", { ...PUBLISHED_EC, x: zeroed(PUBLISHED_EC.x) }],
    ["key-point", "an x that is cut off", { ...PUBLISHED_EC, x: cut(PUBLISHED_EC.x) }],
    ["key-point", "coordinates of the other curve", { ...PUBLISHED_EC, crv: "P-384" }],
    ["key-point", "a long x", { ...PUBLISHED_EC, x: PUBLISHED_EC.x.repeat(10) }],
    ["key-point", "an x that is the prime of the field", { ...PUBLISHED_EC, x: base64url(Buffer.from(P256, "hex")) }],
    ["key-point", "a y beyond the field", { ...PUBLISHED_EC, y: base64url(Buffer.alloc(32, 0xff)) }],
  ])("is refused for %s: %s", (refusal, _, key) => {
    expect(keys.read(key).refusal).toBe(refusal);
  });

  it("may have members that are not looked at", () => {
    const more = { x5c: ["AA"], x5t: 1, x5u: null, key_ops: ["sign", "verify"], ext: true, iat: {} };
    expect(keys.read({ ...more, ...PUBLISHED_RSA }).refusal).toBe(USABLE);
    expect(keys.read({ ...PUBLISHED_RSA, use: undefined, alg: "RS512", kid: "k".repeat(256) }).algorithm).toBe("RS512");
  });

  it("that is not on its curve verifies nothing", () => {
    const { key, refusal } = keys.read({ ...PUBLISHED_EC, y: PUBLISHED_EC.y.replace(/^./, "5") });
    expect(refusal).toBe(USABLE);
    expect(verifiesDer("sha256", "", key, Buffer.from("3006020101020101", "hex"))).toBe(false);
  });

  it.each(["256", "512"])("of RSA judges all signatures of Wycheproof with SHA-%s", (hash) => {
    const Group = z.object({
      keyJwk: z.object({}).loose(),
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
    for (const { keyJwk, publicKeyDer, tests } of wycheproofGroups(`rsa-signature-2048-sha${hash}`, 259, Group)) {
      const { refusal, key, algorithm } = keys.read(keyJwk);
      expect([refusal, algorithm]).toEqual([USABLE, `RS${hash}`]);
      expect(key.toString("hex")).toBe(publicKeyDer);
      // A missing NULL is "acceptable", and not accepted.
      for (const { tcId, msg, sig, result } of tests)
        expect(verifiesDer(`sha${hash}`, Buffer.from(msg, "hex"), key, Buffer.from(sig, "hex")), `${tcId}`).toBe(
          result === "valid",
        );
    }
  });
});

const RSA = { ...PUBLISHED_RSA, alg: undefined, kid: "a" };
const EC = { ...PUBLISHED_EC, kid: "b" };
const [NO_KID, NO_KEY] = [-1, -2];

describe("a set of keys", () => {
  it.each([
    ["no object", "[]", -1],
    ["no keys", "{}", -1],
    ["keys that are no list", { keys: {} }, -1],
    ["a key alone", RSA, -1],
    ["more than there is room for", { keys: Array(17).fill(RSA) }, -2],
    ["a secret beside a public key", { keys: [SECRET, EC] }, -3],
    ["a secret beside a public key that is broken", { keys: [SECRET, { ...RSA, e: "AQ" }] }, -3],
  ])("is refused for %s", (_, set, error) => {
    expect(keys.readSet(set)).toBe(error);
  });

  it("has the keys that can be used, and those that would be if they were whole", () => {
    expect(keys.readSet({ keys: [] })).toEqual([]);
    const others = [{ kty: "OKP" }, { ...RSA, use: "enc" }, { ...RSA, alg: "PS256" }, 1, null, { ...RSA, kid: 1 }];
    const found = keys.readSet({ keys: [others[0], RSA, ...others, EC, { ...RSA, n: "" }], more: 1 });
    expect(found).toMatchObject([
      { kid: "a", type: "rsa" },
      { kid: "b", type: "ec" },
      { kid: "a", type: "rsa" },
    ]);
    expect(typeof found === "number" ? [] : found.map(({ key }) => key.length)).toEqual([294, 91, 0]);
    expect(keys.passedOver).toBe(8);
  });

  it("of the most keys and the longest is read to the space that was said", () => {
    const long = { kty: "RSA", n: modulus(1024), e: "AQAB" };
    const set = keys.readSet({ keys: Array(16).fill(long) });
    expect(typeof set === "number" ? [] : set.map(({ key }) => key.length)).toEqual(Array(16).fill(1062));
    const mixed = keys.readSet({ keys: [...Array(15).fill(EC), { ...long, e: "AQ" }] });
    expect(mixed).toHaveLength(16);
  });

  const find = (set: readonly object[], kid: string | undefined, algorithm: Parameters<Keys["find"]>[2]) => {
    const found = keys.readSet({ keys: set });
    return typeof found === "number" ? found : keys.find(found.length, kid, algorithm);
  };

  it("is asked for a kid first", () => {
    expect(find([RSA, EC], "a", "RS256")).toBe(0);
    expect(find([RSA, EC], "a", "RS512")).toBe(0);
    expect(find([RSA, EC], "b", "ES256")).toBe(1);
    expect(find([RSA, EC], "c", "RS256")).toBe(NO_KID);
    expect(find([RSA, EC], "A", "RS256")).toBe(NO_KID);
    expect(find([RSA, EC], "", "RS256")).toBe(NO_KID);
    expect(find([{ ...RSA, kid: "" }, EC], "", "RS256")).toBe(0);
    expect(find([], "a", "RS256")).toBe(NO_KID);
    // A key for another algorithm is not what the token means, and no reason to fetch a newer set.
    expect(find([RSA, EC], "b", "RS256")).toBe(NO_KEY);
    expect(find([RSA, EC], "a", "HS256")).toBe(NO_KEY);
    expect(find([{ ...RSA, alg: "RS256" }], "a", "RS512")).toBe(NO_KEY);
    expect(find([{ ...RSA, e: "AQ" }], "a", "RS256")).toBe(NO_KEY);
  });

  it("never chooses between two keys", () => {
    expect(find([RSA, RSA], "a", "RS256")).toBe(NO_KEY);
    expect(find([RSA, { ...RSA, n: "" }], "a", "RS256")).toBe(NO_KEY);
    expect(
      find(
        [
          { ...RSA, kid: undefined },
          { ...RSA, kid: undefined },
        ],
        "a",
        "RS256",
      ),
    ).toBe(NO_KEY);
    expect(find([RSA, { ...RSA, kid: "c" }], undefined, "RS256")).toBe(NO_KEY);
    // Of one name, and of two types (RFC 7517, section 4.5).
    expect(find([RSA, { ...EC, kid: "a" }], "a", "ES256")).toBe(1);
  });

  it("takes the only key that fits where nothing is named", () => {
    expect(find([RSA, EC], undefined, "ES256")).toBe(1);
    expect(find([RSA, EC], undefined, "ES384")).toBe(NO_KEY);
    expect(
      find(
        [
          { ...RSA, n: "" },
          { ...RSA, kid: "c" },
        ],
        undefined,
        "RS256",
      ),
    ).toBe(1);
    expect(find([{ ...RSA, kid: undefined }, EC], "anything", "RS256")).toBe(0);
    expect(find([{ ...RSA, kid: undefined }, RSA], "anything", "RS256")).toBe(0);
    expect(find([], undefined, "RS256")).toBe(NO_KEY);
  });

  it("has secrets for the hashes that they are long enough for", () => {
    for (const [bytes, most] of [
      [32, 1],
      [48, 2],
      [64, 3],
    ] as const) {
      const secret = { ...SECRET, k: base64url(Buffer.alloc(bytes, 1)) };
      const fits = (["HS256", "HS384", "HS512"] as const).filter((algorithm) => find([secret], "s", algorithm) === 0);
      expect(fits).toHaveLength(most);
    }
  });
});
