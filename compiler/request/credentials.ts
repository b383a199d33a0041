import { createHash } from "node:crypto";
import type { ConsumerPlan } from "../plan/plan.js";
import type { Presenter } from "./verdict.js";

/** Variables by name; a name without a value is one that is not set. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** Whose key this is, by digest as the guard compares. Variables that are not set here may hold it too. */
export function presenterOf(apiKey: string, consumers: readonly ConsumerPlan[], variables: Variables): Presenter {
  const digest = digestOf(apiKey);
  const unset: string[] = [];
  for (const consumer of consumers)
    for (const { apiKey: reference } of consumer.credentials) {
      if (reference.from === "digest") {
        if (reference.sha256 === digest) return { known: "yes", consumer };
        continue;
      }
      const value = Object.hasOwn(variables, reference.variable) ? variables[reference.variable] : undefined;
      if (value === undefined || value === "") unset.push(reference.variable);
      else if (digestOf(value) === digest) return { known: "yes", consumer };
    }
  return unset.length === 0 ? { known: "no" } : { known: "maybe", variables: [...new Set(unset)] };
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
