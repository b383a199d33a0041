import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  HeaderValueOption_HeaderAppendAction as AppendAction,
  type HeaderValueOption,
  HeaderValueOptionSchema,
  TrafficDirection,
} from "../../envoy/generated/envoy/config/core/v3/base_pb.js";
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from "../../envoy/generated/envoy/config/core/v3/protocol_pb.js";
import { type Listener, ListenerSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_pb.js";
import type { RouteConfiguration } from "../../envoy/generated/envoy/config/route/v3/route_pb.js";
import { RouterSchema } from "../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import { OriginalDstSchema } from "../../envoy/generated/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.js";
import {
  HttpConnectionManager_CodecType as Codec,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  HttpConnectionManagerSchema,
} from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { HeaderMutationSchema } from "../../envoy/generated/envoy/extensions/http/early_header_mutation/header_mutation/v3/header_mutation_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { DECISION_HEADER } from "../../plan/names.js";
import { type GatewayPlan, isOn, type ListenerPlan } from "../../plan/plan.js";
import { decisionLog, isLogged, listenerLogs } from "./access-logs.js";
import { bodyFilters, digestFilter } from "./body.js";
import { clientCertificateFilter } from "./client-certificates.js";
import { CONNECTION_BUFFER_BYTES, listenerAddress } from "./clusters.js";
import { localReplies } from "./errors.js";
import { formatOf } from "./formats.js";
import { guardOf, type Passing } from "./guard.js";
import { alternative, HTTP3, quicListener } from "./http3.js";
import { filtersBeforeGuard, filtersBehindGuard, filtersNextToGuard } from "./native.js";
import { type EnvoyOptions, originMetadata } from "./options.js";
import { routeConfiguration } from "./routes.js";
import { sheddingFilters } from "./shedding.js";
import { listenerSocket } from "./tls.js";
import { tracing } from "./tracers.js";

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
  const { filter, passing } = guardOf(plan, options);
  const common = commonOptions(plan, options, filter);
  const tables = new RouteTables(plan, options, passing);
  const decisions = options.accessLog === undefined ? [] : [decisionLog(options.accessLog, plan)];
  return plan.listeners.flatMap((listener) => {
    // One that is not bound is known by the address that its connections were meant for.
    const isMoved = listener.capturedBy === undefined && Object.hasOwn(options.listeners, listener.name);
    const address = (isMoved ? options.listeners[listener.name] : undefined) ?? listener;
    const logs = [...decisions, ...listenerLogs(listener, plan)];
    const manager = (over: "tcp" | "udp") =>
      packed(HttpConnectionManagerSchema, {
        ...common,
        ...connectionManager(listener),
        ...localReplies(plan, listener),
        ...(over === "tcp" ? codec(listener) : HTTP3),
        accessLog: logs,
        routeSpecifier: tables.of(listener, over),
      });
    const shared = {
      perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
      metadata: originMetadata(listener.origin),
    };
    const chain = (over: "tcp" | "udp") => ({
      filters: [
        {
          name: extensionNames.httpConnectionManager,
          configType: { case: "typedConfig" as const, value: manager(over) },
        },
      ],
    });
    const transportSocket = listenerSocket(listener, options.secretsDir);
    const secured =
      transportSocket === undefined
        ? {}
        : { transportSocket, transportSocketConnectTimeout: duration(HANDSHAKE_TIMEOUT_MS) };
    const tcp = () => ({
      ...shared,
      name: listener.name,
      address: listenerAddress(address),
      ...capturing(listener, plan),
      filterChains: [{ ...chain("tcp"), ...secured }],
    });
    const { http3 } = listener;
    return [
      ...(http3 === "only" ? [] : [create(ListenerSchema, tcp())]),
      ...(http3 === undefined
        ? []
        : [create(ListenerSchema, quicListener(listener, address, chain("udp"), shared, options))]),
    ];
  });
}

type ManagerInit = MessageInitShape<typeof HttpConnectionManagerSchema>;

/** What a listener says of requests. */
export function connectionManager(listener: ListenerPlan) {
  return {
    statPrefix: listener.name,
    xffNumTrustedHops: listener.trustedHops,
    pathWithEscapedSlashesAction: ESCAPED_SLASHES[listener.escapedSlashes],
    commonHttpProtocolOptions: {
      idleTimeout: duration(IDLE_TIMEOUT_MS),
      headersWithUnderscoresAction: UNDERSCORES[listener.headerUnderscores],
    },
  };
}

export function codec({ protocol }: ListenerPlan) {
  return protocol === undefined ? {} : { codecType: CODECS[protocol] };
}

