import { extensionNames } from "../../envoy/message.js";
import { guardConfiguration, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { isLogged } from "./access-logs.js";
import { guardCapabilities } from "./capabilities.js";
import type { EnvoyOptions } from "./options.js";
import { wasmPlugin } from "./wasm.js";

export const GUARD_MODULE = "guard.wasm";

/** The Wasm filter that decides; Envoy writes. */
export function guardFilter(plan: GatewayPlan, options: EnvoyOptions) {
  const value = wasmPlugin(plan, options, {
    name: "sluice.guard",
    rootId: "guard",
    vmSuffix: "",
    module: GUARD_MODULE,
    configuration: guardConfiguration(plan, isLogged(plan, options) ? LOGGED_RESULTS : []),
    variables: guardVariables(plan),
    capabilities: guardCapabilities(plan),
  });
  return { name: extensionNames.wasm, configType: { case: "typedConfig" as const, value } };
}
