import type { GatewayPlan, Json, JsonObject } from "../../plan/plan.js";
import type { Origins } from "./resource.js";

// What a cluster fetches, and what the guard reads where somebody else names clusters.

/** Where modules come from. */
export interface ModuleSource {
  /** What stands before the name of a module. */
  prefix: string;
  /** SHA-256 of what is fetched, by the name of the module. */
  digests: Readonly<Record<string, string>>;
}

/** Whether modules are images of a registry; they are files of a server or of a disk otherwise. */
export function isRegistry({ prefix }: ModuleSource): boolean {
  return prefix.startsWith("oci:");
}

/** Where a module is fetched: a file of its name, an image of its name without `.wasm`. */
export function moduleUrl(source: ModuleSource, module: string): string {
  return `${source.prefix}/${isRegistry(source) ? module.replace(/\.wasm$/, "") : module}`;
}

/**
 * A configuration of the guard in which the services that it asks are known by other names.
 *
 * @param clusterOf the name of a service; undefined if it keeps its own
 */
export function withClusters(
  configuration: JsonObject,
  clusterOf: (service: string) => string | undefined,
): JsonObject {
  const object = (value: JsonObject): JsonObject => {
    const { cluster, authority } = value;
    const named = typeof cluster === "string" && typeof authority === "string" ? clusterOf(cluster) : undefined;
    const made = Object.fromEntries(Object.entries(value).map(([key, inner]): [string, Json] => [key, within(inner)]));
    return named === undefined ? made : { ...made, cluster: named };
  };
  const within = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(within);
    return typeof value === "object" && value !== null ? object(value) : value;
  };
  return object(configuration);
}

/** A configuration that says what spans call the services behind clusters. */
export function withServices(
  { policies, ...configuration }: JsonObject,
  clusters: { name: string; service: string }[],
): JsonObject {
  return { ...configuration, ...(clusters.length === 0 ? {} : { clusters }), policies: policies ?? [] };
}

/** A configuration whose policies, routes and consumers remember where the file says them. */
export function remembered(configuration: JsonObject, plan: GatewayPlan, origins: Origins): JsonObject {
  const routes = plan.hosts.flatMap((host) => host.routes);
  const places = { policies: plan.policies, routes, consumers: plan.consumers };
  for (const [key, nodes] of Object.entries(places)) {
    const byName = new Map(nodes.map(({ name, origin }) => [name, origin] as const));
    for (const entry of listOf(configuration[key])) {
      const origin = typeof entry.name === "string" ? byName.get(entry.name) : undefined;
      if (origin !== undefined) origins.from(origin, entry);
    }
  }
  return configuration;
}

function listOf(value: Json | undefined): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((entry) =>
    typeof entry === "object" && entry !== null && !Array.isArray(entry) ? [entry] : [],
  );
}
