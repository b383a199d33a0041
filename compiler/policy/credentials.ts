import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { type Credential, identifierOf } from "../plan/credentials.js";
import { LEAST_ROUNDS, MOST_ROUNDS, roundsOf, VERIFIER } from "../plan/verifier.js";
import { nodeAt } from "../syntax/document.js";
import type { CheckedGateway } from "./check.js";
import { apiKeyReference, environmentReference, exactlyOneOf, LITERAL_VERIFIER } from "./values.js";

const KINDS = ["apiKey", "basic", "certificate", "hmac", "jwt"] as const;

/** RFC 7617, section 2: a colon ends it, and it has no control characters. */
export const USER = /^[ -9;-~\u{80}-\u{10ffff}]{1,128}$/u;

const verifier = z
  .string()
  .refine((text) => VERIFIER.test(text), { params: LITERAL_VERIFIER })
  .meta({ pattern: VERIFIER.source });

const basic = z
  .strictObject({
    user: z
      .string()
      .regex(USER, "a user has 1 to 128 characters, no colon and no control characters")
      .describe("The name before the colon."),
    verifier: verifier
      .describe("What `sluice hash` writes of the password, from which the password cannot be read.")
      .meta({
        examples: ["pbkdf2-sha256$2000$AAECAwQFBgcICQoLDA0ODw$UbYMcd7Ef_fNxs69aQZeYyDqTXpFWYfaqkBfzGJi-P4"],
      }),
  })
  .describe("A user with a password, for `basic`.");

/** A URI has a scheme and thus a colon, a DNS name has none: neither passes for the other. */
const URI = "[A-Za-z][A-Za-z0-9+.-]{0,31}:[!-+\\x2d-~]{1,2015}";
const DNS_NAME = "[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?){0,126}";

const certificate = z
  .strictObject({
    san: z
      .string()
      .regex(new RegExp(`^(${URI}|${DNS_NAME})$`), "a URI such as spiffe://shop/orders, or a DNS name in small letters")
      .describe("The one URI of the certificate or, where it has no URI, its one DNS name.")
      .meta({ examples: ["spiffe://shop.example/orders", "orders.shop.example"] }),
  })
  .describe("A client certificate that a listener verified, by the name in it.");

const hmac = z
  .strictObject({
    keyId: z
      .string()
      .regex(/^[!#-[\]-~]{1,256}$/, "visible ASCII without quotes and backslashes, at most 256 characters")
      .describe("How signatures name the secret: their parameter `keyid`.")
      .meta({ examples: ["acme-2026"] }),
    secret: environmentReference.describe(
      "A reference to the secret, never the secret itself: `env:NAME` reads Envoy's environment. Behind `base64:` in the value stand its bytes in base64.",
    ),
  })
  .describe("A secret that signs requests (RFC 9421, hmac-sha256).");

/** What stands in a claim that names somebody: a text without control characters. */
const claimed = z
  .string()
  .min(1)
  .max(1024)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  .regex(/^[^\u0000-\u001f\u007f]*$/, "it has control characters");

const jwt = z
  .strictObject({
    subject: claimed.describe(
      "What the tokens say of the consumer: their `sub`, or the claim that the `consumer` of the policy names.",
    ),
    issuer: claimed
      .optional()
      .describe("Only tokens by this issuer; those of every issuer that the gateway believes without this key."),
  })
  .describe("Who the consumer is to the issuer of its tokens.");

/** What proves that a request comes from a consumer; one member each. */
export const credential = z
  .strictObject({
    apiKey: apiKeyReference
      .optional()
      .describe(
        "A reference to the key, never the key itself: `env:NAME` reads Envoy's environment, `sha256:` and 64 hexadecimal digits is its digest.",
      )
      .meta({ examples: ["env:ACME_KEY"] }),
    basic: basic.optional(),
    certificate: certificate.optional(),
    hmac: hmac.optional(),
    jwt: jwt.optional(),
  })
  .meta(exactlyOneOf(...KINDS));

export type WrittenCredential = z.output<typeof credential>;

/** One written credential as the plan has it; nothing where it has not exactly one member, of which `checkCredentials` tells. */
export function credentialOf(written: WrittenCredential): Credential | undefined {
  if (KINDS.reduce((count, kind) => count + (written[kind] === undefined ? 0 : 1), 0) !== 1) return undefined;
  const { apiKey, basic, certificate, hmac, jwt } = written;
  if (apiKey !== undefined) return { apiKey };
  if (basic !== undefined) return { basic };
  if (certificate !== undefined) return { certificate: { san: certificate.san } };
  if (hmac !== undefined) return { hmac: { keyId: hmac.keyId, variable: hmac.secret } };
  return jwt === undefined ? undefined : { jwt };
}

/** One credential must lead to one consumer: the module refuses the same one twice, and so does the compiler. */
export function checkCredentials({ root, gateway, place }: CheckedGateway): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, { name: string; index: number; own: readonly string[] }>();
  for (const [name, consumer] of Object.entries(gateway.consumers))
    for (const [index, written] of consumer.credentials.entries()) {
      const here = ["consumers", name, "credentials", index];
      const one = credentialOf(written);
      if (one === undefined) {
        // What does not fit is left out of it, but not of the file.
        const kinds = KINDS.filter((kind) => nodeAt(root, [...here, kind]) !== undefined);
        if (kinds.length !== 1) diagnostics.push(diagnose("SL0488", { keys: KINDS.join(", ") }, place(here)));
        continue;
      }
      const { path: own, identifier } = identifierOf(one);
      const key = `${own[0]} ${identifier}`;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, { name, index, own });
      else {
        const path = [...here, ...own];
        const before = ["consumers", first.name, "credentials", first.index, ...first.own];
        const related = [{ message: "first used here", span: place(before) }];
        diagnostics.push(
          "basic" in one
            ? diagnose("SL0231", { user: identifier }, place(path), { related })
            : diagnose("SL0203", {}, place(path), { related }),
        );
      }
      if ("basic" in one) diagnostics.push(...checkRounds(one.basic.verifier, place([...here, "basic", "verifier"])));
    }
  return diagnostics;
}

function checkRounds(text: string, span: Diagnostic["span"]): Diagnostic[] {
  const rounds = roundsOf(text);
  if (rounds >= LEAST_ROUNDS && rounds <= MOST_ROUNDS) return [];
  const parameters = { rounds: String(rounds) };
  return [rounds < LEAST_ROUNDS ? diagnose("SL0233", parameters, span) : diagnose("SL0234", parameters, span)];
}
