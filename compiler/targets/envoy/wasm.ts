import { createHash } from "node:crypto";
import { WasmSchema } from "../../envoy/generated/envoy/extensions/filters/http/wasm/v3/wasm_pb.js";
import { FailurePolicy } from "../../envoy/generated/envoy/extensions/wasm/v3/wasm_pb.js";
import { duration, extensionNames, packed, packedText } from "../../envoy/message.js";
import { RELOAD_BACKOFF_MS } from "../../plan/guard.js";
import type { GatewayPlan, JsonObject } from "../../plan/plan.js";
import type { EnvoyOptions } from "./options.js";

/** A module in the chain of a listener. */
export interface WasmFilter {
  /** Of the plugin, as logs and statistics have it. */
  name: string;
  rootId: string;
  /** What its VM is called behind the name of the gateway: two modules never share one. */
  vmSuffix: string;
  /** File of the module. */
  module: string;
  configuration: JsonObject;
  /** Variables that it may read. */
  variables: readonly string[];
  capabilities: readonly string[];
  /** Whether it may stop at the headers and still get the body. */
  stopsAtHeaders?: true;
}

/** The configuration of a Wasm filter. One that fails refuses until it has a new VM. */
export function wasmPlugin(plan: GatewayPlan, options: EnvoyOptions, filter: WasmFilter) {
  const configuration = JSON.stringify(filter.configuration);
  // The digest gives each configuration a VM of its own; updates would otherwise pile up in one VM.
  const digest = createHash("sha256").update(configuration).digest("hex");
  const { variables } = filter;
  return packed(WasmSchema, {
    config: {
      name: filter.name,
      rootId: filter.rootId,
      vm: {
        case: "vmConfig",
        value: {
          vmId: `${options.vmId ?? `sluice.${plan.name}`}${filter.vmSuffix}`,
          runtime: extensionNames.v8,
          code: {
            specifier: {
              case: "local",
              value: { specifier: { case: "filename", value: `${options.modulesDir}/${filter.module}` } },
            },
          },
          configuration: packedText(digest),
          ...(variables.length === 0 ? {} : { environmentVariables: { hostEnvKeys: [...variables] } }),
          capabilityRestrictionConfig: {
            allowedCapabilities: Object.fromEntries(filter.capabilities.map((name) => [name, {}])),
          },
        },
      },
      configuration: packedText(configuration),
      failurePolicy: FailurePolicy.FAIL_RELOAD,
      reloadConfig: {
        backoff: { baseInterval: duration(RELOAD_BACKOFF_MS), maxInterval: duration(RELOAD_BACKOFF_MS) },
      },
      ...(filter.stopsAtHeaders === undefined ? {} : { allowOnHeadersStopIteration: filter.stopsAtHeaders }),
    },
  });
}
