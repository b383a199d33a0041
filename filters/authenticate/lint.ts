import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";

/** Warns where callers without a credential reach a service and nothing of the route asks who they are. */
export function lintOf(optional: boolean, { policy, place }: PolicyContext): NonNullable<PolicyPlan["lint"]> {
  return ({ steps, route }) => {
    if (!optional || route.action.type !== "forward") return [];
    const own = steps.findIndex((step) => step.policy.name === policy);
    const later = steps.slice(own + 1).map((step) => step.policy);
    const asks = later.some(
      ({ phase, mode, requires }) =>
        (phase === "authorize" && mode === undefined) ||
        requires.some(({ attribute }) => attribute.startsWith("auth.")),
    );
    const applied = steps[own]?.origin;
    if (asks || applied === undefined) return [];
    const related = [
      { message: "it is optional here", span: place(["optional"]) },
      { message: "on this route", span: route.origin },
    ];
    return [diagnose("SL0424", { policy }, applied, { related })];
  };
}
