import { z } from "zod";
import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import type { GatewayPlan, PolicyPlan } from "../plan.js";

const tokens = z.object({
  anyOf: z
    .array(
      z.object({
        jwt: z.object({ issuer: z.string() }).optional(),
        introspect: z.object({ issuer: z.string().optional() }).optional(),
      }),
    )
    .default([]),
});

/** Consumers who are known by a subject, whoever says it, where several do: to one of them it may be the name of somebody else. */
export function subjectsOfAnybody({ policies, hosts, consumers }: GatewayPlan): Diagnostic[] {
  const applied = new Set(hosts.flatMap(({ routes }) => routes.flatMap(({ run }) => run.map(({ policy }) => policy))));
  const believed = [...new Set(policies.filter(({ name }) => applied.has(name)).flatMap(issuersOf))];
  const [first, second] = believed;
  if (first === undefined || second === undefined) return [];
  return consumers.flatMap(({ origin, credentials }) =>
    credentials.flatMap((credential) =>
      "jwt" in credential && credential.jwt.issuer === undefined ? [diagnose("SL0490", { first, second }, origin)] : [],
    ),
  );
}

/** Whose tokens a policy believes, as far as it says. */
function issuersOf({ phase, config }: PolicyPlan): string[] {
  if (phase !== "authenticate") return [];
  return tokens.parse(config).anyOf.flatMap(({ jwt, introspect }) => jwt?.issuer ?? introspect?.issuer ?? []);
}
