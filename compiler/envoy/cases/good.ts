import type { VerifyCase } from "./case.js";
import {
  answer,
  bootstrap,
  bucket,
  cluster,
  endpoints,
  extension,
  headerMutation,
  listener,
  localRateLimit,
  route,
  router,
  runtime,
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

export const good: readonly VerifyCase[] = [
  { name: "the smallest gateway", config: bootstrap() },
  {
    name: "an unknown cluster in a table that says not to look",
    config: withManager({
      route_config: {
        validate_clusters: false,
        virtual_hosts: [virtualHost(["*"], [route({ route: { cluster: "gone" } })])],
      },
    }),
  },
  { name: "a cluster named by a header", config: withAction({ cluster_header: "x-cluster" }) },
  {
    name: "weights of which one is 0",
    config: withAction({
      weighted_clusters: {
        clusters: [
          { name: "orders", weight: 0 },
          { name: "orders", weight: 1 },
        ],
      },
    }),
  },
  {
    name: "filters before the router, two of one name, one disabled",
    config: withFilters(headerMutation(), { ...headerMutation(), disabled: true }, router),
  },
  {
    name: "domains of several forms",
    config: withHosts(virtualHost(["*"]), virtualHost(["a.example", "*.a.example", "a.*"])),
  },
  {
    name: "listeners at different ports, and two at port 0",
    config: bootstrap({ listeners: [listener("a", 10000), listener("b", 10001), listener("c", 0), listener("d", 0)] }),
  },
  { name: "listeners without a name", config: bootstrap({ listeners: [listener("", 10000), listener("", 10001)] }) },
  {
    name: "a listener on IPv6",
    config: bootstrap({ listeners: [listener("a", 0, { address: socket("::1", 10000) })] }),
  },
  { name: "a fill interval of 50 ms", config: withFilters(localRateLimit({ token_bucket: bucket("0.05s") }), router) },
  { name: "a body of 4096 bytes", config: withRoutes(answer("x".repeat(4096))) },
  {
    name: "a larger body where the table allows it",
    config: withManager({
      route_config: {
        max_direct_response_body_size_bytes: 5000,
        virtual_hosts: [virtualHost(["*"], [answer("x".repeat(5000))])],
      },
    }),
  },
  {
    name: "headers written and removed",
    config: withRoutes(
      route({
        request_headers_to_add: [{ header: { key: "x-tier", value: "%FILTER_STATE(wasm.sluice.tier:PLAIN)%" } }],
        response_headers_to_add: [{ header: { key: "x-share", value: "100%% of %REQ(:path):20%" } }],
        request_headers_to_remove: ["x-consumer"],
      }),
    ),
  },
  { name: "a mutation that removes host", config: withFilters(headerMutation({ remove: "host" }), router) },
  {
    name: "a regular expression with a named group, a flag, a class and a repetition",
    config: withRegex("^/a/(?P<id>[^/]+)(?i:b)d{1,30}[[:alpha:]]pLz"),
  },
  {
    name: "a large regular expression where the runtime allows it",
    config: { ...withRegex("[^/]{1,500}"), ...runtime({ re2: { max_program_size: { error_level: 10000 } } }) },
  },
  {
    name: "a large regular expression where one key of the runtime allows it",
    config: { ...withRegex("[^/]{1,500}"), ...runtime({ "re2.max_program_size.error_level": 10000 }) },
  },
  {
    name: "a path template",
    config: withRoutes(
      route({
        match: {
          path_match_policy: extension("path", "extensions.path.match.uri_template.v3.UriTemplateMatchConfig", {
            path_template: "/orders/{id}",
          }),
        },
      }),
    ),
  },
  {
    name: "clusters found by name",
    config: withCluster({
      type: "STRICT_DNS",
      load_assignment: endpoints("orders", socket("localhost", 1), socket("localhost", 2)),
    }),
  },
  {
    name: "one endpoint behind logical DNS",
    config: withCluster({ type: "LOGICAL_DNS", load_assignment: endpoints("orders", socket("localhost", 1)) }),
  },
  {
    name: "a cluster at a socket file",
    config: withCluster({ load_assignment: endpoints("orders", { pipe: { path: "/tmp/orders" } }) }),
  },
  {
    name: "HTTP/2 and TLS to a cluster",
    config: withCluster({
      typed_extension_protocol_options: {
        "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": typed(
          "extensions.upstreams.http.v3.HttpProtocolOptions",
          {
            explicit_http_config: { http2_protocol_options: {} },
          },
        ),
      },
      transport_socket: extension(
        "envoy.transport_sockets.tls",
        "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
        {
          sni: "orders.example",
        },
      ),
    }),
  },
  {
    name: "spans sent to a known cluster",
    config: withManager({
      tracing: {
        provider: extension("envoy.tracers.zipkin", "config.trace.v3.ZipkinConfig", {
          collector_cluster: "orders",
          collector_endpoint: "/api/v2/spans",
          collector_endpoint_version: "HTTP_JSON",
        }),
      },
    }),
  },
  {
    name: "a filter that a route disables",
    config: withRoutes(
      route({ typed_per_filter_config: { headers: typed("config.route.v3.FilterConfig", { disabled: true }) } }),
    ),
  },
  {
    name: "limits, an access log and identity headers removed early",
    config: {
      ...withManager({
        use_remote_address: true,
        access_log: [
          extension("envoy.access_loggers.file", "extensions.access_loggers.file.v3.FileAccessLog", {
            path: "/dev/null",
            log_format: {
              json_format: { status: "%RESPONSE_CODE%", decision: "%FILTER_STATE(wasm.sluice.decision:PLAIN)%" },
            },
          }),
        ],
        early_header_mutation_extensions: [
          extension("early", "extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation", {
            mutations: [{ remove: "x-consumer" }],
          }),
        ],
      }),
      overload_manager: {
        refresh_interval: "0.25s",
        resource_monitors: [
          extension(
            "envoy.resource_monitors.global_downstream_max_connections",
            "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
            { max_active_downstream_connections: "50000" },
          ),
        ],
      },
    },
  },
  {
    name: "an access rule",
    config: withFilters(
      extension("rules", "extensions.filters.http.rbac.v3.RBAC", {
        rules: { policies: { all: { permissions: [{ any: true }], principals: [{ any: true }] } } },
      }),
      router,
    ),
  },
  { name: "a cluster that nobody uses", config: bootstrap({ clusters: [cluster("orders"), cluster("spare")] }) },
];
