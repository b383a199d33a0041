import { z } from "zod";
import { HEADER_NAME } from "../../../compiler/policy/values.js";
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
    keys: z.array(key).min(1).max(64).describe("JSON Web Keys (RFC 7517); secrets are in the environment."),
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
  .describe("A JSON Web Token in `Authorization: Bearer`.");
