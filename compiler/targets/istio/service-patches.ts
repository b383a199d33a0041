import { create } from "@bufbuild/protobuf";
import { ClusterSchema } from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { toObject } from "../../envoy/print.js";
import type { Json, ServicePlan } from "../../plan/plan.js";
import { CONNECTION_BUFFER_BYTES } from "../envoy/clusters.js";
import { health } from "../envoy/health.js";
import type { Mesh } from "./context.js";

/** What of services a DestinationRule has no words for. */
export function clusterPatches(mesh: Mesh): Json[] {
  return mesh.plan.services.map((service) => {
    const value = toObject(ClusterSchema, create(ClusterSchema, rest(service)));
    return mesh.from(service.origin, {
      applyTo: "CLUSTER",
      match: { context: "GATEWAY", cluster: { name: mesh.cluster(service.name) } },
      patch: { operation: "MERGE", value },
    });
  });
}

function rest({ health: checks, outliers, panicPercent }: ServicePlan) {
  return {
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    ...(checks === undefined ? {} : health({ health: checks })),
    // A DestinationRule says it beside who is left out.
    ...(panicPercent === undefined || outliers !== undefined
      ? {}
      : { commonLbConfig: { healthyPanicThreshold: { value: panicPercent } } }),
  };
}
