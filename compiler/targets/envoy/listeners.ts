import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { AccessLogSchema } from "../../envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js";
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from "../../envoy/generated/envoy/config/core/v3/protocol_pb.js";
import { type Listener, ListenerSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_pb.js";
import { FileAccessLogSchema } from "../../envoy/generated/envoy/extensions/access_loggers/file/v3/file_pb.js";
import { StdoutAccessLogSchema } from "../../envoy/generated/envoy/extensions/access_loggers/stream/v3/stream_pb.js";
import { RouterSchema } from "../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import {
  HttpConnectionManager_CodecType as Codec,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManagerSchema,
} from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { HeaderMutationSchema } from "../../envoy/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { hasOperations } from "../../plan/body.js";
import { filterStateKey } from "../../plan/names.js";
import type { GatewayPlan, ListenerPlan } from "../../plan/plan.js";
import { bodyFilters } from "./body.js";
import { CONNECTION_BUFFER_BYTES, socketAddress } from "./clusters.js";
import { guardFilter } from "./guard.js";
import { filtersBeforeGuard, filtersBehindGuard, notedRefusals } from "./native.js";
import { NOTED_STATE, needsNotes } from "./notes.js";
import { type EnvoyOptions, originMetadata, STANDARD_OUTPUT } from "./options.js";
import { routeConfiguration } from "./routes.js";
import { listenerSocket } from "./tls.js";

const IDLE_TIMEOUT_MS = 300_000;
const REQUEST_TIMEOUT_MS = 300_000;
const REQUEST_HEADERS_TIMEOUT_MS = 10_000;
const HANDSHAKE_TIMEOUT_MS = 10_000;

/** HTTP/2 bounds for clients that are not trusted, as Envoy's guide to edge proxies has them. */
const HTTP2 = { maxConcurrentStreams: 100, initialStreamWindowSize: 65_536, initialConnectionWindowSize: 1_048_576 };

const CODECS = { http1: Codec.HTTP1, http2: Codec.HTTP2 } as const;

const ESCAPED_SLASHES = {
  reject: EscapedSlashes.REJECT_REQUEST,
  unescape: EscapedSlashes.UNESCAPE_AND_FORWARD,
  keep: EscapedSlashes.KEEP_UNCHANGED,
} as const;

const UNDERSCORES = {
  reject: Underscores.REJECT_REQUEST,
  drop: Underscores.DROP_HEADER,
  allow: Underscores.ALLOW,
} as const;

export function listeners(plan: GatewayPlan, options: EnvoyOptions): Listener[] {
  const common = commonOptions(plan, options);
  return plan.listeners.map((listener) => {
    const moved = Object.hasOwn(options.listeners, listener.name) ? options.listeners[listener.name] : undefined;
    const { address, port } = moved ?? listener;
    const transportSocket = listenerSocket(listener, options.secretsDir);
    return create(ListenerSchema, {
      name: listener.name,
      address: socketAddress(address, port),
      perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
      filterChains: [
        {
          filters: [
            {
              name: extensionNames.httpConnectionManager,
              configType: {
                case: "typedConfig",
                value: packed(HttpConnectionManagerSchema, connectionManager(listener, common)),
              },
            },
          ],
          ...(transportSocket === undefined
            ? {}
            : { transportSocket, transportSocketConnectTimeout: duration(HANDSHAKE_TIMEOUT_MS) }),
        },
      ],
      metadata: originMetadata(listener.origin),
    });
  });
}

type ManagerInit = MessageInitShape<typeof HttpConnectionManagerSchema>;

function connectionManager(listener: ListenerPlan, common: ReturnType<typeof commonOptions>): ManagerInit {
  return {
    ...common,
    statPrefix: listener.name,
    ...(listener.protocol === undefined ? {} : { codecType: CODECS[listener.protocol] }),
    xffNumTrustedHops: listener.trustedHops,
    pathWithEscapedSlashesAction: ESCAPED_SLASHES[listener.escapedSlashes],
    commonHttpProtocolOptions: {
      idleTimeout: duration(IDLE_TIMEOUT_MS),
      headersWithUnderscoresAction: UNDERSCORES[listener.headerUnderscores],
    },
  };
}

