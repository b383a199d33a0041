import type { Target } from "../target.js";

/** Resources of Istio: one file for `kubectl apply`. */
export const istio: Target = {
  name: "istio",
  version: "1.31",
  summary: "resources of Istio 1.31 in one file for kubectl",
  support: async () => (await import("./support.js")).SUPPORT,
  modulesOf: (plan) => plan.deployments?.istio?.modules,
  emit: async (plan, options) => (await import("./emit.js")).emitIstio(plan, options),
};
