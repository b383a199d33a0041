import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan.js";

/** Routes to services where everything that keeps callers out has a condition. Told once for each place that applies such a policy. */
export function conditionalProtection(plan: GatewayPlan): Diagnostic[] {
  const policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  const told = new Map<string, Diagnostic>();
  for (const route of plan.hosts.flatMap((host) => host.routes)) {
    if (route.action.type !== "forward") continue;
    const guards = route.run.flatMap((applied) => {
      const policy = policies.get(applied.policy);
      const keepsOut = policy?.phase === "authenticate" || policy?.phase === "authorize";
      return policy !== undefined && keepsOut && policy.mode === undefined ? [{ policy, applied }] : [];
    });
    const [first] = guards;
    if (first?.policy.when === undefined || guards.some(({ policy }) => policy.when === undefined)) continue;
    const { policy, applied } = first;
    const related = [
      { message: "its condition is here", span: first.policy.when.origin },
      { message: "on this route", span: route.origin },
    ];
    const key = `${applied.origin.source.path} ${applied.origin.start}`;
    if (!told.has(key)) told.set(key, diagnose("SL0432", { policy: policy.name }, applied.origin, { related }));
  }
  return [...told.values()];
}
