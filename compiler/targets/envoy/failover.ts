import type { MessageInitShape } from "@bufbuild/protobuf";
import { Cluster_LbPolicy, type ClusterSchema } from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { ClusterConfigSchema } from "../../envoy/generated/envoy/extensions/clusters/aggregate/v3/cluster_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { ownCluster } from "../../plan/names.js";
import type { GatewayPlan, ServicePlan } from "../../plan/plan.js";
import { breakers } from "./breakers.js";
import { originMetadata } from "./options.js";

/**
 * A service and those that stand in for it as one cluster, under the name that routes know: what its own endpoints cannot take
 * goes to the next. Each keeps its TLS, checks and limits. Retries are counted here, where routes lead to.
 */
export function together(plan: GatewayPlan, service: ServicePlan): MessageInitShape<typeof ClusterSchema>[] {
  const { name, failover, connectTimeoutMs, origin } = service;
  if (failover === undefined) return [];
  const clusters = [ownCluster(name), ...failover.map((other) => endpointsCluster(plan, other))];
  return [
    {
      name,
      clusterDiscoveryType: {
        case: "clusterType",
        value: { name: extensionNames.aggregateCluster, typedConfig: packed(ClusterConfigSchema, { clusters }) },
      },
      connectTimeout: duration(connectTimeoutMs),
      lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
      ...breakers(service),
      metadata: originMetadata(origin),
    },
  ];
}

/** The cluster of the endpoints of a service, whoever stands in for it: two may stand in for each other. */
function endpointsCluster({ services }: GatewayPlan, name: string): string {
  return services.some((service) => service.name === name && service.failover !== undefined) ? ownCluster(name) : name;
}
