import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import type { GatewayPlan, PolicyPlan } from "../plan.js";

/** Policies that hold requests until they are whole, on routes whose calls may be streams. Told once for each place that applies one. */
export function heldStreams({ hosts, policies }: GatewayPlan): Diagnostic[] {
  const holding = new Map(policies.filter(holds).map((policy) => [policy.name, policy]));
  const told = new Map<string, Diagnostic>();
  for (const { name, action, run, origin } of hosts.flatMap((host) => host.routes)) {
    if (action.type !== "forward" || action.calls === undefined) continue;
    for (const applied of run) {
      if (!holding.has(applied.policy)) continue;
      const related = [{ message: "on this route", span: origin }];
      const key = `${applied.origin.source.path} ${applied.origin.start}`;
      if (!told.has(key))
        told.set(key, diagnose("SL0629", { policy: applied.policy, route: name }, applied.origin, { related }));
    }
  }
  return [...told.values()];
}

function holds({ native, conversion, digest }: PolicyPlan): boolean {
  if (conversion !== undefined || digest !== undefined || native?.filter === "buffer") return true;
  return native?.filter === "externalAuth" && native.body !== undefined;
}
