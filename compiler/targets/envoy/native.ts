import type { Any } from "@bufbuild/protobuf/wkt";
import { extensionNames } from "../../envoy/message.js";
import type { GatewayPlan, PolicyPlan } from "../../plan/plan.js";
import { corsFilter, corsPolicy } from "./cors.js";

/** What an own filter of Envoy does on a route, under the name of the filter in the chain. */
export interface FilterConfiguration {
  filter: string;
  configuration: Any;
}

/** Envoy's own filters that the policies need, in the order in which they stand before the guard. */
export function filtersBeforeGuard(plan: GatewayPlan) {
  const used = new Set(plan.policies.flatMap(({ native }) => native?.filter ?? []));
  return used.has("cors") ? [corsFilter()] : [];
}

/** For each native policy the configuration of its filter: one message for all routes that it is applied to. */
export function nativeConfigurations(policies: readonly PolicyPlan[]): Map<string, FilterConfiguration> {
  const made = new Map<string, FilterConfiguration>();
  for (const { name, native } of policies)
    if (native !== undefined)
      made.set(name, { filter: extensionNames[native.filter], configuration: corsPolicy(native) });
  return made;
}
