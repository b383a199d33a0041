import { guardConfiguration, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import { PREFLIGHT } from "../../plan/names.js";
import type { GatewayPlan, JsonObject } from "../../plan/plan.js";
import { sendsSpans } from "../../plan/tracing.js";
import { GUARD_MODULE } from "../envoy/guard.js";
import {
  isRegistry,
  type ModuleSource,
  moduleUrl,
  remembered,
  withClusters,
  withServices,
} from "../kubernetes/guard.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { askedClusters } from "./asked.js";
import { type Cluster, ENVOY_GATEWAY_API, GATEWAY_API } from "./context.js";
import { envoyClusterName, partName } from "./names.js";
import { allRules, envoyNames } from "./rules.js";

/** Results that the access log shows. */
export function readByLogs({ listeners }: GatewayPlan): readonly string[] {
  return listeners.some(({ accessLog }) => accessLog !== undefined) ? LOGGED_RESULTS : [];
}

/**
 * The guard, on every route of the gateway: one policy for all of it, so that no route is without, and what routes count together is
 * in one place. A route that somebody else attaches has a name that the guard does not know, and is refused.
 */
export function guardPolicy(cluster: Cluster, source: ModuleSource, read: readonly string[]): Resource {
  const { plan } = cluster;
  const variables = guardVariables(plan);
  return cluster.resource(
    { apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`, kind: "EnvoyExtensionPolicy", name: partName(plan, "guard") },
    plan.origin,
    {
      targetRefs: [{ group: GATEWAY_API, kind: "Gateway", name: partName(plan) }],
      wasm: [
        present({
          name: "sluice.guard",
          rootID: "guard",
          code: codeOf(GUARD_MODULE, source),
          config: clusterConfiguration(cluster, read),
          env: variables.length === 0 ? undefined : { hostKeys: variables },
          failOpen: false,
        }),
      ],
    },
  );
}

function codeOf(module: string, source: ModuleSource): JsonObject {
  const sha256 = source.digests[module];
  const pinned = sha256 === undefined ? {} : { sha256 };
  const url = moduleUrl(source, module);
  if (!isRegistry(source)) return { type: "HTTP", http: { url, ...pinned } };
  // Without one of them Envoy Gateway would take the tag `latest`, whatever that is by then.
  return { type: "Image", image: { url: sha256 === undefined ? url : `${url}@sha256:${sha256}`, ...pinned } };
}

/** The configuration of the guard where Envoy Gateway names routes and clusters. */
export function clusterConfiguration(cluster: Cluster, read: readonly string[]): JsonObject {
  const { plan, origins } = cluster;
  const asked = new Map(askedClusters(cluster));
  const named = withClusters(guardConfiguration(plan, read, routeNames(cluster)), (service) => asked.get(service));
  return remembered(withServices(named, sendsSpans(plan) ? serviceClusters(cluster) : []), plan, origins);
}

/** What spans call the services behind the clusters. One that several services share keeps its name. */
function serviceClusters(cluster: Cluster): { name: string; service: string }[] {
  return allRules(cluster).flatMap(({ entry: { action }, route, position }) => {
    const [only, ...others] = action.type === "forward" ? action.to : [];
    if (only === undefined || others.length > 0) return [];
    return [{ name: envoyClusterName(cluster.namespace, route, position), service: only.service }];
  });
}

/** What Envoy calls each route of the plan. */
function routeNames(cluster: Cluster): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const rule of allRules(cluster)) {
    const { name } = rule.entry;
    if (name !== PREFLIGHT) names.set(name, [...(names.get(name) ?? []), ...envoyNames(cluster, rule)]);
  }
  return names;
}

/** The name of the plan for each route of Envoy. */
export function planNames(plan: GatewayPlan, cluster: Cluster): Map<string, string> {
  const known = new Set(plan.hosts.flatMap(({ routes }) => routes.map(({ name }) => name)));
  return new Map(
    allRules(cluster).flatMap((rule) =>
      known.has(rule.entry.name)
        ? envoyNames(cluster, rule).map((name): [string, string] => [name, rule.entry.name])
        : [],
    ),
  );
}
