import type { MessageInitShape } from "@bufbuild/protobuf";
import { Cluster_DiscoveryType, type ClusterSchema } from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import type { LocalityLbConfigSchema } from "../../envoy/generated/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import { LeastRequestSchema } from "../../envoy/generated/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.js";
import { RandomSchema } from "../../envoy/generated/envoy/extensions/load_balancing_policies/random/v3/random_pb.js";
import { RoundRobinSchema } from "../../envoy/generated/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { GATEWAYS_CLUSTER } from "../../plan/names.js";
import type { GatewayPlan, ServicePlan } from "../../plan/plan.js";
import type { ZonePlan } from "../../plan/zones.js";
import type { EnvoyOptions } from "./options.js";

type LocalityConfig = MessageInitShape<typeof LocalityLbConfigSchema>;

/** A service that prefers a zone: Envoy has more to say of that in extensions than in the cluster itself. */
export function zonePolicy(zoneAware: ZonePlan, { loadBalancing, slowStartMs }: ServicePlan) {
  const policy = typedPolicy(loadBalancing, localityConfig(zoneAware), slowStartMs);
  return { loadBalancingPolicy: { policies: [{ typedExtensionConfig: policy }] } };
}

function typedPolicy(by: ServicePlan["loadBalancing"], localityLbConfig: LocalityConfig, slowStartMs?: number) {
  const rising = slowStartMs === undefined ? {} : { slowStartConfig: { slowStartWindow: duration(slowStartMs) } };
  switch (by) {
    case "leastRequest":
      return {
        name: extensionNames.leastRequest,
        typedConfig: packed(LeastRequestSchema, { localityLbConfig, ...rising }),
      };
    case "random":
      return { name: extensionNames.random, typedConfig: packed(RandomSchema, { localityLbConfig }) };
    case "roundRobin":
    case "ringHash":
    case "maglev":
    case undefined:
      // Those by a hash have no zones (SL0672).
      return {
        name: extensionNames.roundRobin,
        typedConfig: packed(RoundRobinSchema, { localityLbConfig, ...rising }),
      };
  }
}

/** Envoy leaves zones out of services with fewer than six endpoints, unless it is told otherwise. */
function localityConfig(zones: ZonePlan): LocalityConfig {
  return {
    localityConfigSpecifier: {
      case: "zoneAwareLbConfig",
      value: {
        minClusterSize: 1n,
        ...(zones.keep === "all" ? { forceLocalZone: { minSize: zones.minEndpoints } } : {}),
      },
    },
  };
}

/**
 * What an Envoy must know of itself and its like to prefer a zone: in which zone it is, if that is not said on its command line, and
 * how many gateways each zone has. Those are no addresses: nobody connects to them.
 */
export function whereabouts({ gateways }: GatewayPlan, { zone }: EnvoyOptions) {
  if (gateways === undefined) return {};
  const counted = zone === undefined || Object.hasOwn(gateways, zone) ? gateways : { ...gateways, [zone]: 1 };
  let port = 0;
  const cluster: MessageInitShape<typeof ClusterSchema> = {
    name: GATEWAYS_CLUSTER,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
    loadAssignment: {
      clusterName: GATEWAYS_CLUSTER,
      endpoints: Object.entries(counted).map(([name, count]) => ({
        locality: { zone: name },
        lbEndpoints: Array.from({ length: count }, () => ({
          hostIdentifier: {
            case: "endpoint" as const,
            value: {
              address: {
                address: {
                  case: "socketAddress" as const,
                  value: { address: NOWHERE, portSpecifier: { case: "portValue" as const, value: ++port } },
                },
              },
            },
          },
        })),
      })),
    },
  };
  return {
    manager: { clusterManager: { localClusterName: GATEWAYS_CLUSTER } },
    locality: zone === undefined ? {} : { locality: { zone } },
    cluster,
  };
}

/** RFC 5737: no machine has it. */
const NOWHERE = "192.0.2.1";
