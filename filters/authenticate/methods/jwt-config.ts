import { z } from "zod";
import { exactlyOneOf, HEADER_NAME } from "../../../compiler/policy/values.js";
import { ALGORITHMS } from "./jwt-algorithms.js";

// What the modules read of a `jwt`.

const number = z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/);
const kid = z.string().min(1).max(256).optional().describe("The name of the key, as tokens have it in their header.");
const secretAlgorithm = z.enum(["HS256", "HS384", "HS512"]).describe("The only algorithm that it is for.");
const reference = z
  .string()
  .max(1024)
  .regex(/^env:./s);

const key = z.union([
  z.strictObject({
    kty: z.literal("RSA").describe("The type of the key."),
    kid,
    alg: z
      .enum(["RS256", "RS384", "RS512"])
      .optional()
      .describe("The only algorithm that it is for; any of its type without this key."),
    n: number.describe("The modulus."),
    e: number.describe("The exponent."),
  }),
  z.strictObject({
    kty: z.literal("EC").describe("The type of the key."),
    kid,
    alg: z.enum(["ES256", "ES384"]).optional().describe("That of its curve."),
    crv: z.enum(["P-256", "P-384"]).describe("The curve."),
    x: number.describe("A coordinate."),
    y: number.describe("A coordinate."),
  }),
  z.strictObject({
    kty: z.literal("oct").describe("The type of the key: a secret."),
    kid,
    alg: secretAlgorithm,
    k: reference.describe("`env:` and a variable with the secret in base64url."),
  }),
  z.strictObject({
    kty: z.literal("oct").describe("The type of the key: a secret."),
    kid,
    alg: secretAlgorithm,
    secret: reference.describe("`env:` and a variable with the secret as it is."),
  }),
]);

const jwks = z
  .strictObject({
    cluster: z.string().min(1).max(1024).describe("Envoy's name of the cluster that is asked."),
    authority: z
      .string()
      .regex(/^[!-~]{1,260}$/)
      .describe("The `Host` that it is asked for."),
    path: z
      .string()
      .regex(/^\/[!-~]{0,1023}$/)
      .describe("Where it publishes a set of keys."),
    refreshMs: z.int().min(10_000).max(86_400_000).describe("Milliseconds after which it is asked again."),
    maxStaleMs: z
      .int()
      .min(1)
      .max(604_800_000)
      .describe("Milliseconds for which a set is good while the cluster fails; more than `refreshMs`."),
  })
  .describe("Where keys are published, for algorithms of public keys only.");

const text = z.string().min(1).max(1024);
const claim = z.string().min(1).max(256);

export const config = z
  .strictObject({
    issuer: text.describe("Whose tokens they are: their `iss`."),
    audiences: z.array(text).min(1).max(64).describe("Whom tokens have to be for."),
    algorithms: z
      .array(z.enum(ALGORITHMS))
      .min(1)
      .max(8)
      .meta({ uniqueItems: true })
      .describe("By which tokens may be signed."),
    keys: z
      .array(key)
      .min(1)
      .max(64)
      .optional()
      .describe("JSON Web Keys (RFC 7517); secrets are in the environment. Either this or `jwks`."),
    jwks: jwks.optional(),
    skew: z.int().min(0).max(60).optional().meta({ default: 30 }).describe("Seconds by which clocks may differ."),
    consumer: claim
      .optional()
      .meta({ default: "sub" })
      .describe("The claim that names a consumer: names with spaces between them."),
    claimsToHeaders: z
      .array(
        z.strictObject({
          claim: claim.describe("Names with spaces between them."),
          header: z.string().regex(HEADER_NAME).describe("The header that tells it; each once."),
        }),
      )
      .max(32)
      .optional()
      .describe("Claims that the service is told."),
    cache: z
      .int()
      .min(0)
      .max(16_384)
      .optional()
      .meta({ default: 1024 })
      .describe("About how many verified tokens are remembered, at 2 KiB each."),
  })
  .meta(exactlyOneOf("keys", "jwks"))
  .describe("A JSON Web Token in `Authorization: Bearer`.");
