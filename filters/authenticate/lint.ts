import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { Json, PolicyPlan } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";

/** Warns where callers without a credential reach a service and nothing of the route asks who they are, or from where they call. */
export function lintOf(optional: boolean, { policy, place }: PolicyContext): NonNullable<PolicyPlan["lint"]> {
  return ({ steps, route }) => {
    if (!optional || route.action.type !== "forward") return [];
    const own = steps.findIndex((step) => step.policy.name === policy);
    const later = steps.slice(own + 1).map((step) => step.policy);
    const asks = later.some(
      ({ phase, mode, config, requires }) =>
        (phase === "authorize" && mode === undefined && readsSource(config)) ||
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

/** Whether a condition in the configuration of a policy asks from where the request comes. */
function readsSource(value: Json): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value)) return Object.values(value).some(readsSource);
  const [operation, attribute] = value;
  const isRead = operation === "get" && typeof attribute === "string" && attribute.startsWith("source.");
  return isRead || value.some(readsSource);
}
