import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterConfigSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { LuaSchema } from "../../envoy/generated/envoy/extensions/filters/http/lua/v3/lua_pb.js";
import { packed } from "../../envoy/message.js";
import {
  bodyConfiguration,
  bodyVariables,
  digestConfiguration,
  digestingOf,
  hasDigests,
  hasOperations,
} from "../../plan/body.js";
import type { GatewayPlan, OperationPlan, PolicyPlan } from "../../plan/plan.js";
import { BODY_CAPABILITIES, DIGEST_CAPABILITIES } from "./capabilities.js";
import type { EnvoyOptions } from "./options.js";
import { waitingFilter } from "./waiting-filter.js";
import { wasmPlugin } from "./wasm.js";

export const BODY_MODULE = "body.wasm";

const BODY_FILTER = "sluice.body";
const SHIM_FILTER = "sluice.shim";
const DIGEST_FILTER = "sluice.digest";

/**
 * A request that ends with its headers gets a body: Envoy lets a Wasm filter change one, and make none. A request that has a body
 * keeps it, also an empty one that comes in chunks.
 */
const SHIM = `function envoy_on_request(handle)
  local body = handle:body(true)
  if body:length() == 0 then
    body:setBytes("{}")
  end
end
`;

/** The filters that stand between the guard and the router, where something is converted. No route enters them unasked. */
export function bodyFilters(plan: GatewayPlan, options: EnvoyOptions) {
  if (!hasOperations(plan.hosts)) return [];
  const shim = packed(LuaSchema, { defaultSourceCode: { specifier: { case: "inlineString", value: SHIM } } });
  const body = wasmPlugin(plan, options, {
    name: BODY_FILTER,
    rootId: "body",
    vmSuffix: ".body",
    module: BODY_MODULE,
    configuration: bodyConfiguration(plan),
    variables: bodyVariables(plan),
    capabilities: BODY_CAPABILITIES,
    stopsAtHeaders: true,
  });
  return [waitingFilter(SHIM_FILTER, shim), waitingFilter(BODY_FILTER, body)];
}

/**
 * The filter that compares bodies with what their callers signed of them, where some do. It is the first behind the guard that holds bodies: whoever
 * comes after it, a service that is asked whether the request may pass among them, sees what was signed, and nothing before all of it is known.
 */
export function digestFilter(plan: GatewayPlan, options: EnvoyOptions) {
  if (!hasDigests(plan)) return [];
  const digest = wasmPlugin(plan, options, {
    name: DIGEST_FILTER,
    rootId: "digest",
    vmSuffix: ".digest",
    module: BODY_MODULE,
    configuration: digestConfiguration(plan),
    variables: [],
    capabilities: DIGEST_CAPABILITIES,
    stopsAtHeaders: true,
  });
  return [waitingFilter(DIGEST_FILTER, digest)];
}

/** Has a route enter it. */
export function comparingDigests(run: readonly PolicyPlan[]): [string, Any][] {
  return digestingOf(run) === undefined ? [] : [[DIGEST_FILTER, ENTERED]];
}

/** An empty configuration is none: it says that the filter is to be entered. */
const ENTERED = packed(FilterConfigSchema, { config: {} });

/** Which of these filters the route of an operation enters. */
export function operationFilters({ takesBody }: OperationPlan): [string, Any][] {
  return takesBody
    ? [[BODY_FILTER, ENTERED]]
    : [
        [SHIM_FILTER, ENTERED],
        [BODY_FILTER, ENTERED],
      ];
}