/** The routes of listeners, made once for those that have the same. */
class RouteTables {
  private readonly plan: GatewayPlan;
  private readonly isLogged: boolean;
  private readonly passing: Passing;
  private readonly made = new Map<string, RouteConfiguration>();

  constructor(plan: GatewayPlan, options: EnvoyOptions, passing: Passing) {
    this.plan = plan;
    this.isLogged = isLogged(plan, options);
    this.passing = passing;
  }

  /** Over TCP the answers tell of HTTP/3. */
  of(
    { name, http3, tellsDecision }: ListenerPlan,
    over: "tcp" | "udp",
  ): { case: "routeConfig"; value: RouteConfiguration } {
    const hosts = this.plan.hosts.filter((host) => isOn(host, name));
    const told = over === "udp" || http3 === undefined || http3 === "only" ? 0 : http3.port;
    const key = [told, tellsDecision === true, ...this.plan.hosts.map((host) => (isOn(host, name) ? 1 : 0))].join();
    const value = this.made.get(key) ?? routeConfiguration(this.plan, hosts, this.isLogged, this.passing);
    if (!this.made.has(key)) {
      if (told > 0) value.responseHeadersToAdd = [alternative(told)];
      if (tellsDecision) {
        value.responseHeadersToAdd.push(decisionHeader());
        value.responseHeadersToRemove = [DECISION_HEADER.name];
      }
    }
    this.made.set(key, value);
    return { case: "routeConfig", value };
  }
}

function decisionHeader(): HeaderValueOption {
  return create(HeaderValueOptionSchema, {
    header: { key: DECISION_HEADER.name, value: formatOf(DECISION_HEADER) },
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  });
}

const DIRECTIONS = { inbound: TrafficDirection.INBOUND, outbound: TrafficDirection.OUTBOUND } as const;

/** Connections that the kernel sent elsewhere than they were meant for, and who serves them. */
function capturing({ name, direction, captures, capturedBy }: ListenerPlan, { listeners }: GatewayPlan) {
  const hands = listeners.some((other) => other.capturedBy === name);
  return {
    ...(direction === undefined ? {} : { trafficDirection: DIRECTIONS[direction] }),
    ...(captures === undefined
      ? {}
      : {
          listenerFilters: [
            {
              name: extensionNames.originalDst,
              configType: { case: "typedConfig" as const, value: packed(OriginalDstSchema) },
            },
          ],
        }),
    ...(hands ? { useOriginalDst: true } : {}),
    ...(capturedBy === undefined ? {} : { bindToPort: false }),
  };
}

/** How any request is read, and how long it may take. */
export function requestRules() {
  return {
    useRemoteAddress: true,
    normalizePath: true,
    mergeSlashes: true,
    stripTrailingHostDot: true,
    http2ProtocolOptions: HTTP2,
    streamIdleTimeout: duration(IDLE_TIMEOUT_MS),
    requestTimeout: duration(REQUEST_TIMEOUT_MS),
    requestHeadersTimeout: duration(REQUEST_HEADERS_TIMEOUT_MS),
  } satisfies ManagerInit;
}

/**
 * Removes what only the gateway writes from every request, before anything reads it.
 * @param set a header that every request has from then on
 */
export function earlyMutation({ ownedRequestHeaders }: GatewayPlan, set?: { name: string; value: string }) {
  const removed = ownedRequestHeaders.map((name) => ({ action: { case: "remove" as const, value: name } }));
  const append = (header: { name: string; value: string }) => ({
    header: { key: header.name, value: header.value },
    appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD,
  });
  const written = set === undefined ? [] : [{ action: { case: "append" as const, value: append(set) } }];
  return {
    name: extensionNames.earlyHeaderMutation,
    typedConfig: packed(HeaderMutationSchema, { mutations: [...removed, ...written] }),
  };
}

/** What all listeners have alike, the guard among it: made once, however many there are. */
function commonOptions(plan: GatewayPlan, options: EnvoyOptions, guard: ReturnType<typeof guardOf>["filter"]) {
  return {
    ...requestRules(),
    ...tracing(plan),
    earlyHeaderMutationExtensions: [earlyMutation(plan)],
    httpFilters: [
      ...clientCertificateFilter(plan, options),
      ...filtersBeforeGuard(plan),
      guard,
      ...filtersNextToGuard(plan),
      ...digestFilter(plan, options),
      ...filtersBehindGuard(plan, isLogged(plan, options), options.limitDomain ?? plan.name),
      ...sheddingFilters(plan),
      ...bodyFilters(plan, options),
      { name: extensionNames.router, configType: { case: "typedConfig" as const, value: packed(RouterSchema, {}) } },
    ],
  } satisfies ManagerInit;
}
