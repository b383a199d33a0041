import type { Target } from "../target.js";

/** Resources of Gateway API and of Envoy Gateway, for a cluster that has it. */
export const envoyGateway: Target = {
  name: "envoy-gateway",
  version: "1.9",
  summary: "Gateway API routes and Envoy Gateway policies for a cluster",
  support: async () => (await import("./support.js")).SUPPORT,
  modulesOf: (plan) => plan.deployments?.envoyGateway?.modules,
  emit: async (plan, options) => (await import("./emit.js")).emitEnvoyGateway(plan, options),
};
