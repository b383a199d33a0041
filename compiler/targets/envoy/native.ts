import type { Any } from "@bufbuild/protobuf/wkt";
import { extensionNames } from "../../envoy/message.js";
import type { AddressPlan, CorsPlan, NativePolicy } from "../../plan/native.js";
import type { GatewayPlan, PolicyPlan } from "../../plan/plan.js";
import { addressFilter, addressRules } from "./addresses.js";
import { corsFilter, corsPolicy } from "./cors.js";

/** What an own filter of Envoy does on a route, under the name of the filter in the chain. */
export interface FilterConfiguration {
  filter: string;
  configuration: Any;
}

/** Envoy's own filters that the policies need, in the order in which they stand before the guard. */
export function filtersBeforeGuard(plan: GatewayPlan) {
  const used = new Set(plan.policies.flatMap(({ native }) => native?.filter ?? []));
  return [...(used.has("rbac") ? [addressFilter()] : []), ...(used.has("cors") ? [corsFilter()] : [])];
}

/** What Envoy's own filters do on routes: one message for all routes with the same policies of a filter. */
export class NativeConfigurations {
  private readonly made = new Map<string, FilterConfiguration>();

  /** @param run the policies of one route in order of execution */
  of(run: readonly PolicyPlan[]): FilterConfiguration[] {
    // The router has no settings on a route: the route itself says what it writes.
    const policies = run.flatMap(({ name, native }) =>
      native === undefined || native.filter === "router" ? [] : [{ name, native }],
    );
    const filters = [...new Set(policies.map(({ native }) => native.filter))];
    return filters.map((filter) => {
      const own = policies.filter(({ native }) => native.filter === filter);
      const key = [filter, ...own.map(({ name }) => name)].join(" ");
      const before = this.made.get(key);
      if (before !== undefined) return before;
      const made = { filter: extensionNames[filter], configuration: configurationOf(own) };
      this.made.set(key, made);
      return made;
    });
  }
}

interface Own<Native extends NativePolicy> {
  name: string;
  native: Native;
}

/** @param own policies of one filter, at least one */
function configurationOf(own: readonly Own<CorsPlan | AddressPlan>[]): Any {
  const addresses: Own<AddressPlan>[] = [];
  for (const { name, native } of own)
    switch (native.filter) {
      case "cors":
        // A route has one at most.
        return corsPolicy(native);
      case "rbac":
        addresses.push({ name, native });
    }
  return addressRules(addresses);
}
