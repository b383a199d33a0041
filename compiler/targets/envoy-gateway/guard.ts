import { guardConfiguration, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import { PREFLIGHT } from "../../plan/names.js";
import type { GatewayPlan, Json, JsonObject } from "../../plan/plan.js";
import { sendsSpans } from "../../plan/tracing.js";
import { type Resource, remembered } from "../kubernetes/resource.js";
import { askedClusters } from "./asked.js";
import { type Cluster, ENVOY_GATEWAY_API, GATEWAY_API, present } from "./context.js";
import { envoyClusterName, partName } from "./names.js";
import { allRules, envoyNames } from "./rules.js";

/** Results that the access log shows. */
export function readByLogs({ listeners }: GatewayPlan): readonly string[] {
  return listeners.some(({ accessLog }) => accessLog !== undefined) ? LOGGED_RESULTS : [];
}

export const GUARD_MODULE = "guard.wasm";

/** Where modules come from. */
export interface ModuleSource {
  /** What stands before the name of a module. */
  prefix: string;
  /** SHA-256 of what is fetched, by the name of the module. */
  digests: Readonly<Record<string, string>>;
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

function codeOf(module: string, { prefix, digests }: ModuleSource): JsonObject {
  const sha256 = digests[module];
  const pinned = sha256 === undefined ? {} : { sha256 };
  if (!prefix.startsWith("oci:")) return { type: "HTTP", http: { url: `${prefix}/${module}`, ...pinned } };
  const image = `${prefix}/${module.replace(/\.wasm$/, "")}`;
  // Without one of them Envoy Gateway would take the tag `latest`, whatever that is by then.
  const url = sha256 === undefined ? image : `${image}@sha256:${sha256}`;
  return { type: "Image", image: { url, ...pinned } };
}

/** The configuration of the guard where Envoy Gateway names routes and clusters. */
export function clusterConfiguration(cluster: Cluster, read: readonly string[]): JsonObject {
  const { policies, ...configuration } = withClusters(
    guardConfiguration(cluster.plan, read, routeNames(cluster)),
    cluster,
  );
  const clusters = sendsSpans(cluster.plan) ? serviceClusters(cluster) : [];
  const whole = { ...configuration, ...(clusters.length === 0 ? {} : { clusters }), policies: policies ?? [] };
  return remembered(whole, cluster.plan, cluster.origins);
}

/** What spans call the services behind the clusters. One that several services share keeps its name. */
function serviceClusters(cluster: Cluster): JsonObject[] {
  return allRules(cluster).flatMap(({ entry: { action }, route, position }) => {
    const [only, ...others] = action.type === "forward" ? action.to : [];
    if (only === undefined || others.length > 0) return [];
    return [{ name: envoyClusterName(cluster.namespace, route, position), service: only.service }];
  });
}

/** The services that the guard asks are known by what Envoy Gateway calls their clusters. */
function withClusters(configuration: JsonObject, cluster: Cluster): JsonObject {
  const asked = new Map(askedClusters(cluster));
  const within = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(within);
    return typeof value === "object" && value !== null ? object(value) : value;
  };
  const object = (value: JsonObject): JsonObject => {
    const own = typeof value.cluster === "string" && typeof value.authority === "string" ? value.cluster : undefined;
    const made = Object.fromEntries(Object.entries(value).map(([key, inner]): [string, Json] => [key, within(inner)]));
    const named = own === undefined ? undefined : asked.get(own);
    return named === undefined ? made : { ...made, cluster: named };
  };
  return object(configuration);
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