/** What all listeners have alike, the routes and the guard among it: made once, however many there are. */
function commonOptions(plan: GatewayPlan, options: EnvoyOptions) {
  return {
    useRemoteAddress: true,
    normalizePath: true,
    mergeSlashes: true,
    stripTrailingHostDot: true,
    http2ProtocolOptions: HTTP2,
    streamIdleTimeout: duration(IDLE_TIMEOUT_MS),
    requestTimeout: duration(REQUEST_TIMEOUT_MS),
    requestHeadersTimeout: duration(REQUEST_HEADERS_TIMEOUT_MS),
    earlyHeaderMutationExtensions: [
      {
        name: extensionNames.earlyHeaderMutation,
        typedConfig: packed(HeaderMutationSchema, {
          mutations: plan.ownedRequestHeaders.map((name) => ({ action: { case: "remove" as const, value: name } })),
        }),
      },
    ],
    routeSpecifier: { case: "routeConfig" as const, value: routeConfiguration(plan, options.accessLog !== undefined) },
    httpFilters: [
      ...filtersBeforeGuard(plan),
      guardFilter(plan, options),
      ...filtersBehindGuard(plan, options.accessLog !== undefined),
      ...bodyFilters(plan, options),
      { name: extensionNames.router, configType: { case: "typedConfig" as const, value: packed(RouterSchema, {}) } },
    ],
    accessLog: options.accessLog === undefined ? [] : [accessLog(options.accessLog, plan)],
  } satisfies ManagerInit;
}

/** One JSON line a request: what `sluice` tells people about a decision is read from it. No header value is in it. */
function accessLog(path: string, plan: GatewayPlan): MessageInitShape<typeof AccessLogSchema> {
  const shadowed = plan.policies.some((policy) => policy.mode?.is === "shadow");
  const format = {
    case: "jsonFormat" as const,
    value: {
      request_id: "%REQ(X-REQUEST-ID)%",
      method: "%REQ(:METHOD)%",
      status: "%RESPONSE_CODE%",
      route: "%ROUTE_NAME%",
      decision: decision(plan),
      consumer: `%FILTER_STATE(${filterStateKey("consumer")}:PLAIN)%`,
      ...(shadowed ? { shadow: `%FILTER_STATE(${filterStateKey("shadow")}:PLAIN)%` } : {}),
      ...(hasOperations(plan.hosts) ? { operation: "%METADATA(ROUTE:sluice:operation)%" } : {}),
    },
  };
  const accessLogFormat = { case: "logFormat" as const, value: { format } };
  if (path === STANDARD_OUTPUT)
    return {
      name: extensionNames.stdoutAccessLog,
      configType: { case: "typedConfig", value: packed(StdoutAccessLogSchema, { accessLogFormat }) },
    };
  return {
    name: extensionNames.fileAccessLog,
    configType: { case: "typedConfig", value: packed(FileAccessLogSchema, { path, accessLogFormat }) },
  };
}

/** What the guard noted, or who refused before or behind it. */
function decision(plan: GatewayPlan): string {
  const noted = `${filterStateKey("decision")}:PLAIN`;
  const refusals = notedRefusals(plan);
  const isNoted = needsNotes(plan.policies);
  if (refusals.length === 0 && !isNoted) return `%FILTER_STATE(${noted})%`;
  const operators = [
    ...(isNoted ? [{ command: "FILTER_STATE", param: NOTED_STATE }] : []),
    { command: "FILTER_STATE", param: noted },
    ...refusals.map((param) => ({ command: "DYNAMIC_METADATA", param })),
  ];
  return `%COALESCE(${JSON.stringify({ operators })})%`;
}
