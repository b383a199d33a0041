import { clone, create } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { BootstrapSchema } from "../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import {
  type Filter,
  type FilterChain,
  FilterChainSchema,
  FilterSchema,
  ListenerFilterSchema,
} from "../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js";
import type { Listener } from "../../envoy/generated/envoy/config/listener/v3/listener_pb.js";
import { ProxyProtocolSchema } from "../../envoy/generated/envoy/extensions/filters/listener/proxy_protocol/v3/proxy_protocol_pb.js";
import {
  ForwardProtoConfigSchema,
  HttpConnectionManagerSchema,
} from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { DownstreamTlsContextSchema } from "../../envoy/generated/envoy/extensions/transport_sockets/tls/v3/tls_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { toObject } from "../../envoy/print.js";
import type { GatewayPlan, ListenerPlan, RoutePlan } from "../../plan/plan.js";
import { withoutTransport } from "../../plan/transport.js";
import { staticBootstrap } from "../../targets/envoy/bootstrap.js";
import { listeners } from "../../targets/envoy/listeners.js";
import { DEFAULT_OPTIONS, type EnvoyOptions } from "../../targets/envoy/options.js";
import type { TestCertificates } from "./certificates.js";

/** A gateway in an Envoy that holds several. */
export interface Replica {
  /** Name of its listener; no two have the same. */
  name: string;
  plan: GatewayPlan;
  /** The one of its listeners that is there. */
  listener: ListenerPlan;
}

export interface ReplicaOptions {
  /** Port on 127.0.0.1 of each service. */
  services: ReadonlyMap<string, number>;
  /** File of the access log. */
  accessLog: string;
  /** Those of clients; absent where nobody asks for them. */
  certificates?: TestCertificates | undefined;
}

/** Destination port by which the PROXY protocol says that a connection was one of TLS. */
export const HTTPS_PORT = 443;

/** Destination port of connections that are of TLS here too, as the client shows a certificate. */
export const CERTIFICATE_PORT = 8443;

/**
 * The bootstrap of an Envoy that holds several gateways, each as the target emits it, on a free port. They share the clusters of
 * the first, and nothing else: each has shared data of its own. Listeners take where a connection comes from out of the PROXY
 * protocol, version 1. Neither listeners nor services have TLS, as certificates are on other machines and services are stand-ins; but where a listener asks
 * clients for certificates, those that show one come by TLS, with certificates of the runner's own authority.
 */
export function replicaBootstrap(replicas: readonly Replica[], options: ReplicaOptions): string {
  const [first] = replicas;
  if (first === undefined) throw new RangeError("an Envoy without a gateway");
  const bootstrap = staticBootstrap(
    { ...unchecked(withoutTransport(first.plan)), listeners: [] },
    emitOptions(first, options),
  );
  if (bootstrap.staticResources !== undefined)
    bootstrap.staticResources.listeners = replicas.flatMap((replica) => replicaListeners(replica, options));
  // JSON is YAML too, and is printed faster.
  return JSON.stringify(toObject(BootstrapSchema, bootstrap));
}

/**
 * A plan without `health`, `outliers`, `mirror` and what refuses requests by how others fared: a check of health and a copy are
 * requests that no case sends, and a case may well ask for answers that get an endpoint ejected, or later requests refused.
 */
export function unchecked({ overload: _, ...plan }: GatewayPlan): GatewayPlan {
  return {
    ...plan,
    services: plan.services.map(
      ({ health: _, outliers: __, admission: ___, adaptiveConcurrency: ____, ...service }) => service,
    ),
    hosts: plan.hosts.map((host) => ({ ...host, routes: host.routes.map(withoutCopies) })),
  };
}

function withoutCopies(route: RoutePlan): RoutePlan {
  if (route.action.type !== "forward" || route.action.mirror === undefined) return route;
  const { mirror: _, ...action } = route.action;
  return { ...route, action };
}

function emitOptions({ name, listener }: Replica, { services, accessLog }: ReplicaOptions): EnvoyOptions {
  return {
    ...DEFAULT_OPTIONS,
    admin: undefined,
    listeners: { [listener.name]: { address: "127.0.0.1", port: 0 } },
    endpoints: Object.fromEntries([...services].map(([service, port]) => [service, [{ host: "127.0.0.1", port }]])),
    accessLog,
    asksClients: listener.tls?.clientCertificate !== undefined,
    vmId: `sluice.test.${name}`,
    limitDomain: `sluice.test.${name}`,
  };
}

function replicaListeners(replica: Replica, options: ReplicaOptions): Listener[] {
  const { name, plan, listener } = replica;
  const plain = unchecked(withoutTransport({ ...plan, listeners: [listener] }));
  const emitted = listeners(plain, emitOptions(replica, options));
  for (const one of emitted) {
    one.name = name;
    // Whoever sends it: here it is the test.
    one.useOriginalDst = undefined;
    one.bindToPort = undefined;
    one.listenerFilters = [
      create(ListenerFilterSchema, {
        name: extensionNames.proxyProtocol,
        configType: { case: "typedConfig", value: packed(ProxyProtocolSchema) },
      }),
    ];
    const { certificates } = options;
    if (listener.tls?.clientCertificate !== undefined && certificates !== undefined)
      one.filterChains.unshift(...one.filterChains.map((chain) => withCertificates(chain, certificates)));
    for (const filter of one.filterChains.flatMap((chain) => chain.filters)) takeSchemeFromPort(filter);
  }
  return emitted;
}

/** The same for connections of clients that show a certificate. */
function withCertificates(chain: FilterChain, { authority, server }: TestCertificates): FilterChain {
  const text = (pem: string) => ({ specifier: { case: "inlineString" as const, value: pem } });
  const context = create(DownstreamTlsContextSchema, {
    requireClientCertificate: true,
    commonTlsContext: {
      tlsCertificates: [{ certificateChain: text(server.certificate), privateKey: text(server.key) }],
      validationContextType: { case: "validationContext", value: { trustedCa: text(authority) } },
    },
  });
  return create(FilterChainSchema, {
    filterChainMatch: { destinationPort: CERTIFICATE_PORT },
    filters: chain.filters.map((filter) => clone(FilterSchema, filter)),
    transportSocket: {
      name: extensionNames.tlsTransport,
      configType: { case: "typedConfig", value: packed(DownstreamTlsContextSchema, context) },
    },
  });
}

/** Without TLS on the listener, the scheme of a request comes from the port that it was sent to. */
function takeSchemeFromPort(filter: Filter): void {
  if (filter.configType.case !== "typedConfig") return;
  const manager = anyUnpack(filter.configType.value, HttpConnectionManagerSchema);
  if (manager === undefined) return;
  manager.forwardProtoConfig = create(ForwardProtoConfigSchema, {
    httpsDestinationPorts: [HTTPS_PORT, CERTIFICATE_PORT],
  });
  filter.configType.value = packed(HttpConnectionManagerSchema, manager);
}
