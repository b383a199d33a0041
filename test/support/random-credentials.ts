import fc from "fast-check";
import { someOf } from "./random-native.js";

// How callers of random policies show who they are: keys for the most part, as those are what random requests have.

const KEY_HEADERS = ["x-api-key", "x-old-key", "authorization", "x_key"] as const;

/** Of the password `random`, by `sluice hash`. */
const VERIFIER = "pbkdf2-sha256$2000$AAECAwQFBgcICQoLDA0ODw$UbYMcd7Ef_fNxs69aQZeYyDqTXpFWYfaqkBfzGJi-P4";
const ISSUER = "https://id.example.com/";

/** Credentials beside keys. No two consumers share one. */
export const OF_ACME = [
  { basic: { user: "acme", verifier: VERIFIER } },
  { jwt: { subject: "acme-app" } },
  { jwt: { subject: "acme-shop", issuer: ISSUER } },
] as const;
export const OF_GLOBEX = [
  { certificate: { san: "spiffe://shop.example/globex" } },
  { hmac: { keyId: "globex-2026", secret: "env:GLOBEX_SIGNING_SECRET" } },
] as const;

const RSA_KEY = {
  kty: "RSA",
  n: "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw",
  e: "AQAB",
};
/** RFC 7515, appendix A.3. */
const EC_KEY = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

/** The value that tests give the variable of the secret is base64url, of 33 bytes. */
const keySet = fc
  .tuple(
    fc.record({ alg: fc.constant("RS256"), use: fc.constant("sig") }, { requiredKeys: ["alg"] }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([more, ec, secret]) => ({
    keys: [
      { kid: "rsa", ...RSA_KEY, ...more },
      ...(ec ? [{ kid: "ec", ...EC_KEY }] : []),
      ...(secret ? [{ kid: "secret", kty: "oct", alg: "HS256", k: "env:RANDOM_KEY_OF_THIRTY_3_BYTES_A" }] : []),
    ],
  }));

const jwt = fc
  .record({
    keys: fc.oneof(
      keySet.map((jwks) => ({ jwks })),
      fc.constant({ secret: "env:RANDOM_TOKEN_SECRET", algorithms: ["HS256"] }),
    ),
    more: fc.record(
      {
        skew: fc.constantFrom("0s", "10s", "60s"),
        consumer: fc.constantFrom("claims.azp", "claims.sub"),
        claimsToHeaders: fc.constant({ sub: "x-user-id", "realm_access.roles": "x-roles" }),
        cache: fc.constantFrom(0, 16, 1024),
      },
      { requiredKeys: [] },
    ),
  })
  .map(({ keys, more }) => ({ jwt: { issuer: ISSUER, audiences: ["orders"], ...keys, ...more } }));

const hmac = fc
  .record(
    {
      components: fc.constantFrom(["@method", "@path"], ["@method", "@authority", "@path", "@query"]),
      maxAge: fc.constantFrom("1s", "5m"),
      nonces: fc.constantFrom(0, 64),
    },
    { requiredKeys: ["components"] },
  )
  .map((body) => ({ hmac: body }));

const basic = fc.record({ realm: fc.constant("the shop") }, { requiredKeys: [] }).map((body) => ({ basic: body }));

type Method = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

const others: fc.Arbitrary<Method[]> = fc
  .tuple(
    fc.constantFrom<readonly string[]>(["x-api-key"], []),
    fc.oneof<fc.Arbitrary<Method>[]>(basic, jwt, hmac, fc.constant({ mtls: {} })),
  )
  .map(([headers, other]) => [...headers.map((header) => ({ apiKey: { header } })), other]);

const keys: fc.Arbitrary<Method[]> = fc
  .uniqueArray(fc.oneof({ weight: 3, arbitrary: fc.constant("x-api-key") }, fc.constantFrom(...KEY_HEADERS)), {
    minLength: 1,
    maxLength: 2,
  })
  .map((headers) => headers.map((header) => ({ apiKey: { header } })));

/** Nobody fails so often: how fast requests follow one another would matter. */
const lockout = fc.constantFrom(
  false,
  { failures: "100000/minute" },
  { failures: "100000/minute", key: ["request.host"] },
);

/** The body of an `authenticate`. */
export const authenticateBody = fc
  .record(
    {
      anyOf: fc.oneof({ weight: 3, arbitrary: keys }, { weight: 2, arbitrary: others }),
      lockout,
      optional: fc.boolean(),
      forward: fc.boolean(),
    },
    { requiredKeys: ["anyOf", "lockout"] },
  )
  .map(({ lockout: locks, ...rest }) => {
    const named = rest.anyOf.some((method) => "basic" in method) || locks !== false;
    return named ? { ...rest, lockout: locks } : rest;
  });

/** Keys of a consumer, and what it may have beside them. */
export function credentialsOf(keys: readonly string[], required: number, more: readonly Method[]) {
  return fc
    .tuple(someOf(keys, required), someOf(more))
    .map(([apiKeys, others]) => [...apiKeys.map((apiKey) => ({ apiKey })), ...others]);
}
