import { z } from "zod";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { type Credential, identifierOf } from "../plan/credentials.js";
import { LEAST_ROUNDS, MOST_ROUNDS, roundsOf, VERIFIER } from "../plan/verifier.js";
import { nodeAt } from "../syntax/document.js";
import type { CheckedGateway } from "./check.js";
import { apiKeyReference, exactlyOneOf, LITERAL_VERIFIER } from "./values.js";

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

/** What proves that a request comes from a consumer; one member each. */
export const credential = z
  .strictObject({
    apiKey: apiKeyReference
      .describe(
        "A reference to the key, never the key itself: `env:NAME` reads Envoy's environment, `sha256:` and 64 hexadecimal digits is its digest.",
      )
      .meta({ examples: ["env:ACME_KEY"] })
      .optional(),
    basic: basic.optional(),
  })
  .meta(exactlyOneOf("apiKey", "basic"));

/** The members of a written credential that are there: exactly one in a file without that error. */
export function credentialsIn({ apiKey, basic }: z.output<typeof credential>): Credential[] {
  return [...(apiKey === undefined ? [] : [{ apiKey }]), ...(basic === undefined ? [] : [{ basic }])];
}

/** One credential must lead to one consumer: the module refuses the same one twice, and so does the compiler. */
export function checkCredentials({ gateway, root, place }: CheckedGateway): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, (string | number)[]>();
  for (const [name, consumer] of Object.entries(gateway.consumers))
    for (const [index, written] of consumer.credentials.entries()) {
      const base = ["consumers", name, "credentials", index];
      const members = credentialsIn(written);
      // As written: what is not well-formed has a finding of its own.
      const node = nodeAt(root, base);
      const kinds = node?.kind === "map" ? node.entries.length : members.length;
      if (kinds !== 1) diagnostics.push(diagnose("SL0230", { count: kinds === 0 ? "none" : "several" }, place(base)));
      for (const one of members) {
        const { kind, identifier } = identifierOf(one);
        const path = kind === "basic" ? [...base, kind, "user"] : [...base, kind];
        const key = `${kind} ${identifier}`;
        const first = seen.get(key);
        if (first !== undefined) {
          const related = [{ message: "first used here", span: place(first) }];
          diagnostics.push(
            kind === "basic"
              ? diagnose("SL0231", { user: identifier }, place(path), { related })
              : diagnose("SL0203", {}, place(path), { related }),
          );
        } else seen.set(key, path);
        if ("basic" in one) diagnostics.push(...checkRounds(one.basic.verifier, place([...base, "basic", "verifier"])));
      }
    }
  return diagnostics;
}

function checkRounds(text: string, span: Diagnostic["span"]): Diagnostic[] {
  const rounds = roundsOf(text);
  if (rounds >= LEAST_ROUNDS && rounds <= MOST_ROUNDS) return [];
  const parameters = { rounds: String(rounds) };
  return [rounds < LEAST_ROUNDS ? diagnose("SL0233", parameters, span) : diagnose("SL0234", parameters, span)];
}
