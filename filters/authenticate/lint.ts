import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { Expression } from "../../compiler/expression/expression.js";
import { readsIn } from "../../compiler/expression/lower.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";
import { keyFinding } from "../../compiler/policy/chosen-key.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";

const isSource = (attribute: string) => attribute.startsWith("source.");

/** Warns of a lockout that binds nobody, and where strangers reach a service. */
export function lintOf(
  { optional, lockoutKeys }: { optional: boolean; lockoutKeys: readonly Expression[] },
  context: PolicyContext,
): NonNullable<PolicyPlan["lint"]> {
  const { policy, place } = context;
  const open = openToAnybody(optional, context);
  return (chain) => [...keyFinding(lockoutKeys, policy, place(["lockout", "key"])), ...open(chain)];
}

/** Callers without a credential reach a service, and nothing of the route asks who they are, or from where they call. */
function openToAnybody(optional: boolean, { policy, place }: PolicyContext): NonNullable<PolicyPlan["lint"]> {
  return ({ steps, route }) => {
    if (!optional || route.action.type !== "forward") return [];
    const own = steps.findIndex((step) => step.policy.name === policy);
    const later = steps.slice(own + 1).map((step) => step.policy);
    const asks = later.some(
      ({ phase, mode, config, requires }) =>
        (phase === "authorize" && mode === undefined && readsIn(config, isSource)) ||
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
