import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../../policy/check.js";
import { targetsOf } from "../callers.js";
import type { GatewayPlan } from "../plan.js";

/** Services that no route leads to, and no policy asks. One with weight 0 waits for its requests and is no finding. */
export function unusedServices(plan: GatewayPlan): Diagnostic[] {
  const used = new Set(
    plan.hosts.flatMap((host) =>
      host.routes.flatMap(({ action }) =>
        action.type === "forward" ? [...targetsOf(action), ...(action.mirror ?? [])].map(({ service }) => service) : [],
      ),
    ),
  );
  for (const { asks = [] } of plan.policies) for (const { service } of asks) used.add(service);
  const standIns = new Set(plan.services.flatMap(({ name, failover = [] }) => (used.has(name) ? failover : [])));
  // A version that waits for the switch is no finding.
  return plan.services.flatMap(({ name, origin, version }) =>
    version !== undefined || used.has(name) || standIns.has(name)
      ? []
      : [diagnose("SL0607", { service: name }, origin)],
  );
}

/** Consumers that nobody can be: without a credential, or in a gateway that never asks for one. */
export function unusedConsumers(checked: CheckedGateway, plan: GatewayPlan): Diagnostic[] {
  if (plan.consumers.length === 0) return [];
  if (!plan.policies.some((policy) => policy.provides.includes("auth.consumer")))
    return [diagnose("SL0206", {}, checked.place(["consumers"], "key"))];
  return plan.consumers.flatMap(({ name, origin, credentials }) =>
    credentials.length > 0 ? [] : [diagnose("SL0205", { consumer: name }, origin)],
  );
}
