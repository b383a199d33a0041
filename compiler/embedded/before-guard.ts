import { composeReply } from "../host/local-reply.js";
import type { Random } from "../host/random.js";
import { ADDRESS_DENIED, ALL_REQUESTS, FAULT_DENIED, type FaultPlan, takesAddress } from "../plan/native.js";
import type { GatewayPlan, ListenerPlan, PolicyPlan, RoutePlan } from "../plan/plan.js";
import { hasHeaders, matchRoute } from "../request/match.js";
import type { ClientRequest, RoutedRequest } from "../request/request.js";
import { routeAnswerHeaders, writeAll } from "./headers.js";
import { placeOwnPage } from "./pages.js";
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
  const reply = localReply(request, { route, run }, 403, "RBAC: access denied");
  return { ...reply, route, notes: { decision } };
}

/** How long Envoy's filter for faults holds a request. Milliseconds; 0 where it does not. */
export function faultDelay(run: readonly PolicyPlan[], request: RoutedRequest, random: Random): number {
  const delay = faultOf(run, request)?.native.delay;
  return delay !== undefined && isHit(delay.share, random) ? delay.ms : 0;
}

/** What the filter answers where it aborts the request; undefined where it does not. */
export function abortedByFault(
  route: RoutePlan,
  run: readonly PolicyPlan[],
  request: RoutedRequest,
  random: Random,
): Answer | undefined {
  const fault = faultOf(run, request);
  if (fault?.native.abort === undefined || !isHit(fault.native.abort.share, random)) return undefined;
  const reply = localReply(request, { route, run }, fault.native.abort.status, "fault filter abort");
  return { ...reply, route, notes: { decision: `${fault.name}${FAULT_DENIED}` } };
}

/** A route has one such policy at most. */
function faultOf(run: readonly PolicyPlan[], request: RoutedRequest): { name: string; native: FaultPlan } | undefined {
  for (const { name, native } of run)
    if (native?.filter === "fault") return hasHeaders(native.headers, request) ? { name, native } : undefined;
  return undefined;
}

function isHit(share: number, random: Random): boolean {
  return share >= ALL_REQUESTS || (share > 0 && Buffer.from(random(6)).readUIntBE(0, 6) % ALL_REQUESTS < share);
}

/**
 * An answer that Envoy gives before the guard. A route that leads to a service writes its headers into it (seen on 1.40).
 *
 * @param found the route, if one was, and its policies
 */
export function localReply(
  request: Pick<RoutedRequest, "method" | "headers" | "errors" | "tellsDecision">,
  found: { route: RoutePlan | undefined; run: readonly PolicyPlan[] },
  status: number,
  text: string,
): Pick<Answer, "status" | "headers" | "body"> {
  const { route, run } = found;
  const sort = sortOf(request);
  const { headers, body } = composeReply({ status, body: text, headers: [], grpcStatus: -1, details: "" }, sort);
  if (route?.action.type === "forward") writeAll(headers, routeAnswerHeaders({ route, run, request }, new Map()));
  const page = placeOwnPage(request.errors, request, headers);
  const sent = page === undefined || sort.isHead ? body : page;
  const told = Number(headers.get(":status"));
  return { status: told, headers: onWire(headers.pairs(), request.method, told, sent === ""), body: sent };
}

/**
 * The route of a request that is refused for its path: Envoy looks for one wherever a scheme is known, and this early only the
 * client can have named it. The path is still as it was sent, and so are the headers.
 */
export function routeOfRefused(
  plan: GatewayPlan,
  listener: ListenerPlan,
  client: ClientRequest,
): RoutePlan | undefined {
  const { method, target, host, source, time, scheme = "http" } = client;
  const headers = new Map<string, string[]>();
  for (const [name, value] of client.headers) headers.set(name, [...(headers.get(name) ?? []), value]);
  if (!headers.has("x-forwarded-proto")) return undefined;
  const request = { method, path: target, authority: host, scheme, headers, source, time, ends: true };
  return matchRoute(plan, listener.name, request)?.route;
}
