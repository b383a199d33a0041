import { isEnforced } from "../../plan/global-limits.js";
import { bytesShownWhole } from "../../plan/native.js";
import type { RoutePlan } from "../../plan/plan.js";
import { native, polyfill, refused, type Support, type SupportTable, wasm } from "../support.js";
import { unsaidKey } from "./hashing.js";
import { httpMatches } from "./matches.js";

const patched = (by: string, reason: string) => polyfill(`EnvoyFilter: ${by}`, reason);

const UNREAD = "no resource of Istio says how requests are read before they are routed";
const BEHIND = "Istio's own filter stands behind the module, where a request without credentials does not come";
const NO_FILTER = "Istio has no resource for this filter of Envoy";
const NO_WORD = "a VirtualService has no word for it";
const NO_RULE = "a DestinationRule has no word for it";
/** istiod drops fields that it does not know, and says so in a warning only. */
const OLDER = "the Envoy that Istio 1.31 is made with has no";
const BODIES =
  "a WasmPlugin cannot ask Envoy to let it stop at the headers and still get the body (`allow_on_headers_stop_iteration`), so the body stage would miss it";

/** What a route asks for that its matchers cannot say. */
function matching(by: string): (entries: readonly RoutePlan[]) => Support {
  return (entries) => {
    for (const { match } of entries) {
      const said = httpMatches(match);
      if ("unsaid" in said) return refused(said.unsaid);
    }
    return native(by);
  };
}

