import { guardVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { guardCapabilities } from "../envoy/capabilities.js";
import { GUARD_MODULE } from "../envoy/guard.js";
import { resourcesText, whereIn } from "../kubernetes/print.js";
import type { Resource } from "../kubernetes/resource.js";
import { resourceViolations } from "../kubernetes/schemas.js";
import type { Emission, EmitOptions, Violation } from "../target.js";
import { askedRoute } from "./asked.js";
import { Cluster, deploymentOf } from "./context.js";
import { gatewayResources } from "./gateways.js";
import { guardPolicy, readByLogs } from "./guard.js";
import { certificateSecret, environmentSecret } from "./names.js";
import { httpRoutes } from "./routes.js";
import { securityPolicies } from "./security.js";
import { backends, isLocal, serviceName } from "./services.js";
import { trafficPolicies } from "./traffic.js";

export const FILE = "envoy-gateway.yaml";

/** The resources of a plan of which nothing is refused. */
export function emitEnvoyGateway(plan: GatewayPlan, options: EmitOptions): Emission {
  const cluster = new Cluster(plan);
  const prefix = options.modules ?? deploymentOf(plan).modules ?? "";
  const resources = [
    ...gatewayResources(cluster),
    ...backends(cluster),
    // Resources are applied one after the other, and a rule that is new has these from its beginning: they call it by its name.
    ...securityPolicies(cluster),
    ...httpRoutes(cluster),
    ...askedRoute(cluster),
    ...trafficPolicies(cluster),
    guardPolicy(cluster, { prefix, digests: options.moduleDigests ?? {} }, readByLogs(plan)),
  ];
  return {
    artifacts: [{ path: FILE, contents: resourcesText(head(cluster), resources) }],
    where: { [FILE]: whereIn(resources, cluster.origins) },
    modules: [{ name: GUARD_MODULE, capabilities: guardCapabilities(plan) }],
    violations: [...resourceViolations(resources), ...takenTwice(resources)],
  };
}

/** Of two resources of one kind and name a cluster would keep the last. */
function takenTwice(resources: readonly Resource[]): Violation[] {
  const keys = resources.map(({ kind, metadata: { name } }) => `${kind}/${name}`);
  return keys
    .filter((key, index) => keys.indexOf(key) !== index)
    .map((path) => ({ path, message: "is the name of another resource" }));
}

/** What a person who applies the file must know. */
function head({ plan, namespace }: Cluster): string[] {
  const variables = guardVariables(plan);
  const local = plan.services.filter(isLocal);
  return [
    `Compiled by sluice for Envoy Gateway 1.9 from the gateway ${plan.name}. Do not edit: change the policy and compile again.`,
    ...(variables.length === 0
      ? []
      : [`The Secret ${environmentSecret(plan)} in ${namespace} must have these keys: ${variables.join(", ")}`]),
    ...plan.listeners.flatMap(({ name, tls }) =>
      (tls?.certificates ?? []).map(
        ({ certificate, key }, position) =>
          `The Secret ${certificateSecret(plan, name, position)} in ${namespace}, of type kubernetes.io/tls, must have what the file has in ${certificate} and ${key}.`,
      ),
    ),
    ...(local.length === 0
      ? []
      : [
          `Services that the file has on its own machine are Services in ${namespace}: ${local.map(({ name, discovery }) => `${serviceName(name)}:${discovery.endpoints[0]?.port ?? 80}`).join(", ")}`,
        ]),
    ...(plan.services.some((service) => !isLocal(service))
      ? ["Envoy Gateway must have its Backend API enabled (extensionApis.enableBackend)."]
      : []),
  ];
}
