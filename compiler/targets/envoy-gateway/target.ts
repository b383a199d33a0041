import type { Target } from "../target.js";
import { deploymentOf } from "./context.js";
import { SUPPORT } from "./support.js";

/** Resources of Gateway API and of Envoy Gateway, for a cluster that has it. */
export const envoyGateway: Target = {
  name: "envoy-gateway",
  version: "1.9",
  summary: "Gateway API routes and Envoy Gateway policies for a cluster",
  support: SUPPORT,
  modulesOf: (plan) => deploymentOf(plan).modules,
  emit: async (plan, options) => (await import("./emit.js")).emitEnvoyGateway(plan, options),
};
