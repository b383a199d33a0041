import type { Any } from "@bufbuild/protobuf/wkt";
import { extensionNames } from "../../envoy/message.js";
import { globalLimitsInOrder } from "../../plan/global-limits.js";
import { NOTE_FILTERS } from "../../plan/names.js";
import { bytesShownWhole, type NativePolicy, smallestBodyLimit } from "../../plan/native.js";
import type { GatewayPlan, PolicyPlan } from "../../plan/plan.js";
import { addressFilter, addressRules, REFUSED_BY } from "./addresses.js";
import { bodyLimit, bodyLimitFilters } from "./body-limits.js";
import { callersFilter } from "./callers.js";
import { compressFilters, compression } from "./compression.js";
import { corsFilter, corsPolicy } from "./cors.js";
import { errorsFilter } from "./errors.js";
import { externalAuthOnRoute, externalAuthRequest } from "./external-auth.js";
import { ABORTED_BY, faultFilters, faultPolicies } from "./faults.js";
import { globalLimitFilters, globalLimitsOnRoute } from "./global-limits.js";
import { keysFilter } from "./keys.js";
import { needsNotes, noteFilter, notes } from "./notes.js";

/** What an own filter of Envoy does on a route, under the name of the filter in the chain. */
export interface FilterConfiguration {
  filter: string;
  configuration: Any;
}

/** Envoy's own filters that the policies need, in the order in which they stand before the guard. */
export function filtersBeforeGuard(plan: GatewayPlan) {
  const used = plan.policies.flatMap(({ native }) => native ?? []);
  return [
    ...(used.some(({ filter }) => filter === "rbac") ? [addressFilter()] : []),
    ...faultFilters(used.filter((native) => native.filter === "fault")),
    ...(used.some(({ filter }) => filter === "cors") ? [corsFilter()] : []),
  ];
}

/** Those that stand directly behind it. */
export function filtersNextToGuard(plan: GatewayPlan) {
  // A route is chosen before anything changes the request; whoever comes next sees no key.
  return [...callersFilter(plan), ...keysFilter(plan.policies)];
}

/**
 * Those that stand behind these, and behind what bodies are compared by.
 * @param isLogged whether an access log shows who refused a request
 * @param domain what services that count know the gateway by
 */
export function filtersBehindGuard(plan: GatewayPlan, isLogged: boolean, domain: string) {
  const used = new Set(plan.policies.flatMap(({ native }) => native?.filter ?? []));
  const noted = isLogged && needsNotes(plan.policies);
  const limits = used.has("buffer");
  return [
    ...globalLimitFilters(plan.policies, domain),
    ...(noted && used.has("externalAuth") ? [noteFilter(NOTE_FILTERS.externalAuth)] : []),
    ...(plan.policies.some(({ native }) => bytesShownWhole(native) !== undefined) ? bodyLimitFilters("shown") : []),
    ...plan.policies.flatMap(({ name, native }) =>
      native?.filter === "externalAuth" ? [externalAuthRequest(name, native)] : [],
    ),
    ...(noted && limits ? [noteFilter(NOTE_FILTERS.bodyLimit)] : []),
    ...(limits ? bodyLimitFilters("limit") : []),
    ...(noted ? [noteFilter(NOTE_FILTERS.passed)] : []),
    ...plan.policies.flatMap(({ name, native }) =>
      native?.filter === "compressor" ? compressFilters(name, native) : [],
    ),
    // Last, so that who comes here was refused by none; its pages are compressed.
    ...errorsFilter(plan),
  ];
}

/** Where those of the filters that refuse requests leave who did, as parameters of `DYNAMIC_METADATA` in access logs. */
export function notedRefusals(plan: GatewayPlan): string[] {
  const used = plan.policies.flatMap(({ native }) => native ?? []);
  return [
    ...(used.some(({ filter }) => filter === "rbac") ? [REFUSED_BY] : []),
    ...(used.some((native) => native.filter === "fault" && native.abort !== undefined) ? [ABORTED_BY] : []),
  ];
}

/** What Envoy's own filters do on routes: one message for all routes with the same policies of a filter. */
export class NativeConfigurations {
  private readonly made = new Map<string, readonly FilterConfiguration[]>();
  private readonly all: readonly PolicyPlan[];
  private readonly isLogged: boolean;

  /** @param all policies of the gateway in the order of the file */
  constructor(all: readonly PolicyPlan[], isLogged: boolean) {
    this.all = all;
    this.isLogged = isLogged;
  }

  /** @param run the policies of one route in order of execution */
  of(run: readonly PolicyPlan[]): FilterConfiguration[] {
    const policies = run.flatMap(({ name, native, mode }) => (native === undefined ? [] : [{ name, native, mode }]));
    const filters = [...new Set(policies.map(({ native }) => native.filter))];
    const limits = globalLimitsInOrder(this.all, run);
    return [
      ...filters.flatMap((filter) => {
        const own = policies.filter(({ native }) => native.filter === filter);
        return this.once(filter, own, () => configurationsOf(filter, own));
      }),
      ...this.once("limits", limits, () => globalLimitsOnRoute(limits, this.isLogged)),
      ...(this.isLogged ? this.once("notes", policies, () => notes(policies)) : []),
    ];
  }

  private once(what: string, own: readonly Own[], make: () => readonly FilterConfiguration[]) {
    const key = [what, ...own.map(({ name }) => name)].join(" ");
    const made = this.made.get(key) ?? make();
    this.made.set(key, made);
    return made;
  }
}

interface Own {
  name: string;
  native: NativePolicy;
}

/** @param own policies of one filter, at least one; of most filters a route has one at most */
function configurationsOf(filter: NativePolicy["filter"], own: readonly Own[]): readonly FilterConfiguration[] {
  switch (filter) {
    case "rbac": {
      const addresses = own.flatMap(({ name, native }) => (native.filter === filter ? [{ name, native }] : []));
      return [{ filter: extensionNames.rbac, configuration: addressRules(addresses) }];
    }
    case "fault":
      return own.flatMap(({ name, native }) => (native.filter === filter ? faultPolicies(name, native) : []));
    case "cors":
      return own.flatMap(({ native }) =>
        native.filter === filter ? [{ filter: extensionNames.cors, configuration: corsPolicy(native) }] : [],
      );
    case "externalAuth":
      return own.flatMap(({ name, native }) => {
        const bytes = bytesShownWhole(native);
        return [...(bytes === undefined ? [] : bodyLimit("shown", bytes)), externalAuthOnRoute(name)];
      });
    case "buffer": {
      const limit = smallestBodyLimit(own);
      return limit === undefined ? [] : bodyLimit("limit", limit.native.bytes);
    }
    case "compressor":
      return own.flatMap(({ name, native }) => (native.filter === filter ? compression(name, native) : []));
    case "tracer":
    case "router":
      // Neither has settings on a route: the route itself says what it writes.
      return [];
    case "ratelimit":
      // What it does depends on what stands beside the kind too.
      return [];
  }
}
