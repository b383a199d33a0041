import { ENVOY_LINE } from "../../envoy/version.js";
import type { Target } from "../target.js";
import { DEFAULT_OPTIONS } from "./options.js";

/** A bare Envoy: one bootstrap file, and the modules it loads. */
export const envoy: Target = {
  name: "envoy",
  version: ENVOY_LINE,
  summary: "an Envoy 1.40 bootstrap and the modules it loads",
  support: async () => (await import("./support.js")).SUPPORT,
  // Loaded when it is needed: Envoy's messages cost a quarter of a second that `check` does not need.
  emit: async (plan, options) => (await import("./emit.js")).emitEnvoy(plan, { ...DEFAULT_OPTIONS, ...options }),
};
