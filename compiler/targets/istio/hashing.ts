import { targetsOf } from "../../plan/callers.js";
import type { GatewayPlan, JsonObject, ServicePlan } from "../../plan/plan.js";
import type { HashSource } from "../../plan/resilience.js";

/*
 * A route says by what its requests choose an endpoint, a DestinationRule says it for all routes to a service. So the routes must
 * agree, and each has one key.
 */

/** What the routes that lead to a service choose an endpoint by: each list once. */
function keysOf({ hosts }: Pick<GatewayPlan, "hosts">, service: Pick<ServicePlan, "name">): HashSource[][] {
  const lists = hosts.flatMap(({ routes }) =>
    routes.flatMap(({ action }) =>
      action.type === "forward" && targetsOf(action).some((target) => target.service === service.name)
        ? [action.hashBy ?? []]
        : [],
    ),
  );
  return [...new Map(lists.map((list) => [JSON.stringify(list), list])).values()];
}

/** Why the routes to a service have no key that a DestinationRule can say. */
export function unsaidKey(plan: Pick<GatewayPlan, "hosts">, service: Pick<ServicePlan, "name">): string | undefined {
  const lists = keysOf(plan, service);
  if (lists.length > 1) return "a DestinationRule has one key for all routes to a service, and these have several";
  if ((lists[0] ?? []).length > 1) return "a DestinationRule has one key, and the route has several";
  return undefined;
}

/** The key of the routes to a service; of a service that is asked for no key, the address of the client, as in nothing else. */
export function consistentHash(plan: GatewayPlan, service: ServicePlan): JsonObject {
  const [source] = keysOf(plan, service)[0] ?? [];
  switch (source?.from) {
    case "header":
      return { httpHeaderName: source.name };
    case "cookie":
      return { httpCookie: { name: source.name } };
    case "query":
      return { httpQueryParameterName: source.name };
    case "address":
    case undefined:
      return { useSourceIp: true };
  }
}
