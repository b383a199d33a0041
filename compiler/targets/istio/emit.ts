import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { mountedFiles } from "../../plan/transport.js";
import { DEFAULT_ISTIO } from "../../policy/deployments.js";
import { guardCapabilities } from "../envoy/capabilities.js";
import { GUARD_MODULE } from "../envoy/guard.js";
import { LIMITS_FILE, limitServiceText } from "../envoy/limit-service.js";
import { DEFAULT_OPTIONS } from "../envoy/options.js";
import { resourcesText, whereIn } from "../kubernetes/print.js";
import { Origins, type Resource } from "../kubernetes/resource.js";
import { resourceViolations } from "../kubernetes/schemas.js";
import type { Emission, EmitOptions, Violation } from "../target.js";
import { Mesh } from "./context.js";
import { guardExtension } from "./extension.js";
import { gateways } from "./gateways.js";
import { envoyFilter } from "./patches.js";
import { virtualServices } from "./routes.js";
import { destinationRules, serviceEntries } from "./services.js";

const FILE = "istio.yaml";

/** @param options with `modules`, if the plan does not say where they are */
export function emitIstio(plan: GatewayPlan, options: EmitOptions): Emission {
  const origins = new Origins();
  const { resources, violations } = istioResources(plan, options, origins);
  // What the service that counts for all gateways reads.
  const limits = limitServiceText(plan);
  return {
    artifacts: [
      { path: FILE, contents: resourcesText(header(plan), resources) },
      ...(limits === undefined ? [] : [{ path: LIMITS_FILE, contents: limits }]),
    ],
    where: { [FILE]: whereIn(resources, origins) },
    modules: [{ name: GUARD_MODULE, capabilities: guardCapabilities(plan) }],
    violations: [...resourceViolations(resources), ...violations],
  };
}

/** The module first, and the patch: who applies one resource after the other has no route yet that is open. */
function istioResources(
  plan: GatewayPlan,
  options: EmitOptions,
  origins: Origins,
): { resources: Resource[]; violations: Violation[] } {
  const deployment = plan.deployments?.istio ?? DEFAULT_ISTIO;
  const mesh = new Mesh(plan, deployment, origins);
  const source = { prefix: options.modules ?? deployment.modules ?? "", digests: options.moduleDigests ?? {} };
  const envoy = {
    ...DEFAULT_OPTIONS,
    ...(options.accessLog === undefined ? {} : { accessLog: options.accessLog }),
  };
  const patch = envoyFilter(mesh, envoy);
  return {
    resources: [
      guardExtension(mesh, source, envoy),
      patch.resource,
      ...serviceEntries(mesh),
      ...destinationRules(mesh),
      ...virtualServices(mesh),
      ...gateways(mesh),
    ],
    violations: patch.violations,
  };
}

/** What a person who opens the file must know. */
function header(plan: GatewayPlan): string[] {
  const variables = environmentVariables(plan);
  const mounted = mountedFiles(plan);
  const { workload, namespace } = plan.deployments?.istio ?? DEFAULT_ISTIO;
  const labels = Object.entries(workload).map(([key, value]) => `${key}=${value}`);
  return [
    `Compiled by sluice for Istio 1.31 from the gateway ${plan.name}. Do not edit: change the policy and compile again.`,
    `Its proxies are the pods with ${labels.join(", ")}${namespace === undefined ? ", in the namespace that this is applied in" : ` in the namespace ${namespace}`}.`,
    ...(mounted.length === 0 ? [] : [`Files that the proxies read: ${mounted.join(", ")}`]),
    ...(variables.length === 0 ? [] : [`Environment variables that the proxies need: ${variables.join(", ")}`]),
  ];
}
