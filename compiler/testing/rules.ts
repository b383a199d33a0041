import type { GatewayPlan } from "../plan/plan.js";
import type { PolicyKind } from "../policy/kind.js";

/** A rule of a policy, as `policy/rule` names it. */
export interface RuleName {
  policy: string;
  rule: string;
}

/** The rules of all policies that some route runs, in the order of the file. */
export function rulesOf(plan: GatewayPlan, kinds: readonly PolicyKind[]): RuleName[] {
  return plan.policies.flatMap((policy) => {
    const kind = kinds.find(({ name }) => name === policy.kind);
    return (kind?.rules(policy.config) ?? []).map((rule) => ({ policy: policy.name, rule }));
  });
}
