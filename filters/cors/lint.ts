import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";

/** Warns where a route asks for the policy by name and Envoy's filter does nothing: it works on routes to services only. */
export function lintOf(policy: string): NonNullable<PolicyPlan["lint"]> {
  return ({ route }) => {
    const applied = route.run.find((one) => one.policy === policy);
    if (route.action.type === "forward" || applied?.via !== "apply") return [];
    return [diagnose("SL0427", { policy, action: route.action.type }, applied.origin)];
  };
}
