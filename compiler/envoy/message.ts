import { create } from "@bufbuild/protobuf";
import { type Any, type Duration, DurationSchema, StringValueSchema } from "@bufbuild/protobuf/wkt";
import { packed } from "./any.js";

export { packed } from "./any.js";

/** Names under which a configuration refers to extensions; Envoy itself goes by the `@type` of what they hold. */
export const extensionNames = {
  httpConnectionManager: "envoy.filters.network.http_connection_manager",
  originalDst: "envoy.filters.listener.original_dst",
  proxyProtocol: "envoy.filters.listener.proxy_protocol",
  router: "envoy.filters.http.router",
  wasm: "envoy.filters.http.wasm",
  adaptiveConcurrency: "envoy.filters.http.adaptive_concurrency",
  admissionControl: "envoy.filters.http.admission_control",
  apiKeyAuth: "envoy.filters.http.api_key_auth",
  buffer: "envoy.filters.http.buffer",
  brotli: "envoy.compression.brotli.compressor",
  gzip: "envoy.compression.gzip.compressor",
  zstd: "envoy.compression.zstd.compressor",
  composite: "envoy.filters.http.composite",
  executeFilter: "envoy.matching.action.execute_filter",
  requestHeaderInput: "envoy.matching.inputs.request_headers",
  cors: "envoy.filters.http.cors",
  externalAuth: "envoy.filters.http.ext_authz",
  fault: "envoy.filters.http.fault",
  headerMutation: "envoy.filters.http.header_mutation",
  jwt: "envoy.filters.http.jwt_authn",
  localRateLimit: "envoy.filters.http.local_ratelimit",
  descriptorExpression: "envoy.rate_limit_descriptors.expr",
  lua: "envoy.filters.http.lua",
  rbac: "envoy.filters.http.rbac",
  setFilterState: "envoy.filters.http.set_filter_state",
  earlyHeaderMutation: "envoy.http.early_header_mutation.header_mutation",
  originalIpFromXff: "envoy.http.original_ip_detection.xff",
  uriTemplateMatch: "envoy.path.match.uri_template.uri_template_matcher",
  uriTemplateRewrite: "envoy.path.rewrite.uri_template.uri_template_rewriter",
  fileAccessLog: "envoy.access_loggers.file",
  stdoutAccessLog: "envoy.access_loggers.stdout",
  celFilter: "envoy.access_loggers.extension_filters.cel",
  stderrAccessLog: "envoy.access_loggers.stderr",
  downstreamConnections: "envoy.resource_monitors.global_downstream_max_connections",
  leastRequest: "envoy.load_balancing_policies.least_request",
  random: "envoy.load_balancing_policies.random",
  roundRobin: "envoy.load_balancing_policies.round_robin",
  aggregateCluster: "envoy.clusters.aggregate",
  dnsCluster: "envoy.clusters.dns",
  previousHosts: "envoy.retry_host_predicates.previous_hosts",
  fixedHeap: "envoy.resource_monitors.fixed_heap",
  quicTransport: "envoy.transport_sockets.quic",
  tlsTransport: "envoy.transport_sockets.tls",
  zipkin: "envoy.tracers.zipkin",
  openTelemetry: "envoy.tracers.opentelemetry",
  parentSampler: "envoy.tracers.opentelemetry.samplers.parent_based",
  ratioSampler: "envoy.tracers.opentelemetry.samplers.trace_id_ratio_based",
  v8: "envoy.wasm.runtime.v8",
} as const;

/** Key of `HttpProtocolOptions` in `Cluster.typed_extension_protocol_options`. */
export const httpProtocolOptionsKey = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** A `google.protobuf.StringValue` in an `Any`: how a Wasm plugin gets its configuration as bare text. */
export function packedText(text: string): Any {
  return packed(StringValueSchema, { value: text });
}

/**
 * A duration of whole or fractional milliseconds, to the nanosecond.
 * @throws RangeError unless the number is finite, at least 0 and within protobuf's 10,000 years
 */
export function duration(milliseconds: number): Duration {
  if (!(milliseconds >= 0 && milliseconds <= 315_576_000_000_000)) {
    throw new RangeError(`not a duration in milliseconds: ${milliseconds}`);
  }
  let seconds = Math.floor(milliseconds / 1000);
  let nanos = Math.round((milliseconds - seconds * 1000) * 1e6);
  if (nanos === 1e9) {
    seconds += 1;
    nanos = 0;
  }
  return create(DurationSchema, { seconds: BigInt(seconds), nanos });
}
