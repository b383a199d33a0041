import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan.js";

/** What the policies say of the chains that they stand in. */
export function lintChains(plan: GatewayPlan): Diagnostic[] {
  const policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  const seen = new Set<string>();
  const told = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  for (const route of plan.hosts.flatMap((host) => host.routes)) {
    const key = `${route.action.type} ${route.run.map((applied) => applied.policy).join(" ")}`;
    if (seen.has(key)) continue;
    seen.add(key);
    const steps = route.run.flatMap(({ policy: name, origin }) => {
      const policy = policies.get(name);
      return policy === undefined ? [] : [{ policy, origin }];
    });
    const found = steps.flatMap(({ policy }) => policy.lint?.({ steps, route }) ?? []);
    diagnostics.push(...found.filter((finding) => isNew(finding, told)));
  }
  return diagnostics;
}

/** A policy says the same of itself in each of its chains. */
function isNew({ code, span, message }: Diagnostic, told: Set<string>): boolean {
  const key = `${code} ${span.source.path} ${span.start} ${message}`;
  if (told.has(key)) return false;
  told.add(key);
  return true;
}
