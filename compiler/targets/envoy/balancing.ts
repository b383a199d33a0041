import { Cluster_LbPolicy } from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { duration } from "../../envoy/message.js";
import type { ServicePlan } from "../../plan/plan.js";
import type { ServiceResilience } from "../../plan/resilience.js";

const POLICIES = {
  roundRobin: Cluster_LbPolicy.ROUND_ROBIN,
  leastRequest: Cluster_LbPolicy.LEAST_REQUEST,
  random: Cluster_LbPolicy.RANDOM,
  ringHash: Cluster_LbPolicy.RING_HASH,
  maglev: Cluster_LbPolicy.MAGLEV,
} as const;

/** Which endpoint of a service a request goes to. */
export function balancing({ loadBalancing, slowStartMs, panicPercent, zoneAware }: ServicePlan) {
  return {
    ...(zoneAware === undefined ? choice(loadBalancing, slowStartMs) : {}),
    ...(panicPercent === undefined ? {} : { commonLbConfig: { healthyPanicThreshold: { value: panicPercent } } }),
  };
}

function choice(by: ServiceResilience["loadBalancing"], slowStartMs: number | undefined) {
  return {
    ...(by === undefined ? {} : { lbPolicy: POLICIES[by] }),
    ...(slowStartMs === undefined ? {} : { lbConfig: slowStart(by, slowStartMs) }),
  };
}

function slowStart(by: ServiceResilience["loadBalancing"], windowMs: number) {
  const value = { slowStartConfig: { slowStartWindow: duration(windowMs) } };
  return by === "leastRequest"
    ? ({ case: "leastRequestLbConfig", value } as const)
    : ({ case: "roundRobinLbConfig", value } as const);
}
