import { z } from "zod";
import { duration, exactlyOneOf } from "../../../compiler/policy/values.js";
import { ALGORITHMS } from "./jwt-algorithms.js";

// `jwks` of a policy: the keys of an issuer, written out, in a file, or where a service publishes them.

/** As the modules take them. */
const LEAST_REFRESH_MS = 10_000;
const LONGEST_REFRESH_MS = 86_400_000;
const LONGEST_STALE_MS = 604_800_000;
export const REFRESH_MS = 300_000;
export const MAX_STALE_MS = 3_600_000;

/** In a path and a query as they are sent (RFC 3986, sections 3.3 and 3.4). */
const PATH = /^\/[A-Za-z0-9._~:@!$&'()*+,;=%/?-]*$/;

const encoded = z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/, "it is no base64url without padding");

const jwk = z.strictObject({
  kty: z
    .string()
    .describe("The type of the key: `RSA`, `EC` or `oct`.")
    .meta({ examples: ["RSA", "EC", "oct"] }),
  kid: z.string().optional().describe("The name of the key, as tokens have it in their header."),
  alg: z
    .string()
    .optional()
    .describe("The only algorithm that it is for.")
    .meta({ examples: [...ALGORITHMS] }),
  use: z.string().optional().describe("What it is for: `sig`. Keys for anything else are passed over."),
  n: encoded.optional().describe("Modulus of an RSA key."),
  e: encoded.optional().describe("Exponent of an RSA key: 65537, which is `AQAB`, or 3."),
  crv: z
    .string()
    .optional()
    .describe("Curve of an EC key: `P-256` or `P-384`.")
    .meta({ examples: ["P-256", "P-384"] }),
  x: encoded.optional().describe("Coordinate of an EC key."),
  y: encoded.optional().describe("Coordinate of an EC key."),
  k: z
    .string()
    .optional()
    .describe("`env:NAME`: the variable that holds the secret, in base64url.")
    .meta({ examples: ["env:JWT_KEY"] }),
});

const set = z
  .strictObject({
    keys: z.array(jwk).min(1).max(64).optional().describe("JSON Web Keys (RFC 7517)."),
    service: z
      .string()
      .optional()
      .describe(
        "Name of a service under `services` that publishes the keys: they are fetched from it, again and again.",
      )
      .meta({ examples: ["idp"] }),
    path: z
      .string()
      .max(1024)
      .regex(PATH, "a path, and a query if it needs one, such as /.well-known/jwks.json")
      .optional()
      .describe("Where the service publishes them; required with `service`.")
      .meta({ examples: ["/.well-known/jwks.json"] }),
    refresh: duration
      .refine((ms) => ms >= LEAST_REFRESH_MS && ms <= LONGEST_REFRESH_MS, "keys are fetched every 10s to 1d")
      .optional()
      .describe("How often they are fetched; `5m` if absent. A token with an unknown `kid` has them fetched early."),
    maxStale: duration
      .refine((ms) => ms <= LONGEST_STALE_MS, "keys are good for 7d at most")
      .optional()
      .describe("How long the last good ones are used while the service fails; `1h` if absent. Then requests get 503."),
  })
  .meta(exactlyOneOf("keys", "service"));

export const jwks = z
  .union([
    z.string().regex(/^file:.+$/s, "the keys are in a file, `file:jwks.json`, or stand here as `{ keys: [...] }`"),
    set,
  ])
  .describe(
    "The keys of the issuer: `file:PATH`, relative to this file, the keys themselves, or the service that publishes them.",
  )
  .meta({ examples: ["file:jwks.json", { service: "idp", path: "/.well-known/jwks.json" }] });

export type WrittenKeys = z.output<typeof jwks>;
