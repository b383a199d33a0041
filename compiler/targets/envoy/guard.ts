import { createHash } from "node:crypto";
import { WasmSchema } from "../../envoy/generated/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import { FailurePolicy } from "../../envoy/generated/envoy/extensions/wasm/v3/wasm_pb.js";
import { duration, extensionNames, packed, packedText } from "../../envoy/message.js";
import { environmentVariables, guardConfiguration, LOGGED_RESULTS, RELOAD_BACKOFF_MS } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { GUARD_CAPABILITIES } from "./capabilities.js";
import type { EnvoyOptions } from "./options.js";

export const GUARD_MODULE = "guard.wasm";

/** The one Wasm filter of a listener: it decides, Envoy writes. */
export function guardFilter(plan: GatewayPlan, options: EnvoyOptions) {
  const configuration = JSON.stringify(guardConfiguration(plan, options.accessLog === undefined ? [] : LOGGED_RESULTS));
  // The digest gives each configuration a VM of its own; updates would otherwise pile up in one VM.
  const digest = createHash("sha256").update(configuration).digest("hex");
  const variables = environmentVariables(plan);
  return {
    name: extensionNames.wasm,
    configType: {
      case: "typedConfig" as const,
      value: packed(WasmSchema, {
        config: {
          name: "sluice.guard",
          rootId: "guard",
          vm: {
            case: "vmConfig",
            value: {
              vmId: options.vmId ?? `sluice.${plan.name}`,
              runtime: extensionNames.v8,
              code: {
                specifier: {
                  case: "local",
                  value: { specifier: { case: "filename", value: `${options.modulesDir}/${GUARD_MODULE}` } },
                },
              },
              configuration: packedText(digest),
              ...(variables.length === 0 ? {} : { environmentVariables: { hostEnvKeys: variables } }),
              capabilityRestrictionConfig: {
                allowedCapabilities: Object.fromEntries(GUARD_CAPABILITIES.map((name) => [name, {}])),
              },
            },
          },
          configuration: packedText(configuration),
          failurePolicy: FailurePolicy.FAIL_RELOAD,
          reloadConfig: {
            backoff: { baseInterval: duration(RELOAD_BACKOFF_MS), maxInterval: duration(RELOAD_BACKOFF_MS) },
          },
        },
      }),
    },
  };
}
