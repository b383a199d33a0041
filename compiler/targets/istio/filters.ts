import { create } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { RBAC_Action } from "../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js";
import { RBACSchema } from "../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import { HttpFilterSchema } from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { toObject } from "../../envoy/print.js";
import { filterStateKey } from "../../plan/names.js";
import type { GatewayPlan, Json, JsonObject } from "../../plan/plan.js";
import { isLogged } from "../envoy/access-logs.js";
import { clientCertificateFilter } from "../envoy/client-certificates.js";
import { filtersBeforeGuard, filtersBehindGuard, filtersNextToGuard } from "../envoy/native.js";
import type { EnvoyOptions } from "../envoy/options.js";
import { FILTER_NAMES, GUARDED_FILTER } from "./names.js";

export interface Filter {
  name: string;
  disabled?: boolean;
  configType: { case: "typedConfig"; value: Any };
}

/** Those in front of the guard, and those behind it, each in their order. */
export interface Filters {
  before: readonly Filter[];
  behind: readonly Filter[];
}

/** @param plan with services named as their clusters */
export function filtersOf(plan: GatewayPlan, options: EnvoyOptions): Filters {
  const named = ({ name, ...rest }: Filter): Filter => ({ name: FILTER_NAMES[name] ?? name, ...rest });
  return {
    before: [...clientCertificateFilter(plan, options), ...filtersBeforeGuard(plan)].map(named),
    behind: [
      guarded(),
      ...filtersNextToGuard(plan),
      ...filtersBehindGuard(plan, isLogged(plan, options), options.limitDomain ?? plan.name),
    ].map(named),
  };
}

/**
 * Lets nothing pass of which the guard has noted no decision: where its resource is not in force, there is no guard, and nobody
 * else would say so.
 */
function guarded(): Filter {
  const matchPattern = { case: "safeRegex" as const, value: { regex: ".+" } };
  const noted = { key: filterStateKey("decision"), matcher: { case: "stringMatch" as const, value: { matchPattern } } };
  const configuration = packed(RBACSchema, {
    rules: {
      action: RBAC_Action.ALLOW,
      policies: {
        guarded: {
          permissions: [{ rule: { case: "any", value: true } }],
          principals: [{ identifier: { case: "filterState", value: noted } }],
        },
      },
    },
  });
  return { name: GUARDED_FILTER, configType: { case: "typedConfig", value: configuration } };
}

export function filterPatches({ before, behind }: Filters): Json[] {
  return [
    // Each is put in front of those before it, and all of them in front of the guard.
    ...before.toReversed().map((filter) => filterPatch(filter, "INSERT_FIRST")),
    ...behind.map((filter) => filterPatch(filter, "INSERT_BEFORE", { subFilter: { name: extensionNames.router } })),
  ];
}

function filterPatch(patched: Filter, operation: string, beside: JsonObject = {}): JsonObject {
  const filter = { name: extensionNames.httpConnectionManager, ...beside };
  const value = toObject(HttpFilterSchema, create(HttpFilterSchema, patched));
  return {
    applyTo: "HTTP_FILTER",
    match: { context: "GATEWAY", listener: { filterChain: { filter } } },
    patch: { operation, value },
  };
}
