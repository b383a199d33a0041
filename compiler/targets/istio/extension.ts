import { guardConfiguration, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import type { Json, JsonObject } from "../../plan/plan.js";
import { sendsSpans } from "../../plan/tracing.js";
import { isLogged } from "../envoy/access-logs.js";
import { GUARD_MODULE } from "../envoy/guard.js";
import type { EnvoyOptions } from "../envoy/options.js";
import { type ModuleSource, moduleUrl, remembered, withClusters, withServices } from "../kubernetes/guard.js";
import { present, type Resource } from "../kubernetes/resource.js";
import type { Mesh } from "./context.js";
import { partName } from "./names.js";

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

function module(mesh: Mesh, source: ModuleSource, options: EnvoyOptions): JsonObject {
  const { plan } = mesh;
  const variables = guardVariables(plan).map((name): Json => ({ name, valueFrom: "HOST" }));
  const url = moduleUrl(source, GUARD_MODULE);
  return present({
    url,
    // Of a file istiod takes none, and Envoy checks none.
    sha256: url.startsWith("file:") ? undefined : source.digests[GUARD_MODULE],
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
  const clusters = plan.services.map(({ name }) => ({ name: mesh.cluster(name), service: name }));
  const known = new Map(clusters.map(({ name, service }) => [service, name]));
  const named = withClusters(configuration, (service) => known.get(service));
  return remembered(sendsSpans(plan) ? withServices(named, clusters) : named, plan, mesh.origins);
}
