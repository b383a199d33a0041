import { isIP } from "node:net";
import { BootstrapSchema } from "../generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { type Cluster, Cluster_DiscoveryType, ClusterSchema } from "../generated/envoy/config/cluster/v3/cluster_pb.js";
import type { Address } from "../generated/envoy/config/core/v3/address_pb.js";
import { type Listener, ListenerSchema } from "../generated/envoy/config/listener/v3/listener_pb.js";
import { extensionNames } from "../message.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

/** Where names stand for addresses, and two listeners at one address. */
export function addresses(tree: Tree): Violation[] {
  const listeners = allOf(tree, ListenerSchema);
  return [
    ...listeners.flatMap(({ message, path }) => listenerFaults(message, path)),
    ...sharedAddresses(listeners),
    ...allOf(tree, ClusterSchema).flatMap(({ message, path }) => clusterFaults(message, path)),
    ...allOf(tree, BootstrapSchema).flatMap(({ message, path }) =>
      addressFaults(message.admin?.address, join(path, "admin.address")),
    ),
  ];
}

function listenerFaults(listener: Listener, path: string): Violation[] {
  if (listener.apiListener !== undefined || listener.listenerSpecifier.case !== undefined) return [];
  const faults = addressFaults(listener.address, join(path, "address"));
  if (listener.address === undefined) faults.push({ path: join(path, "address"), message: "is required" });
  const hasChain = listener.filterChains.length > 0 || listener.defaultFilterChain !== undefined;
  if (!hasChain && listener.udpListenerConfig === undefined) {
    faults.push({ path: join(path, "filter_chains"), message: "must have at least 1 items" });
  }
  return faults;
}

/** Envoy binds one listener to an address; port 0 is a new address each time. */
function sharedAddresses(listeners: { message: Listener; path: string }[]): Violation[] {
  const first = new Map<string, string>();
  return listeners.flatMap(({ message, path }) => {
    const key = addressKey(message.address);
    if (key === undefined) return [];
    const at = join(path, "address");
    const before = first.get(key);
    if (before !== undefined) return [{ path: at, message: `${key} is already at ${before}` }];
    first.set(key, at);
    return [];
  });
}

function addressKey(address: Address | undefined): string | undefined {
  if (address?.address.case !== "socketAddress") return undefined;
  const { protocol, address: host, portSpecifier } = address.address.value;
  if (portSpecifier.case !== "portValue" || portSpecifier.value === 0) return undefined;
  return `${protocol === 0 ? "tcp" : "udp"}://${host}:${portSpecifier.value}`;
}

function clusterFaults(cluster: Cluster, path: string): Violation[] {
  const { clusterDiscoveryType: kind } = cluster;
  // It resolves names, as the two types do.
  if (kind.case === "clusterType" && kind.value.name === extensionNames.dnsCluster) return [];
  if (cluster.clusterDiscoveryType.case !== "type") return staticFaults(cluster, path);
  switch (cluster.clusterDiscoveryType.value) {
    case Cluster_DiscoveryType.STATIC:
      return staticFaults(cluster, path);
    case Cluster_DiscoveryType.LOGICAL_DNS: {
      const groups = cluster.loadAssignment?.endpoints ?? [];
      if (groups.length === 1 && groups[0]?.lbEndpoints.length === 1) return [];
      return [{ path: join(path, "load_assignment"), message: "must have one endpoint, as the type is LOGICAL_DNS" }];
    }
    case Cluster_DiscoveryType.EDS:
      if (cluster.edsClusterConfig !== undefined) return [];
      return [{ path: join(path, "eds_cluster_config"), message: "is required, as the type is EDS" }];
    default:
      return [];
  }
}

function staticFaults(cluster: Cluster, path: string): Violation[] {
  return (cluster.loadAssignment?.endpoints ?? []).flatMap((group, outer) =>
    group.lbEndpoints.flatMap((endpoint, inner) => {
      const at = join(path, `load_assignment.endpoints[${outer}].lb_endpoints[${inner}].endpoint.address`);
      if (endpoint.hostIdentifier.case !== "endpoint") return [{ path: at, message: "is required" }];
      const { address } = endpoint.hostIdentifier.value;
      if (address?.address.case === undefined) return [{ path: at, message: "is required" }];
      return addressFaults(address, at);
    }),
  );
}

/** A name is only resolved where a resolver is named; Envoy takes no brackets and no leading zeros. */
function addressFaults(address: Address | undefined, path: string): Violation[] {
  if (address?.address.case !== "socketAddress") return [];
  const { address: host, resolverName } = address.address.value;
  // That the address is not empty is a declared rule.
  if (host === "" || resolverName !== "" || isIP(host) !== 0) return [];
  return [{ path, message: `${JSON.stringify(host)} is not an IP address` }];
}
