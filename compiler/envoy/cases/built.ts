import type { JsonObject } from "@bufbuild/protobuf";
import type { VerifyCase } from "./case.js";
import {
  bootstrap,
  bucket,
  cluster,
  endpoints,
  extension,
  headerMutation,
  listener,
  localRateLimit,
  manager,
  networkFilter,
  route,
  router,
  socket,
  typed,
  withCluster,
  withFilters,
  withManager,
  withRoutes,
} from "./parts.js";

/** What Envoy refuses while it builds clusters, listeners and filters. */
export const built: readonly VerifyCase[] = [
  {
    name: "two clusters of one name",
    config: bootstrap({ clusters: [cluster("orders"), cluster("orders", { connect_timeout: "1s" })] }),
    violation: ["static_resources.clusters[1].name", "already at static_resources.clusters[0].name"],
    envoy: "duplicate cluster 'orders'",
  },
  {
    name: "two listeners of one name",
    config: bootstrap({ listeners: [listener("public", 10000), listener("public", 10001)] }),
    violation: ["static_resources.listeners[1].name", "already at static_resources.listeners[0].name"],
    stricter: "Envoy replaces the first listener by the second without a word",
  },
  {
    name: "two listeners at one address",
    config: bootstrap({ listeners: [listener("a", 10000), listener("b", 10000)] }),
    violation: ["static_resources.listeners[1].address", "already at static_resources.listeners[0].address"],
    envoy: "has duplicate address '127.0.0.1:10000'",
  },
  {
    name: "a listener at a host name",
    config: bootstrap({ listeners: [listener("a", 0, { address: socket("localhost", 10000) })] }),
    violation: ["listeners[0].address", "not an IP address"],
    envoy: "malformed IP address: localhost",
  },
  {
    name: "a listener at an address with a leading zero",
    config: bootstrap({ listeners: [listener("a", 0, { address: socket("127.0.0.01", 10000) })] }),
    violation: ["listeners[0].address", "not an IP address"],
    envoy: "malformed IP address: 127.0.0.01",
  },
  {
    name: "a listener without an address",
    config: bootstrap({ listeners: [{ name: "a", filter_chains: [{ filters: [networkFilter(manager())] }] }] }),
    violation: ["listeners[0].address", "is required"],
    envoy: "address is necessary",
  },
  {
    name: "a listener without filter chains",
    config: bootstrap({ listeners: [listener("a", 10000, { filter_chains: [] })] }),
    violation: ["listeners[0].filter_chains", "at least 1"],
    envoy: "no filter chains specified",
  },
  {
    name: "an administration address by name",
    config: bootstrap({}, { admin: { address: socket("localhost", 9901) } }),
    violation: ["admin.address", "not an IP address"],
    envoy: "malformed IP address: localhost",
  },
  {
    name: "a static cluster at a host name",
    config: withCluster({ load_assignment: endpoints("orders", socket("localhost", 1)) }),
    violation: ["lb_endpoints[0].endpoint.address", "not an IP address"],
    envoy: "malformed IP address: localhost",
  },
  {
    name: "a static endpoint without an address",
    config: withCluster({
      load_assignment: { cluster_name: "orders", endpoints: [{ lb_endpoints: [{ endpoint: {} }] }] },
    }),
    violation: ["lb_endpoints[0].endpoint.address", "is required"],
    envoy: "Address must be set",
  },
  {
    name: "two endpoints behind logical DNS",
    config: withCluster({ type: "LOGICAL_DNS", load_assignment: endpoints("orders", socket("a", 1), socket("b", 2)) }),
    violation: ["clusters[0].load_assignment", "must have one endpoint"],
    envoy: "LOGICAL_DNS clusters must have a single",
  },
  {
    name: "discovered endpoints without a source",
    config: bootstrap({ clusters: [{ name: "orders", type: "EDS" }] }),
    violation: ["clusters[0].eds_cluster_config", "is required"],
    envoy: "without an EDS config",
  },
  {
    name: "spans to an unknown cluster",
    config: withManager({
      tracing: {
        provider: extension("envoy.tracers.zipkin", "config.trace.v3.ZipkinConfig", {
          collector_cluster: "gone",
          collector_endpoint: "/api/v2/spans",
          collector_endpoint_version: "HTTP_JSON",
        }),
      },
    }),
    violation: ["collector_cluster", 'no cluster "gone"'],
    envoy: "unknown cluster 'gone'",
  },
  {
    name: "an authorization service on an unknown cluster",
    config: withFilters(
      extension("auth", "extensions.filters.http.ext_authz.v3.ExtAuthz", {
        http_service: { server_uri: { uri: "http://auth", cluster: "gone", timeout: "1s" } },
      }),
      router,
    ),
    violation: ["server_uri.cluster", 'no cluster "gone"'],
    stricter: "Envoy looks the cluster up at each request, and refuses that",
  },
  {
    name: "a filter after the router",
    config: withFilters(router, headerMutation()),
    violation: ["http_filters[0]", "the router must be the last filter"],
    envoy: "must be the last filter in a http filter chain",
  },
  {
    name: "two routers",
    config: withFilters(router, router),
    violation: ["http_filters[0]", "the router must be the last filter"],
    envoy: "must be the last filter in a http filter chain",
  },
  {
    name: "filters without a router",
    config: withFilters(headerMutation()),
    violation: ["http_filters[0]", "the last filter must be the router"],
    envoy: "is the last filter in a http filter chain",
  },
  {
    name: "no filters at all",
    config: withFilters(),
    violation: ["http_filters", "has no router"],
    stricter: "Envoy takes it, and answers no request",
  },
  {
    name: "a disabled router",
    config: withFilters({ ...router, disabled: true }),
    violation: ["http_filters[0]", "cannot be disabled"],
    envoy: "cannot be disabled by default",
  },
  {
    name: "two connection managers in a chain",
    config: bootstrap({
      listeners: [
        listener("a", 10000, { filter_chains: [{ filters: [networkFilter(manager()), networkFilter(manager())] }] }),
      ],
    }),
    violation: ["filter_chains[0].filters[0]", "the connection manager must be the last filter"],
    envoy: "must be the last filter in a network filter chain",
  },
  {
    name: "two ways to find the client's address",
    config: withManager({
      use_remote_address: true,
      original_ip_detection_extensions: [extension("xff", "extensions.http.original_ip_detection.xff.v3.XffConfig")],
    }),
    violation: ["original_ip_detection_extensions", "use_remote_address"],
    envoy: "may not be mixed",
  },
  ...["0.049s", "0.01s"].map((interval) => fillInterval(interval, localRateLimit({ token_bucket: bucket(interval) }))),
  {
    name: "a descriptor that fills every 10 ms",
    config: withFilters(
      localRateLimit({
        token_bucket: bucket("1s"),
        descriptors: [{ entries: [{ key: "a", value: "b" }], token_bucket: bucket("0.01s") }],
      }),
      router,
    ),
    violation: ["descriptors[0].token_bucket.fill_interval", "at least 0.05s"],
    envoy: "must be >= 50ms",
  },
  {
    name: "a limit of a route that fills every 10 ms",
    config: withRoutes(
      route({
        typed_per_filter_config: {
          limit: typed("extensions.filters.http.local_ratelimit.v3.LocalRateLimit", {
            stat_prefix: "limit",
            token_bucket: bucket("0.01s"),
          }),
        },
      }),
    ),
    violation: ['typed_per_filter_config["limit"].token_bucket.fill_interval', "at least 0.05s"],
    envoy: "must be >= 50ms",
  },
  {
    name: "a descriptor that stands twice",
    config: withFilters(
      localRateLimit({
        token_bucket: bucket("1s"),
        descriptors: [1, 2].map(() => ({ entries: [{ key: "a", value: "b" }], token_bucket: bucket("1s") })),
      }),
      router,
    ),
    violation: ["descriptors[1]", "repeats a descriptor"],
    envoy: "duplicate descriptor",
  },
];

function fillInterval(interval: string, filter: JsonObject): VerifyCase {
  return {
    name: `a token bucket that fills every ${interval}`,
    config: withFilters(filter, router),
    violation: ["token_bucket.fill_interval", "at least 0.05s"],
    envoy: "must be >= 50ms",
  };
}
