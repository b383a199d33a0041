import { z } from "zod";
import { HEADER_NAME } from "../../../compiler/policy/values.js";

// What the modules read of an `introspect`.

export const LONGEST_TIMEOUT_MS = 60_000;
export const LONGEST_TTL_MS = 3_600_000;
export const MOST_CACHED = 16_384;
export const MOST_PENDING = 4_096;

const reference = z
  .string()
  .max(1024)
  .regex(/^env:./s);
const text = z.string().min(1).max(1024);
const claim = z.string().min(1).max(256);

export const config = z
  .strictObject({
    cluster: text.describe("Envoy's name of the cluster that knows the tokens."),
    authority: z
      .string()
      .regex(/^[!-~]{1,260}$/)
      .describe("The `Host` that it is asked for."),
    path: z
      .string()
      .regex(/^\/[!-~]{0,1023}$/)
      .describe("Its introspection endpoint."),
    client: reference.describe("`env:` and a variable with the id of the gateway there."),
    secret: reference.describe("`env:` and a variable with the secret that goes with it."),
    timeoutMs: z.int().min(1).max(LONGEST_TIMEOUT_MS).describe("Milliseconds that an answer may take."),
    ttlMs: z.int().min(0).max(LONGEST_TTL_MS).describe("Milliseconds for which an answer holds."),
    cache: z
      .int()
      .min(0)
      .max(MOST_CACHED)
      .optional()
      .meta({ default: 1024 })
      .describe("About of how many good tokens the answer is remembered, at 2 KiB each, and of as many bad ones."),
    pending: z
      .int()
      .min(1)
      .max(MOST_PENDING)
      .optional()
      .meta({ default: 1024 })
      .describe("Requests that may wait at once."),
    issuer: text.optional().describe("Whose tokens they are: their `iss`; not looked at without this key."),
    audiences: z
      .array(text)
      .min(1)
      .max(64)
      .optional()
      .describe("Whom tokens have to be for; not looked at without this key."),
    consumer: claim
      .optional()
      .meta({ default: "sub" })
      .describe("The member of the answer that names a consumer: names with spaces between them."),
    claimsToHeaders: z
      .array(
        z.strictObject({
          claim: claim.describe("Names with spaces between them."),
          header: z.string().regex(HEADER_NAME).describe("The header that tells it; each once."),
        }),
      )
      .max(32)
      .optional()
      .describe("Members of the answer that the service is told."),
  })
  .describe("A token in `Authorization: Bearer` that a service is asked about (RFC 7662).");
