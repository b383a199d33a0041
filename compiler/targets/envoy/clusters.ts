import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
  ClusterSchema,
} from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { duration } from "../../envoy/message.js";
import { ownCluster } from "../../plan/names.js";
import type { GatewayPlan, ServicePlan } from "../../plan/plan.js";
import { isAnyAddress } from "../../policy/values.js";
import { balancing } from "./balancing.js";
import { breakers } from "./breakers.js";
import { keepalive } from "./connections.js";
import { together } from "./failover.js";
import { health } from "./health.js";
import { type EnvoyOptions, originMetadata } from "./options.js";
import { serviceProtocolOptions, serviceSocket } from "./tls.js";

/** Bytes that Envoy holds for one connection to a service before it stops reading. */
export const CONNECTION_BUFFER_BYTES = 1_048_576;

export function clusters(plan: GatewayPlan, options: EnvoyOptions): Cluster[] {
  return plan.services.flatMap((service) =>
    [...together(plan, service), cluster(service, options)].map((one) => create(ClusterSchema, one)),
  );
}

function cluster(service: ServicePlan, options: EnvoyOptions): MessageInitShape<typeof ClusterSchema> {
  const moved = Object.hasOwn(options.endpoints, service.name) ? options.endpoints[service.name] : undefined;
  const endpoints = moved ?? service.discovery.endpoints;
  const transportSocket = serviceSocket(service, options.secretsDir);
  const byName = moved === undefined && service.discovery.by === "dns";
  const name = service.failover === undefined ? service.name : ownCluster(service.name);
  return {
    name,
    clusterDiscoveryType: {
      case: "type",
      value: byName ? Cluster_DiscoveryType.STRICT_DNS : Cluster_DiscoveryType.STATIC,
    },
    ...(byName ? { dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED } : {}),
    connectTimeout: duration(service.connectTimeoutMs),
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: endpoints.map(({ host, port }) => ({
            hostIdentifier: { case: "endpoint", value: { address: socketAddress(host, port) } },
          })),
        },
      ],
    },
    ...serviceProtocolOptions(service),
    ...(transportSocket === undefined ? {} : { transportSocket }),
    ...balancing(service),
    ...health(service),
    ...breakers(service),
    ...keepalive(service),
    metadata: originMetadata(service.origin),
  };
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
export function listenerAddress(address: string, port: number) {
  const { value, ...rest } = socketAddress(address, port).address;
  return { address: { ...rest, value: { ...value, ...(isAnyAddress(address) ? { ipv4Compat: true } : {}) } } };
}
