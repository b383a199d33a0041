import type { GatewayPlan, ServicePlan } from "../../plan/plan.js";
import { guardCapabilities } from "../envoy/capabilities.js";
import { GUARD_MODULE } from "../envoy/guard.js";
import { resourcesText, whereIn } from "../kubernetes/print.js";
import type { Resource } from "../kubernetes/resource.js";
import { resourceViolations } from "../kubernetes/schemas.js";
import type { Emission, EmitOptions, Violation } from "../target.js";
import { askedRoute } from "./asked.js";
import { backends } from "./backends.js";
import { Cluster, deploymentOf } from "./context.js";
import { gatewayResources } from "./gateways.js";
import { givenResources } from "./given.js";
import { guardPolicy, readByLogs } from "./guard.js";
import { httpRoutes } from "./routes.js";
import { securityPolicies } from "./security.js";
import { isHttp2, isLocal, serviceName } from "./services.js";
import { backendTlsPolicies } from "./tls.js";
import { trafficPolicies } from "./traffic.js";

export const FILE = "envoy-gateway.yaml";

/** The resources of a plan of which nothing is refused. */
export function emitEnvoyGateway(plan: GatewayPlan, options: EmitOptions): Emission {
  const cluster = new Cluster(plan);
  const prefix = options.modules ?? deploymentOf(plan).modules ?? "";
  const resources = [
    ...gatewayResources(cluster),
    ...backends(cluster),
    ...backendTlsPolicies(cluster),
    // Resources are applied one after the other, and a route that is new has these from its beginning.
    guardPolicy(cluster, { prefix, digests: options.moduleDigests ?? {} }, readByLogs(plan)),
    ...securityPolicies(cluster),
    ...httpRoutes(cluster),
    ...askedRoute(cluster),
    ...trafficPolicies(cluster),
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
function head(cluster: Cluster): string[] {
  const { plan, namespace } = cluster;
  const local = plan.services.filter(isLocal);
  return [
    `Compiled by sluice for Envoy Gateway 1.9 from the gateway ${plan.name}. Do not edit: change the policy and compile again.`,
    ...givenResources(cluster).map(({ kind, name, needs }) => `The ${kind} ${name} in ${namespace}${needs}`),
    ...(local.length === 0
      ? []
      : [
          `Services that the file has on its own machine are Services in ${namespace}: ${local.map(serviceText).join(", ")}`,
        ]),
    ...(plan.services.some((service) => !isLocal(service))
      ? ["Envoy Gateway must have its Backend API enabled (extensionApis.enableBackend)."]
      : []),
  ];
}

function serviceText(service: ServicePlan): string {
  const { name, discovery } = service;
  const speaks = isHttp2(service) ? " with appProtocol kubernetes.io/h2c" : "";
  return `${serviceName(name)}:${discovery.endpoints[0]?.port ?? 80}${speaks}`;
}
