import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import { capturesOf } from "../../policy/path.js";
import type { GatewayPlan, PolicyPlan, RoutePlan } from "../plan.js";

/** Attributes that a policy can do without, where no route that it runs on has them: then it says nothing at all. */
export function neverFoundOut({ hosts, policies }: GatewayPlan): Diagnostic[] {
  const named = new Map(policies.map((policy) => [policy.name, policy]));
  const found = new Map<string, Set<string>>();
  for (const route of hosts.flatMap((host) => host.routes)) {
    const known = knownOn(route, named);
    for (const { policy } of route.run) {
      const sofar = found.get(policy) ?? new Set();
      for (const attribute of known) sofar.add(attribute);
      found.set(policy, sofar);
    }
  }
  return policies.flatMap(({ name, wants = [] }) =>
    wants
      .filter(({ attribute }) => !found.get(name)?.has(attribute))
      .map(({ attribute, origin }) => diagnose("SL0466", { policy: name, attribute }, origin)),
  );
}

function knownOn({ run, match, operation }: RoutePlan, policies: ReadonlyMap<string, PolicyPlan>): string[] {
  const provided = run.flatMap(({ policy }) => {
    const plan = policies.get(policy);
    return plan === undefined || plan.mode !== undefined ? [] : plan.provides;
  });
  const captured = capturesOf(match.path).map(({ name }) => `route.params.${name}`);
  return [...provided, ...captured, ...(operation === undefined ? [] : ["soap.operation"])];
}
