/*
 * The policy as a service of its own, asked by Envoy's ext_authz filter: over HTTP, which is this file run as a process (it
 * sends its port to its parent, and ends with it), or over gRPC, which is ext-authz-grpc/.
 */
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";
import { CALLS_PER_SECOND, consumers, LIMIT_NAME } from "./workload.mjs";

const CLUSTER = "authorization";
const GRPC_CLUSTER = "authorization-grpc";
const IDENTITY = ["x-consumer", "x-consumer-tier", "x-consumer-groups"];
const LIMITS = ["ratelimit", "ratelimit-policy"];

export function extAuthzFilter() {
  const patterns = (names) => ({ patterns: names.map((exact) => ({ exact })) });
  return {
    name: "envoy.filters.http.ext_authz",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
      allowed_headers: patterns(["x-api-key"]),
      http_service: {
        server_uri: { uri: `http://${CLUSTER}`, cluster: CLUSTER, timeout: "2s" },
        authorization_response: {
          allowed_upstream_headers: patterns(IDENTITY),
          allowed_client_headers_on_success: patterns(LIMITS),
        },
      },
    },
  };
}

export function extAuthzGrpcFilter() {
  return {
    name: "envoy.filters.http.ext_authz",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
      grpc_service: { envoy_grpc: { cluster_name: GRPC_CLUSTER }, timeout: "2s" },
      transport_api_version: "V3",
    },
  };
}

export function extAuthzCluster(port) {
  return cluster(CLUSTER, port);
}

export function extAuthzGrpcCluster(port) {
  const protocol = {
    "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    explicit_http_config: { http2_protocol_options: {} },
  };
  const key = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
  return { ...cluster(GRPC_CLUSTER, port), typed_extension_protocol_options: { [key]: protocol } };
}

function cluster(name, port) {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    name,
    type: "STATIC",
    connect_timeout: "2s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}

function serve() {
  const buckets = new Map(
    consumers.map((consumer) => [
      consumer.key,
      {
        tokens: CALLS_PER_SECOND,
        filled: performance.now(),
        identity: {
          "x-consumer": consumer.name,
          "x-consumer-tier": consumer.tier,
          "x-consumer-groups": consumer.groups.join(","),
          "ratelimit-policy": `"${LIMIT_NAME}";q=${CALLS_PER_SECOND};w=1`,
        },
      },
    ]),
  );
  const server = createServer((request, response) => {
    const { status, headers } = decide(buckets, request);
    response.writeHead(status, headers).end();
  });
  server.keepAliveTimeout = 0;
  server.listen(0, "127.0.0.1", () => process.send?.({ port: server.address().port }));
  process.on("disconnect", () => process.exit(0));
}

function decide(buckets, { headers, method, url }) {
  const bucket = buckets.get(headers["x-api-key"]);
  if (bucket === undefined) return { status: 401, headers: {} };
  if (method !== "GET" && !(method === "POST" && url.startsWith("/orders/drafts/")))
    return { status: 403, headers: {} };
  const now = performance.now();
  bucket.tokens = Math.min(CALLS_PER_SECOND, bucket.tokens + ((now - bucket.filled) / 1000) * CALLS_PER_SECOND);
  bucket.filled = now;
  if (bucket.tokens < 1) return { status: 429, headers: {} };
  bucket.tokens -= 1;
  const limit = `"${LIMIT_NAME}";r=${Math.floor(bucket.tokens)};t=1`;
  return { status: 200, headers: { ...bucket.identity, ratelimit: limit } };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) serve();
