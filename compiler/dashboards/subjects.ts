import { hasDigests, hasOperations } from "../plan/body.js";
import { targetsOf } from "../plan/callers.js";
import { isInModule } from "../plan/native.js";
import type { GatewayPlan, PolicyPlan } from "../plan/plan.js";
import { tracedNatively } from "../plan/tracers.js";
import type { Collector } from "../plan/tracing.js";
import type { ModuleFilter } from "./queries.js";

/** The files say so of themselves, and only such files are written over. */
export const WRITTEN_BY = "Written by `sluice dashboards`";

/** Policies that count what they decide: those that a module carries out. */
export function countingPolicies({ policies }: GatewayPlan): PolicyPlan[] {
  return policies.filter((policy) => isInModule(policy) && policy.phase !== "trace");
}

/** Policies that count traces and their spans: those that a module traces by. */
export function tracingPolicies({ policies }: GatewayPlan): PolicyPlan[] {
  return policies.filter(({ native, phase }) => native === undefined && phase === "trace");
}

/** The form of the spans that Envoy's own tracer sends; absent if it sends none. It is one for the whole gateway. */
export function nativeTracer({ policies }: GatewayPlan): Collector["format"] | undefined {
  return tracedNatively(policies)[0]?.native.collector.format;
}

export function isLimit({ phase }: PolicyPlan): boolean {
  return phase === "limit" || phase === "limit-by-identity";
}

export function moduleFilters(plan: GatewayPlan): ModuleFilter[] {
  return [
    "sluice_guard",
    ...(hasDigests(plan) ? (["sluice_digest"] as const) : []),
    ...(hasOperations(plan.hosts) ? (["sluice_body"] as const) : []),
  ];
}

/** The shortest time that a route gives a service, in milliseconds; absent if no route asks it. */
export function shortestTimeout({ hosts }: GatewayPlan, service: string): number | undefined {
  const times = hosts.flatMap(({ routes }) =>
    routes.flatMap(({ action }) =>
      action.type === "forward" &&
      action.timeoutMs > 0 &&
      targetsOf(action).some((target) => target.service === service)
        ? [action.timeoutMs]
        : [],
    ),
  );
  return times.length === 0 ? undefined : Math.min(...times);
}
