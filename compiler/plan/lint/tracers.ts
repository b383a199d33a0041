import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import { isGenerated } from "../names.js";
import type { GatewayPlan } from "../plan.js";
import { tracedNatively } from "../tracers.js";

/** Routes to services that no policy asks to trace, and where Envoy's own tracer writes headers all the same. */
export function tracedUnasked({ hosts, policies }: GatewayPlan): Diagnostic[] {
  const natives = tracedNatively(policies);
  const [first] = natives;
  const names = new Set(natives.map(({ name }) => name));
  const route = hosts
    .flatMap((host) => host.routes)
    .find(
      (one) => one.action.type === "forward" && !isGenerated(one) && !one.run.some(({ policy }) => names.has(policy)),
    );
  if (first === undefined || route === undefined) return [];
  const related = [{ message: "on this route", span: route.origin }];
  return [diagnose("SL0474", { policy: first.name, route: route.name }, first.origin, { related })];
}
