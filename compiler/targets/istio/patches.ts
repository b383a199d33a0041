import { isLogged } from "../envoy/access-logs.js";
import type { EnvoyOptions } from "../envoy/options.js";
import type { Resource } from "../kubernetes/resource.js";
import type { Violation } from "../target.js";
import { withClusters } from "./clusters.js";
import type { Mesh } from "./context.js";
import { filterPatches, filtersOf } from "./filters.js";
import { managerPatches } from "./managers.js";
import { routePatches } from "./route-patches.js";
import { clusterPatches } from "./service-patches.js";
import { violationsOf } from "./whole.js";

const WHY =
  "Istio has no resource for how requests are read before they are routed, for filters in front of its own, nor for what its routes leave open";

/**
 * What no resource of Istio can say, in Envoy's words: all of it in one resource, which is there or is not. It writes a header that
 * every route asks for, so that where it is not in force no request comes to a service.
 */
export function envoyFilter(mesh: Mesh, options: EnvoyOptions): { resource: Resource; violations: Violation[] } {
  const { plan, deployment } = mesh;
  const said = withClusters(mesh);
  const filters = filtersOf(said, options);
  const head = {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    name: plan.name,
    annotations: { "sluice/why": WHY },
  };
  const resource = mesh.resource(head, plan.origin, {
    // Behind those of others: then what stands in front of the router stands there at last.
    priority: PRIORITY,
    workloadSelector: { labels: { ...deployment.workload } },
    configPatches: [
      ...managerPatches(mesh, said),
      ...filterPatches(filters),
      ...routePatches(mesh, said, isLogged(plan, options)),
      ...clusterPatches(mesh),
    ],
  });
  return { resource, violations: violationsOf(said, filters, options) };
}

const PRIORITY = 10;
