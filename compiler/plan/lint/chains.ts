import type { Code } from "../../diagnostics/catalog.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import type { Chain, GatewayPlan } from "../plan.js";

/** Findings about a policy itself, which must be true in each chain that it stands in, as all routes share its text. */
const OF_THE_POLICY: ReadonlySet<Code> = new Set<Code>(["SL0419", "SL0420", "SL0421", "SL0422"]);

/** What the policies say of the chains that they stand in. */
export function lintChains(plan: GatewayPlan): Diagnostic[] {
  const told = new Map<string, { finding: Diagnostic; policy: string; times: number }>();
  const chainsOf = new Map<string, number>();
  for (const chain of chains(plan)) {
    for (const { policy } of chain.steps) {
      chainsOf.set(policy.name, (chainsOf.get(policy.name) ?? 0) + 1);
      // A policy says the same of itself in each of its chains.
      const found = new Map((policy.lint?.(chain) ?? []).map((finding) => [keyOf(finding), finding]));
      for (const [key, finding] of found) {
        const known = told.get(key);
        if (known === undefined) told.set(key, { finding, policy: policy.name, times: 1 });
        else known.times++;
      }
    }
  }
  return [...told.values()].flatMap(({ finding, policy, times }) =>
    OF_THE_POLICY.has(finding.code) && times < (chainsOf.get(policy) ?? 0) ? [] : [finding],
  );
}

/** Every chain that some route has, once. */
function chains(plan: GatewayPlan): Chain[] {
  const policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  const seen = new Set<string>();
  return (
    plan.hosts
      .flatMap((host) => host.routes)
      // What a policy would say of an answer of the compiler's, nobody can change.
      .filter((route) => route.rest === undefined)
      .flatMap((route) => {
        const key = `${route.action.type} ${route.run.map((applied) => applied.policy).join(" ")}`;
        if (seen.has(key)) return [];
        seen.add(key);
        const steps = route.run.flatMap(({ policy: name, origin }) => {
          const policy = policies.get(name);
          return policy === undefined ? [] : [{ policy, origin }];
        });
        return [{ steps, route }];
      })
  );
}

function keyOf({ code, span, message }: Diagnostic): string {
  return `${code} ${span.source.path} ${span.start} ${message}`;
}