export const SUPPORT: SupportTable = {
  "gateway.overload": refused(
    "limits of a whole proxy are set in its bootstrap, which is made before any resource is read: say them in the ProxyConfig of the pods",
  ),
  "gateway.metrics": wasm(
    "guard.wasm and HTTPMatchRequest.statPrefix; labels of Prometheus need `extraStatTags` of the pods",
  ),
  "gateway.zones": refused("the mesh knows in which zone its proxies are, and takes no numbers of them"),
  "gateway.ownedHeaders": patched(
    "early_header_mutation_extensions",
    `${UNREAD}; a VirtualService removes them again for the service`,
  ),
  "listener.address": native("Gateway.servers.port and bind"),
  "listener.trustedHops": patched("xff_num_trusted_hops", UNREAD),
  "listener.escapedSlashes": patched("path_with_escaped_slashes_action", UNREAD),
  "listener.headerUnderscores": patched("headers_with_underscores_action", UNREAD),
  "listener.tls": ({ tls }) =>
    (tls?.certificates.length ?? 0) > 2
      ? refused("a Gateway shows at most two certificates")
      : native("Gateway.servers.tls with files"),
  "listener.clientCertificate": native("Gateway.servers.tls.mode MUTUAL or OPTIONAL_MUTUAL"),
  "listener.protocol": ({ tls }) =>
    tls !== undefined
      ? refused("a Gateway with TLS offers clients both versions of HTTP")
      : patched("codec_type", "a Gateway speaks both versions of HTTP"),
  "listener.http3": refused("istiod makes listeners of HTTP/3 where it is told to by its environment only"),
  "listener.sidecar": refused(
    "a sidecar of Istio has routes of its own making, whose names the module cannot tell apart",
  ),
  "listener.accessLog": patched("access_log", "a Telemetry resource has no formats and no conditions of its own"),
  "listener.errors": patched("local_reply_config", "Istio has no resource for answers of the proxy"),
  "listener.decisionHeader": native("VirtualService.http.headers.response"),
  "service.endpoints": native("ServiceEntry STATIC"),
  "service.dns": ({ discovery }) =>
    discovery.by === "dns" && discovery.refreshMs !== undefined
      ? refused("how often a name is resolved is said for the whole mesh (`dnsRefreshRate` of MeshConfig)")
      : native("ServiceEntry DNS, or the service of the cluster by its name"),
  "service.eds": refused(
    "where services are is for the mesh to know: an endpoint that comes or goes is a WorkloadEntry or a pod",
  ),
  "service.zoneAware": refused(
    "the mesh prefers endpoints by regions, zones and subzones of nodes; a zone of the file is none of these",
  ),
  "service.connectTimeout": native("DestinationRule.connectionPool.tcp.connectTimeout"),
  "service.tls": native("DestinationRule.tls"),
  "service.protocol": ({ protocol }) =>
    protocol === "auto"
      ? refused("a DestinationRule does not leave the version of HTTP to the service")
      : native("ServiceEntry.ports.protocol"),
  "service.versions": native("a ServiceEntry for each version"),
  "service.loadBalancing": (service, plan) => {
    const isHashed = service.loadBalancing === "ringHash" || service.loadBalancing === "maglev";
    const unsaid = isHashed ? unsaidKey(plan, service) : undefined;
    return unsaid === undefined ? native("DestinationRule.loadBalancer") : refused(unsaid);
  },
  "service.slowStart": native("DestinationRule.loadBalancer.warmup"),
  "service.panic": patched("healthy_panic_threshold", `${NO_RULE}, but beside outliers`),
  "service.health": patched("health_checks", "a mesh leaves checks to Kubernetes"),
  "service.outliers": native("DestinationRule.outlierDetection"),
  "service.circuitBreakers": native("DestinationRule.connectionPool and retryBudget"),
  "service.connections": native("DestinationRule.connectionPool"),
  "service.failover": refused("a mesh fails over between places of one service, not from one service to another"),
  "service.admission": refused("istiod cannot read the empty configuration by which a route enters a filter of Envoy"),
  "service.adaptiveConcurrency": refused(`${OLDER} \`min_concurrency_limit\` of its concurrency limit`),
  "match.host": native("VirtualService.hosts"),
  "match.listener": native("VirtualService.gateways"),
  "match.path": matching("HTTPMatchRequest.uri"),
  "match.template": matching("HTTPMatchRequest.uri.regex"),
  "match.regex": matching("HTTPMatchRequest.uri.regex"),
  "match.methods": matching("HTTPMatchRequest.method"),
  "match.headers": matching("HTTPMatchRequest.headers and withoutHeaders"),
  "match.query": matching("HTTPMatchRequest.queryParams"),
  "route.to": native("HTTPRoute.route"),
  "route.weights": native("HTTPRoute.route.weight"),
  "route.respond": native("HTTPRoute.directResponse"),
  "route.redirect": native("HTTPRoute.redirect"),
  "route.timeout": native("HTTPRoute.timeout"),
  "route.calls": patched("max_stream_duration", NO_WORD),
  "route.idleTimeout": patched("idle_timeout", NO_WORD),
  "route.retry": (entries) =>
    entries.some(({ action }) => action.type === "forward" && action.retry?.backoff !== undefined)
      ? patched("retry_back_off.max_interval", `the rest is HTTPRoute.retries, of which ${NO_WORD}`)
      : native("HTTPRoute.retries"),
  "route.hashBy": native("DestinationRule.loadBalancer.consistentHash"),
  "route.mirror": native("HTTPRoute.mirrors"),
  "route.rewrite": (entries) =>
    entries.some(
      ({ action }) =>
        action.type === "forward" && action.rewrite?.host !== undefined && !("host" in action.rewrite.host),
    )
      ? patched("host_rewrite_path_regex", "a VirtualService writes the same host for all requests of a route")
      : native("HTTPRoute.rewrite"),
  "route.hedge": patched("hedge_policy", NO_WORD),
  "route.websocket": native(
    "HTTPRoute, whose connections may be upgraded; those of other routes the EnvoyFilter closes",
  ),
  "route.callers": patched(
    "a route for each, in front of that for everybody",
    "a VirtualService cannot ask for what the module finds out",
  ),
  "route.errors": patched("a Lua filter", NO_FILTER),
  "policy.guard": wasm("WasmPlugin or TrafficExtension: guard.wasm"),
  "policy.shadow": wasm("WasmPlugin or TrafficExtension: guard.wasm"),
  "policy.requestHeaders": native("HTTPRoute.headers.request of FILTER_STATE"),
  "policy.responseHeaders": native("HTTPRoute.headers.response of FILTER_STATE"),
  "policy.removeRequestHeaders": native("HTTPRoute.headers.request.remove"),
  "policy.environment": native("WasmPlugin.vmConfig.env of the host"),
  "policy.exports": wasm("guard.wasm, by HTTP calls to the cluster of the collector"),
  "policy.fetchesKeys": wasm("guard.wasm, by HTTP calls to the cluster of the service"),
  "policy.introspection": wasm("guard.wasm, by HTTP calls to the cluster of the service"),
  "policy.certificates": patched(
    "a filter that notes the names of the certificate",
    "Envoy's attributes tell a module the first name of a certificate only",
  ),
  "policy.keyPlaces": patched(
    "a Lua filter that writes what remains",
    "a module that writes a path has the route chosen again",
  ),
  "policy.digest": refused(BODIES),
  "policy.conversion": refused(BODIES),
  "native.ipAccess": patched("envoy.filters.http.rbac", "an AuthorizationPolicy knows no routes"),
  "native.fault": patched("envoy.filters.http.fault", BEHIND),
  "native.cors": patched("envoy.filters.http.cors", BEHIND),
  "native.globalLimit": ({ mode, native: limit }) =>
    limit?.filter === "ratelimit" && isEnforced({ mode }) && limit.headers.includes("retry-after")
      ? refused(`${OLDER} \`enable_retry_after_header\` of its rate limits: leave \`retry-after\` out of \`headers\``)
      : patched("envoy.filters.http.ratelimit", NO_FILTER),
  "native.externalAuth": ({ native: asking }) =>
    bytesShownWhole(asking) !== undefined
      ? refused(
          `a body that is shown whole has a limit, and ${OLDER} \`response_body\` of faults, which answers for a larger one`,
        )
      : patched(
          "envoy.filters.http.ext_authz",
          "an AuthorizationPolicy asks before the module knows who calls, by a provider of MeshConfig",
        ),
  "native.bodyLimit": refused(`${OLDER} \`response_body\` of faults, which answers for a body that is too large`),
  "native.headers": native("HTTPRoute.headers"),
  "native.compress": refused(`${OLDER} \`content_type_matcher\` of its compressor, and would compress other answers`),
  "native.tracer": patched(
    "HttpConnectionManager.tracing",
    "a Telemetry resource names a provider of MeshConfig, which is not the gateway's to write",
  ),
};
