import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { type Credential, identifierOf } from "../plan/credentials.js";
import type { CheckedGateway } from "./check.js";
import { apiKeyReference, exactlyOneOf } from "./values.js";

/** What stands in a claim that names somebody: a text without control characters. */
const claimed = z
  .string()
  .min(1)
  .max(1024)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  .regex(/^[^\u0000-\u001f\u007f]*$/, "it has control characters");

/** What proves that a request comes from a consumer; one member each. */
export const credential = z
  .strictObject({
    apiKey: apiKeyReference
      .optional()
      .describe(
        "A reference to the key, never the key itself: `env:NAME` reads Envoy's environment, `sha256:` and 64 hexadecimal digits is its digest.",
      )
      .meta({ examples: ["env:ACME_KEY"] }),
    jwt: z
      .strictObject({
        subject: claimed.describe(
          "What the tokens say of the consumer: their `sub`, or the claim that the `consumer` of the policy names.",
        ),
        issuer: claimed
          .optional()
          .describe("Only tokens by this issuer; those of every issuer that the gateway believes without this key."),
      })
      .optional()
      .describe("Who the consumer is to the issuer of its tokens."),
  })
  .meta(exactlyOneOf("apiKey", "jwt"))
  .transform(({ apiKey, jwt }, context): Credential => {
    if (apiKey !== undefined && jwt === undefined) return { apiKey };
    if (jwt !== undefined && apiKey === undefined) return { jwt };
    context.addIssue({ code: "custom", message: "a credential is of exactly one kind: `apiKey` or `jwt`" });
    return z.NEVER;
  });

/** One credential must lead to one consumer: the module refuses the same one twice, and so does the compiler. */
export function checkCredentials({ gateway, place }: CheckedGateway): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, (string | number)[]>();
  for (const [name, consumer] of Object.entries(gateway.consumers))
    for (const [index, one] of consumer.credentials.entries()) {
      const { kind, identifier } = identifierOf(one);
      const path = ["consumers", name, "credentials", index, kind];
      const key = `${kind} ${identifier}`;
      const first = seen.get(key);
      if (first !== undefined)
        diagnostics.push(
          diagnose("SL0203", {}, place(path), { related: [{ message: "first used here", span: place(first) }] }),
        );
      seen.set(key, path);
    }
  return diagnostics;
}
