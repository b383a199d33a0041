import { posix } from "node:path";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_DnsLookupFamily,
  ClusterSchema,
  Cluster_DiscoveryType as Type,
} from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { SocketAddress_Protocol as Protocol } from "../../envoy/generated/envoy/config/core/v3/address_pb.js";
import { DnsLookupFamily } from "../../envoy/generated/envoy/extensions/clusters/common/dns/v3/dns_pb.js";
import { DnsClusterSchema } from "../../envoy/generated/envoy/extensions/clusters/dns/v3/dns_cluster_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { endpointFile } from "../../plan/discovery.js";
import { ownCluster } from "../../plan/names.js";
import type { Discovery, GatewayPlan, ServicePlan } from "../../plan/plan.js";
import { isAnyAddress } from "../../policy/values.js";
import type { PlacedEndpoint } from "../../policy/zones.js";
import { balancing } from "./balancing.js";
import { breakers } from "./breakers.js";
import { keepalive } from "./connections.js";
import { together } from "./failover.js";
import { health } from "./health.js";
import { type Address, type EnvoyOptions, originMetadata } from "./options.js";
import { serviceProtocolOptions, serviceSocket } from "./tls.js";
import { zonePolicy } from "./zones.js";

type ClusterInit = MessageInitShape<typeof ClusterSchema>;

/** Bytes that Envoy holds for one connection to a service before it stops reading. */
export const CONNECTION_BUFFER_BYTES = 1_048_576;

export function clusters(plan: GatewayPlan, options: EnvoyOptions): Cluster[] {
  return plan.services.flatMap((service) =>
    [...together(plan, service), cluster(service, options)].map((one) => create(ClusterSchema, one)),
  );
}

function cluster(service: ServicePlan, options: EnvoyOptions): ClusterInit {
  const transportSocket = serviceSocket(service, options.secretsDir);
  const name = service.failover === undefined ? service.name : ownCluster(service.name);
  return {
    name,
    ...whereabouts(service, name, options),
    connectTimeout: duration(service.connectTimeoutMs),
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    ...serviceProtocolOptions(service),
    ...(transportSocket === undefined ? {} : { transportSocket }),
    ...balancing(service),
    ...(service.zoneAware === undefined ? {} : zonePolicy(service.zoneAware, service)),
    ...health(service),
    ...breakers(service),
    ...keepalive(service),
    metadata: originMetadata(service.origin),
  };
}

/** Where the endpoints are, or who says so. */
function whereabouts({ name: service, discovery }: ServicePlan, cluster: string, options: EnvoyOptions) {
  const moved = Object.hasOwn(options.endpoints, service) ? options.endpoints[service] : undefined;
  if (moved !== undefined) return { ...ofType(Type.STATIC), loadAssignment: assignment(cluster, moved) };
  switch (discovery.by) {
    case "static":
      return { ...ofType(Type.STATIC), loadAssignment: assignment(cluster, discovery.endpoints) };
    case "dns":
      return { ...resolution(discovery), loadAssignment: assignment(cluster, discovery.endpoints) };
    case "eds":
      return {
        ...ofType(Type.EDS),
        edsClusterConfig: { serviceName: discovery.name, edsConfig: endpointSource(discovery, options) },
        // The file says who is there: Envoy would keep an endpoint that it no longer names until a check of it fails.
        ignoreHealthOnHostRemoval: true,
      };
  }
}

/** How a name is resolved. Envoy calls the time between two questions outdated, but in a cluster of the kind that is for names. */
function resolution({ addresses, refreshMs }: Extract<Discovery, { by: "dns" }>) {
  if (refreshMs === undefined)
    return {
      ...ofType(addresses === "first" ? Type.LOGICAL_DNS : Type.STRICT_DNS),
      dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED,
    };
  const typedConfig = packed(DnsClusterSchema, {
    dnsRefreshRate: duration(refreshMs),
    dnsLookupFamily: DnsLookupFamily.V4_PREFERRED,
    allAddressesInSingleEndpoint: addresses === "first",
  });
  return {
    clusterDiscoveryType: { case: "clusterType" as const, value: { name: extensionNames.dnsCluster, typedConfig } },
  };
}

function endpointSource({ name, file }: Extract<Discovery, { by: "eds" }>, { endpointsDir }: EnvoyOptions) {
  const path = "mounted" in file ? file.mounted : `${endpointsDir}/${endpointFile(name, file.beside)}`;
  return {
    configSourceSpecifier: {
      case: "pathConfigSource" as const,
      value: { path, watchedDirectory: { path: posix.dirname(path) } },
    },
  };
}

function ofType(value: Type) {
  return { clusterDiscoveryType: { case: "type" as const, value } };
}

function assignment(clusterName: string, endpoints: readonly PlacedEndpoint[]) {
  return {
    clusterName,
    endpoints: byZone(endpoints).map(([zone, all]) => ({
      ...(zone === undefined ? {} : { locality: { zone } }),
      lbEndpoints: all.map(({ host, port }) => ({
        hostIdentifier: { case: "endpoint" as const, value: { address: socketAddress(host, port) } },
      })),
    })),
  };
}

/** In the order of the zones' first endpoints; those without a zone are together. */
function byZone(endpoints: readonly PlacedEndpoint[]): [string | undefined, PlacedEndpoint[]][] {
  const zones = new Map<string | undefined, PlacedEndpoint[]>();
  for (const endpoint of endpoints) zones.set(endpoint.zone, [...(zones.get(endpoint.zone) ?? []), endpoint]);
  return [...zones];
}

/** A TCP address as Envoy's configuration holds it. */
export function socketAddress(address: string, port: number) {
  return {
    address: {
      case: "socketAddress" as const,
      value: { address, portSpecifier: { case: "portValue" as const, value: port } },
    },
  };
}

/** The same to listen on: by itself Envoy takes only connections of IPv6 at `::`. */
export function listenerAddress({ address, port }: Address, protocol: Protocol = Protocol.TCP) {
  const { value, ...rest } = socketAddress(address, port).address;
  const both = isAnyAddress(address) ? { ipv4Compat: true } : {};
  const over = protocol === Protocol.TCP ? {} : { protocol };
  return { address: { ...rest, value: { ...over, ...value, ...both } } };
}
