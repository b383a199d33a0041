import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import type { GatewayPlan } from "../../plan/plan.js";
import type { Span } from "../../syntax/source.js";
import { provenance } from "../provenance.js";
import type { Where } from "../target.js";
import { child } from "../where.js";

/**
 * Which place of the policy a field of the bootstrap is made from: that of the innermost message around it whose metadata tells it,
 * such as a route, a cluster or a listener; that of the gateway for what stands in none.
 */
export function whereIn(plan: GatewayPlan, printed: JsonObject): Where {
  const places = new Map(originsOf(plan).map((span) => [provenance(span), span] as const));
  return (path) => {
    let found: Span | undefined = plan.origin;
    let value: JsonValue | undefined = printed;
    for (const step of path) {
      value = child(value, step);
      const named = originOf(value);
      if (named !== undefined) found = places.get(named) ?? found;
    }
    return value === undefined ? undefined : found;
  };
}

function originsOf(plan: GatewayPlan): Span[] {
  const routes = plan.hosts.flatMap((host) => [
    host.origin,
    ...host.routes.flatMap((route) => [route.origin, ...callersOf(route.action)]),
  ]);
  return [plan, ...plan.listeners, ...plan.services, ...plan.policies].map(({ origin }) => origin).concat(routes);
}

function callersOf(action: GatewayPlan["hosts"][number]["routes"][number]["action"]): Span[] {
  return action.type === "forward" ? (action.callers ?? []).map(({ origin }) => origin) : [];
}

/** `metadata.filter_metadata.sluice.origin` of a message. */
function originOf(value: JsonValue | undefined): string | undefined {
  const origin = ["metadata", "filter_metadata", "sluice", "origin"].reduce(child, value);
  return typeof origin === "string" ? origin : undefined;
}
