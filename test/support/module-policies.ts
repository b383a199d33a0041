import { createHash } from "node:crypto";

// Configurations for the tests of the modules, in the form of filters/modules/README.md.

export const digestOf = (key: string): string => `sha256:${createHash("sha256").update(key).digest("hex")}`;

export const consumers = [
  { name: "acme", tier: "gold", groups: ["partners", "eu"], credentials: [{ apiKey: digestOf("acme-key") }] },
  { name: "globex", credentials: [{ apiKey: digestOf("globex-key") }] },
];

export const partnersOnly = {
  name: "partners-only",
  authenticate: { realm: "shop", anyOf: [{ apiKey: { header: "x-api-key" } }] },
};

export interface Policy {
  readonly name: string;
  readonly [member: string]: unknown;
}

/** A configuration of one route `r` that runs the policies given, in their order. */
export function configurationOf(
  policies: readonly Policy[],
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    version: 1,
    results: "filterState",
    consumers,
    policies,
    routes: [{ name: "r", run: policies.map((policy) => policy.name) }],
    ...more,
  };
}

/** A policy `rules` with one rule `rule` that allows on a condition. */
export const allowing = (condition: unknown): Policy => ({
  name: "rules",
  authorize: { rules: [{ name: "rule", allow: condition }], otherwise: "deny" },
});

export interface Rate {
  count: number;
  periodMs: number;
  burst: number;
}

/** A limit by consumer, or by the key given. */
export const limiting = (name: string, rate: Rate, more: Readonly<Record<string, unknown>> = {}): Policy => ({
  name,
  rateLimit: { key: [["get", "auth.consumer"]], default: rate, headers: ["ietf", "retry-after"], ...more },
});
