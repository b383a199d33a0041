import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import { type GatewayPlan, isOn } from "../plan.js";

/** Routes where callers may be known by a certificate that no listener asks them for. Told once for each place that applies such a policy. */
export function certificatesUnasked(plan: GatewayPlan): Diagnostic[] {
  const policies = new Map(plan.policies.map((policy) => [policy.name, policy]));
  const asking = plan.listeners.filter(({ tls }) => tls?.clientCertificate !== undefined);
  const asked = new Set(
    plan.hosts.flatMap((host) =>
      asking.some(({ name }) => isOn(host, name)) ? host.routes.map(({ name }) => name) : [],
    ),
  );
  const told = new Map<string, Diagnostic>();
  for (const route of plan.hosts.flatMap((host) => host.routes)) {
    if (asked.has(route.name)) continue;
    for (const { policy: name, origin } of route.run) {
      const policy = policies.get(name);
      if (policy?.knowsByCertificate !== true) continue;
      const related = [
        { message: "it knows them here", span: policy.origin },
        { message: "on this route", span: route.origin },
      ];
      const key = `${origin.source.path} ${origin.start}`;
      if (!told.has(key)) told.set(key, diagnose("SL0486", { policy: name }, origin, { related }));
    }
  }
  return [...told.values()];
}
