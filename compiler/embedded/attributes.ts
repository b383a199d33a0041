import type { Attributes } from "../host/attributes.js";
import type { Host, Moment } from "../host/host.js";
import { digestingOf } from "../plan/body.js";
import { CLIENT_NAMES, CLIENT_URIS, operationName } from "../plan/names.js";
import type { PolicyPlan, RoutePlan } from "../plan/plan.js";
import { type ClientCertificate, namesIn } from "../request/certificate.js";
import type { RoutedRequest } from "../request/request.js";

/** Port of the client, of which nothing else is known. */
export const CLIENT_PORT = 49_152;

/** By which modules know the operation of a request: `metadata` of its route in Envoy. */
const OPERATION = "xds.route_metadata.filter_metadata.sluice.operation";

/** And the policy whose callers sign what the body is. */
const DIGEST = "xds.route_metadata.filter_metadata.sluice.digest";

/** What becomes known of a request once it goes to a service; written as it happens. */
export interface Course {
  /** Where it goes. */
  cluster?: string;
  /** `host:port` of the endpoint. */
  endpoint?: string;
  /** Monotonic time, in nanoseconds. */
  sent?: bigint;
  /** The service has begun to answer. */
  isAnswered?: true;
}

/** What the clocks of a host say. */
export function momentOf({ clock }: Host): Moment {
  return { monotonic: clock.monotonic(), wall: clock.wall() };
}

/**
 * What Envoy knows of a stream beside its headers. What happens later is read when the module asks, which for how long
 * something took is in the log.
 *
 * @param arrived when the first byte of the request came
 */
export function attributesOf(
  { route, run }: { route: RoutePlan; run: readonly PolicyPlan[] },
  { source, sourcePort: port = CLIENT_PORT, certificate }: RoutedRequest,
  { arrived, course, host }: { arrived: Moment; course: Course; host: Host },
): Attributes {
  const address = source.includes(":") ? `[${source}]` : source;
  const since = (begin: bigint) => host.clock.monotonic() - begin;
  return {
    "xds.route_name": route.name,
    [OPERATION]: route.operation === undefined ? undefined : operationName(route.operation),
    [DIGEST]: digestingOf(run)?.name,
    "source.address": `${address}:${port}`,
    "source.port": BigInt(port),
    ...certificateAttributes(certificate),
    "request.protocol": "HTTP/1.1",
    "request.time": arrived.wall,
    get "request.duration"() {
      return since(arrived.monotonic);
    },
    get "xds.cluster_name"() {
      return course.cluster ?? onlyService(route);
    },
    get "upstream.address"() {
      return course.endpoint;
    },
    get "upstream.request_attempt_count"() {
      return course.sent === undefined ? undefined : 1n;
    },
    get "response.backend_latency"() {
      return course.sent === undefined || course.isAnswered !== true ? undefined : since(course.sent);
    },
  };
}

/** Envoy's own tell the first name of each sort; all of them are what `targets/envoy/client-certificates.ts` leaves in filter state. */
function certificateAttributes(certificate: ClientCertificate | undefined): Attributes {
  if (certificate === undefined) return { "connection.mtls": false };
  const { uris, names } = namesIn(certificate);
  return {
    "connection.mtls": true,
    "connection.uri_san_peer_certificate": uris[0],
    "connection.dns_san_peer_certificate": names[0],
    [`filter_state.${CLIENT_URIS}`]: uris.length === 0 ? undefined : uris.join(","),
    [`filter_state.${CLIENT_NAMES}`]: names.length === 0 ? undefined : names.join(","),
  };
}

/** Envoy knows the cluster of a route that leads to one from the beginning. */
function onlyService({ action }: RoutePlan): string | undefined {
  return action.type === "forward" && action.to.length === 1 ? action.to[0]?.service : undefined;
}
