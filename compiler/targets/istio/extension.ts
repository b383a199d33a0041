import { guardConfiguration, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import type { Json, JsonObject } from "../../plan/plan.js";
import { sendsSpans } from "../../plan/tracing.js";
import { isLogged } from "../envoy/access-logs.js";
import { GUARD_MODULE } from "../envoy/guard.js";
import type { EnvoyOptions } from "../envoy/options.js";
import { type Resource, remembered } from "../kubernetes/resource.js";
import { type Mesh, present } from "./context.js";
import { moduleUrl } from "./modules.js";
import { partName } from "./names.js";

/** Where modules come from. */
export interface ModuleSource {
  /** What stands before the name of a module. */
  prefix: string;
  /** SHA-256 of what is fetched, by the name of the module. */
  digests: Readonly<Record<string, string>>;
}

/** The guard, in front of all filters of the mesh. On listeners of others too: there is no request that it may miss. */
export function guardExtension(mesh: Mesh, source: ModuleSource, options: EnvoyOptions): Resource {
  const { plan, deployment } = mesh;
  const selector = { matchLabels: { ...deployment.workload } };
  const name = partName(plan, "guard");
  const phase = "AUTHN";
  const wasm = module(mesh, source, options);
  if (deployment.extension === "trafficExtension") {
    const head = { apiVersion: "extensions.istio.io/v1alpha1", kind: "TrafficExtension", name };
    return mesh.resource(head, plan.origin, { selector, phase, wasm });
  }
  const head = { apiVersion: "extensions.istio.io/v1alpha1", kind: "WasmPlugin", name };
  return mesh.resource(head, plan.origin, { selector, phase, ...wasm });
}

function module(mesh: Mesh, { prefix, digests }: ModuleSource, options: EnvoyOptions): JsonObject {
  const { plan } = mesh;
  const variables = guardVariables(plan).map((name): Json => ({ name, valueFrom: "HOST" }));
  const url = moduleUrl(prefix, GUARD_MODULE);
  return present({
    url,
    // Of a file istiod takes none, and Envoy checks none.
    sha256: url.startsWith("file:") ? undefined : digests[GUARD_MODULE],
    type: "HTTP",
    // One that fails refuses until it has a new VM.
    failStrategy: "FAIL_RELOAD",
    pluginName: "guard",
    pluginConfig: pluginConfig(mesh, options),
    vmConfig: variables.length === 0 ? undefined : { env: variables },
  });
}

/** The configuration of the guard, which notes a decision of every request: the filter behind it looks for one. */
export function pluginConfig(mesh: Mesh, options: EnvoyOptions): JsonObject {
  const { plan } = mesh;
  const configuration = guardConfiguration(plan, isLogged(plan, options) ? LOGGED_RESULTS : ["decision"]);
  const named = withClusters(configuration, mesh);
  return remembered(sendsSpans(plan) ? withServices(named, mesh) : named, plan, mesh.origins);
}

/** What spans call the services behind the clusters: as the file does. */
function withServices({ policies, ...configuration }: JsonObject, mesh: Mesh): JsonObject {
  const clusters = mesh.plan.services.map(({ name }) => ({ name: mesh.cluster(name), service: name }));
  return { ...configuration, clusters, policies: policies ?? [] };
}

/** The services that the guard asks are known by what istiod calls their clusters. */
function withClusters(configuration: JsonObject, mesh: Mesh): JsonObject {
  const services = new Set(mesh.plan.services.map(({ name }) => name));
  const object = (value: JsonObject): JsonObject => {
    const entries = Object.entries(value).map(([key, inner]): [string, Json] => [key, within(inner)]);
    const { cluster, authority, path } = value;
    const isCall = typeof authority === "string" && typeof path === "string";
    if (typeof cluster !== "string" || !isCall || !services.has(cluster)) return Object.fromEntries(entries);
    return { ...Object.fromEntries(entries), cluster: mesh.cluster(cluster) };
  };
  const within = (value: Json): Json => {
    if (typeof value !== "object" || value === null) return value;
    return Array.isArray(value) ? value.map(within) : object(value);
  };
  return object(configuration);
}
