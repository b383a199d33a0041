import { composeReply } from "../host/local-reply.js";
import { ADDRESS_DENIED, takesAddress } from "../plan/native.js";
import type { GatewayPlan, PolicyPlan, RoutePlan } from "../plan/plan.js";
import { matchRoute } from "../request/match.js";
import type { ClientRequest, RoutedRequest } from "../request/request.js";
import { routeAnswerHeaders, writeAll } from "./headers.js";
import type { Answer } from "./passage.js";
import { onWire, sortOf } from "./wire.js";

// The model of Envoy's own filters that stand before the guard (`targets/envoy/native.ts`), but for `cors.ts`.

/** What Envoy's filter for access rules answers where the client may not call from its address; undefined where it may. */
export function refusedAddress(
  route: RoutePlan,
  run: readonly PolicyPlan[],
  request: RoutedRequest,
): Answer | undefined {
  const by = run.find(({ native }) => native?.filter === "rbac" && !takesAddress(native, request.source));
  if (by === undefined) return undefined;
  const decision = `${by.name}${ADDRESS_DENIED}`;
  const reply = localReply(sortOf(request), { route, run }, 403, "RBAC: access denied");
  return { ...reply, route, notes: { decision } };
}

/**
 * An answer that Envoy gives before the guard. A route that leads to a service writes its headers into it (seen on 1.40).
 *
 * @param sort of the request
 * @param found the route, if one was, and its policies
 */
export function localReply(
  sort: ReturnType<typeof sortOf>,
  found: { route: RoutePlan | undefined; run: readonly PolicyPlan[] },
  status: number,
  text: string,
): Pick<Answer, "status" | "headers" | "body"> {
  const { route, run } = found;
  const { headers, body } = composeReply({ status, body: text, headers: [], grpcStatus: -1, details: "" }, sort);
  if (route?.action.type === "forward") writeAll(headers, routeAnswerHeaders(route, run, new Map()));
  const told = Number(headers.get(":status"));
  return { status: told, headers: onWire(headers.pairs(), sort.isHead ? "HEAD" : "GET", told, body === ""), body };
}

/**
 * The route of a request that is refused for its path: Envoy looks for one wherever a scheme is known, and this early only the
 * client can have named it. The path is still as it was sent, and so are the headers.
 */
export function routeOfRefused(plan: GatewayPlan, client: ClientRequest): RoutePlan | undefined {
  const { method, target, host, source, time, scheme = "http" } = client;
  const headers = new Map<string, string[]>();
  for (const [name, value] of client.headers) headers.set(name, [...(headers.get(name) ?? []), value]);
  if (!headers.has("x-forwarded-proto")) return undefined;
  return matchRoute(plan, { method, path: target, authority: host, scheme, headers, source, time, ends: true })?.route;
}
