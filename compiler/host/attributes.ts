import { bytesOf } from "./byte-text.js";
import { HostFault } from "./fault.js";
import type { HeaderMap } from "./header-map.js";
import { grpcStatusOf } from "./local-reply.js";
import { serializePairs } from "./pairs.js";

/** A value as CEL has it: a byte text, an integer, a double, a boolean, the bytes of a message. */
export type AttributeValue = string | bigint | number | boolean | Uint8Array;

/** There is something, but not of a kind that can be handed over. No text, as a route may have any name. */
export const WHOLE: unique symbol = Symbol("whole");
export type Attribute = AttributeValue | typeof WHOLE;

/**
 * What the host cannot know of a stream, by path with dots: `xds.route_name`, `source.address`, `request.protocol`. `undefined` says that
 * Envoy has no such value for this stream; a path that is left out and asked for is a fault.
 */
export type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** What the attributes `request.*` and `response.*` are read from, at the moment they are asked for. */
export interface AttributeSource {
  /** Whether the request is over: it has no duration before. */
  readonly isOver: boolean;
  readonly given: Attributes;
  readonly requestHeaders: HeaderMap | undefined;
  readonly responseHeaders: HeaderMap | undefined;
  readonly responseTrailers: HeaderMap | undefined;
  /** Bytes of bodies so far. */
  readonly received: number;
  readonly sent: number;
  readonly responseCode: number | undefined;
  readonly responseDetails: string | undefined;
  readonly filterState: ReadonlyMap<string, Uint8Array>;
}

const EIGHT = 8;

/** The form in which a value crosses the border (Envoy `serializeValue`): numbers in eight bytes, little end first. */
export function serializeAttribute(value: AttributeValue): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return bytesOf(value);
  if (typeof value === "boolean") return Uint8Array.of(value ? 1 : 0);
  const view = new DataView(new ArrayBuffer(EIGHT));
  if (typeof value === "bigint") view.setBigInt64(0, BigInt.asIntN(64, value), true);
  else view.setFloat64(0, value, true);
  return new Uint8Array(view.buffer);
}

/** Names in each group that are told by the given attributes. Any other name in a group is absent. */
const GIVEN: Readonly<Record<string, ReadonlySet<string>>> = {
  request: new Set(["protocol", "time", "duration"]),
  response: new Set(["flags", "backend_latency"]),
  connection: new Set([
    ...["id", "mtls", "requested_server_name", "termination_details", "tls_version", "transport_failure_reason"],
    ...[
      "dns_san_local_certificate",
      "dns_san_peer_certificate",
      "sha256_peer_certificate_digest",
      "subject_local_certificate",
    ],
    ...["subject_peer_certificate", "uri_san_local_certificate", "uri_san_peer_certificate"],
  ]),
  source: new Set(["address", "port"]),
  destination: new Set(["address", "port"]),
  upstream: new Set([
    ...[
      "address",
      "port",
      "local_address",
      "locality",
      "request_attempt_count",
      "tls_version",
      "transport_failure_reason",
    ],
    ...[
      "cx_pool_ready_duration",
      "dns_san_local_certificate",
      "dns_san_peer_certificate",
      "sha256_peer_certificate_digest",
    ],
    ...[
      "subject_local_certificate",
      "subject_peer_certificate",
      "uri_san_local_certificate",
      "uri_san_peer_certificate",
    ],
  ]),
  xds: new Set([
    ...[
      "cluster_metadata",
      "cluster_name",
      "filter_chain_name",
      "listener_direction",
      "listener_metadata",
      "node",
      "route_metadata",
    ],
    ...[
      "route_name",
      "upstream_host_locality_metadata",
      "upstream_host_metadata",
      "virtual_host_metadata",
      "virtual_host_name",
    ],
  ]),
};

