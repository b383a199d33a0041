import { createHash } from "node:crypto";
import { WasmSchema } from "../../envoy/generated/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import { FailurePolicy } from "../../envoy/generated/envoy/extensions/wasm/v3/wasm_pb.js";
import { duration, extensionNames, packed, packedText } from "../../envoy/message.js";
import { environmentVariables, guardConfiguration, LOGGED_RESULTS } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import type { EnvoyOptions } from "./options.js";

export const GUARD_MODULE = "guard.wasm";

/**
 * Everything the module may call, and the callbacks that it is entered by. Envoy never calls a callback that is not
 * listed, and says nothing: without `proxy_on_request_headers` every request would pass. `proxy_on_context_create` is
 * left out on purpose: a configuration has a VM of its own, so the only root serves every stream.
 */
const CAPABILITIES = [
  "clock_time_get",
  "environ_get",
  "environ_sizes_get",
  "proxy_define_metric",
  "proxy_get_buffer_bytes",
  "proxy_get_header_map_pairs",
  "proxy_get_log_level",
  "proxy_get_property",
  "proxy_get_shared_data",
  "proxy_increment_metric",
  "proxy_log",
  "proxy_on_configure",
  "proxy_on_request_headers",
  "proxy_send_local_response",
  "proxy_set_property",
  "proxy_set_shared_data",
  "random_get",
] as const;

/** How long a worker waits before it replaces a VM that failed. Until then it answers 503. */
const RELOAD_BACKOFF_MS = 100;

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
              vmId: `sluice.${plan.name}`,
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
                allowedCapabilities: Object.fromEntries(CAPABILITIES.map((name) => [name, {}])),
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
