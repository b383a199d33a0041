import type { VerifyCase } from "./case.js";
import {
  bootstrap,
  bucket,
  endpoints,
  extension,
  headerMutation,
  listener,
  localRateLimit,
  route,
  router,
  socket,
  typed,
  virtualHost,
  withAction,
  withCluster,
  withFilters,
  withHosts,
  withManager,
  withRegex,
  withRoutes,
} from "./parts.js";

const header = (key: string, value: string) => route({ request_headers_to_add: [{ header: { key, value } }] });

/** What the rules in Envoy's own schema refuse. */
export const declared: readonly VerifyCase[] = [
  {
    name: "a route without an action",
    config: withRoutes({ match: { prefix: "/" } }),
    violation: ["routes[0].action", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a route without a match",
    config: withRoutes({ route: { cluster: "orders" } }),
    violation: ["routes[0].match", "is required"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a match without a path",
    config: withRoutes(route({ match: {} })),
    violation: ["match.path_specifier", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a path prefix with a slash at its end",
    config: withRoutes(route({ match: { path_separated_prefix: "/orders/" } })),
    violation: ["match.path_separated_prefix", "must match"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a virtual host without domains",
    config: withHosts(virtualHost([], [route()], { name: "empty" })),
    violation: ["virtual_hosts[0].domains", "at least 1 items"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a manager without routes",
    config: withManager({ route_config: null }),
    violation: ["route_specifier", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a port above 65535",
    config: bootstrap({ listeners: [listener("public", 65536)] }),
    violation: ["address.socket_address.port_value", "at most 65535"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "an endpoint without a port",
    config: withCluster({ load_assignment: endpoints("orders", { socket_address: { address: "127.0.0.1" } }) }),
    violation: ["socket_address.port_specifier", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a connect timeout of 0",
    config: withCluster({ connect_timeout: "0s" }),
    violation: ["clusters[0].connect_timeout", "greater than 0s"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a status below 200",
    config: withRoutes({ match: { prefix: "/" }, direct_response: { status: 99 } }),
    violation: ["direct_response.status", "at least 200"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a header with a line break in its value",
    config: withRoutes(header("x-a", "1\n2")),
    violation: ["header.value", "header value"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a header without a name",
    config: withRoutes(header("", "1")),
    violation: ["header.key", "at least 1 characters"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "more headers than a route takes",
    config: withRoutes(
      route({
        request_headers_to_add: Array.from({ length: 1001 }, (_, index) => ({
          header: { key: `x-${index}`, value: "" },
        })),
      }),
    ),
    violation: ["request_headers_to_add", "at most 1000 items"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a regular expression that is empty",
    config: withRegex(""),
    violation: ["safe_regex.regex", "at least 1 characters"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "no weighted cluster",
    config: withAction({ weighted_clusters: {} }),
    violation: ["weighted_clusters.clusters", "at least 1 items"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "an access rule for nobody, two messages deep in an Any",
    config: withFilters(
      extension("rules", "extensions.filters.http.rbac.v3.RBAC", {
        rules: { policies: { none: { permissions: [{ any: true }], principals: [] } } },
      }),
      router,
    ),
    violation: ['http_filters[0].typed_config.rules.policies["none"].principals', "at least 1 items"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a token bucket that never fills",
    config: withFilters(localRateLimit({ token_bucket: { ...bucket("1s"), tokens_per_fill: 0 } }), router),
    violation: ["token_bucket.tokens_per_fill", "greater than 0"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a mutation without an action",
    config: withFilters(headerMutation({}), router),
    violation: ["request_mutations[0].action", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "no limit of connections",
    config: bootstrap(
      {},
      {
        overload_manager: {
          resource_monitors: [
            extension(
              "envoy.resource_monitors.global_downstream_max_connections",
              "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            ),
          ],
        },
      },
    ),
    violation: ["max_active_downstream_connections", "greater than 0"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "HTTP options without a protocol",
    config: withCluster({
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
          "extensions.upstreams.http.v3.HttpProtocolOptions",
        ),
      },
    }),
    violation: ["upstream_protocol_options", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a health check of no kind",
    config: withCluster({
      health_checks: [{ timeout: "1s", interval: "1s", unhealthy_threshold: 1, healthy_threshold: 1 }],
    }),
    violation: ["health_checks[0].health_checker", "needs one of"],
    envoy: "Proto constraint validation failed",
  },
  {
    name: "a deprecated field",
    config: withAction({
      cluster: "orders",
      rate_limits: [
        { actions: [{ dynamic_metadata: { descriptor_key: "a", metadata_key: { key: "a", path: [{ key: "b" }] } } }] },
      ],
    }),
    violation: ["actions[0].dynamic_metadata", "deprecated"],
    envoy: "Using deprecated option",
  },
  {
    name: "a deprecated enum value by default",
    config: withManager({
      tracing: {
        provider: extension("envoy.tracers.zipkin", "config.trace.v3.ZipkinConfig", {
          collector_cluster: "orders",
          collector_endpoint: "/api/v2/spans",
        }),
      },
    }),
    violation: ["collector_endpoint_version", "deprecated"],
    envoy: "now-deprecated value",
  },
  {
    name: "a socket without an address",
    config: bootstrap({ listeners: [listener("public", 0, { address: socket("", 10000) })] }),
    violation: ["socket_address.address", "at least 1 characters"],
    envoy: "Proto constraint validation failed",
  },
];
