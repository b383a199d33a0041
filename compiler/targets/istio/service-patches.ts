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

/** Of the healthy endpoints of a service, where the file does not say it: below, Envoy asks all. istiod would never. */
const PANIC_PERCENT = 50;

function rest({ health: checks, outliers, panicPercent = PANIC_PERCENT }: ServicePlan) {
  return {
    perConnectionBufferLimitBytes: CONNECTION_BUFFER_BYTES,
    ...(checks === undefined ? {} : health({ health: checks })),
    // A DestinationRule says it beside who is left out.
    ...(outliers !== undefined ? {} : { commonLbConfig: { healthyPanicThreshold: { value: panicPercent } } }),
  };
}