/** @returns undefined where Envoy finds nothing */
export function readAttribute(path: readonly string[], source: AttributeSource): Attribute | undefined {
  const [group = "", name, key, ...rest] = path;
  if (group === "filter_state") return filterState(path, source);
  if (group === "metadata" || group === "upstream_filter_state" || group === "connection_id")
    return given(path, source);
  const names = GIVEN[group];
  if (names === undefined) return undefined;
  if (name === undefined) return WHOLE;
  if (group === "request" && name === "duration" && !source.isOver) return undefined;
  if (names.has(name)) return given(path, source);
  if (rest.length > 0) return undefined;
  const found =
    group === "request"
      ? ofRequest(name, key, source)
      : group === "response"
        ? ofResponse(name, key, source)
        : undefined;
  return found;
}

function given(path: readonly string[], { given }: AttributeSource): AttributeValue | undefined {
  const name = path.join(".");
  if (Object.hasOwn(given, name)) return given[name];
  throw new HostFault(`the attribute ${name} was not given for this stream`);
}

function filterState([, key, ...rest]: readonly string[], source: AttributeSource): Attribute | undefined {
  if (key === undefined) return WHOLE;
  if (key.startsWith("envoy.")) throw new HostFault(`the filter state ${key} is not modelled`);
  const name = `filter_state.${key}`;
  // What filters of Envoy leave there, as text.
  if (rest.length === 0 && Object.hasOwn(source.given, name)) return source.given[name];
  return key.startsWith("wasm.") && rest.length === 0 ? source.filterState.get(key.slice("wasm.".length)) : undefined;
}

function ofRequest(name: string, key: string | undefined, source: AttributeSource): Attribute | undefined {
  const headers = source.requestHeaders;
  if (name === "headers") return ofHeaders("request.headers", key, headers);
  if (key !== undefined) return undefined;
  if (name === "size") return BigInt(headers?.get("content-length") ?? source.received);
  if (name === "total_size") return BigInt((headers?.byteSize ?? 0) + source.received);
  return headers === undefined ? undefined : ofRequestHeaders(name, headers);
}

function ofRequestHeaders(name: string, headers: HeaderMap): string | undefined {
  const path = headers.get(":path");
  switch (name) {
    case "path":
      return path;
    case "url_path":
      return path?.replace(/\?.*$/s, "");
    case "query":
      return path === undefined ? undefined : (/\?([^#]*)/.exec(path)?.[1] ?? "");
    case "host":
      return headers.get(":authority");
    case "scheme":
      return headers.get(":scheme");
    case "method":
      return headers.get(":method");
    case "referer":
      return headers.get("referer");
    case "useragent":
      return headers.get("user-agent");
    case "id":
      return headers.get("x-request-id");
    default:
      return undefined;
  }
}

function ofResponse(name: string, key: string | undefined, source: AttributeSource): Attribute | undefined {
  const { responseHeaders, responseTrailers, responseCode, sent } = source;
  if (name === "headers") return ofHeaders("response.headers", key, responseHeaders);
  if (name === "trailers") return ofHeaders("response.trailers", key, responseTrailers);
  if (key !== undefined) return undefined;
  switch (name) {
    case "code":
      return responseCode === undefined ? undefined : BigInt(responseCode);
    case "code_details":
      return source.responseDetails;
    case "grpc_status":
      return grpcStatus(source);
    case "size":
      return BigInt(sent);
    case "total_size":
      return BigInt(sent + (responseHeaders?.byteSize ?? 0) + (responseTrailers?.byteSize ?? 0));
    default:
      return undefined;
  }
}

function grpcStatus({ responseHeaders, responseTrailers, responseCode }: AttributeSource): bigint | undefined {
  const told = responseTrailers?.get("grpc-status") ?? responseHeaders?.get("grpc-status");
  if (told !== undefined && /^[0-9]{1,2}$/.test(told)) return BigInt(told);
  return responseCode === undefined ? undefined : BigInt(grpcStatusOf(responseCode));
}

/** Values of one name are joined, whatever the header. */
function ofHeaders(path: string, name: string | undefined, headers: HeaderMap | undefined): Attribute | undefined {
  if (name !== undefined) {
    const values = headers?.all(name) ?? [];
    return values.length === 0 ? undefined : values.join(",");
  }
  if (headers === undefined) return serializePairs([]);
  throw new HostFault(`${path} as a whole: the order in which Envoy hands over its headers is chance`);
}
