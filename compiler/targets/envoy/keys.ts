import type { Any } from "@bufbuild/protobuf/wkt";
import { HeaderValueOption_HeaderAppendAction as AppendAction } from "../../envoy/generated/envoy/config/core/v3/base_pb.js";
import {
  HeaderMutationPerRouteSchema,
  HeaderMutationSchema,
} from "../../envoy/generated/envoy/extensions/filters/http/header_mutation/v3/header_mutation_pb.js";
import { packed } from "../../envoy/message.js";
import { REMAINS, remainsOf } from "../../plan/keys.js";
import { filterStateKey, KEYS_FILTER } from "../../plan/names.js";
import type { PolicyPlan } from "../../plan/plan.js";
import { waitingFilter } from "./waiting-filter.js";

/*
 * Envoy's own mutation of parameters is not used: it takes out what has the name as it is sent, where services decode it, and writes all others
 * anew, in another order. The guard knows what it took for a key, and says what remains. Nothing is routed again: a route that asks for the key
 * as a parameter stays the one.
 */

/** The filter behind the guard that writes what remains of paths and cookies; none if no policy takes keys from there. */
export function keysFilter(policies: readonly PolicyPlan[]) {
  return remainsOf(policies).length === 0 ? [] : [waitingFilter(KEYS_FILTER, packed(HeaderMutationSchema, {}))];
}

/** What it does on a route. A path that stays as it is has no result, and is not written. */
export function takingOut(run: readonly PolicyPlan[]): [string, Any][] {
  const remains = remainsOf(run);
  if (remains.length === 0) return [];
  const requestMutations = remains.flatMap((what) => {
    const { name: key, property } = REMAINS[what];
    const header = { key, value: `%FILTER_STATE(${filterStateKey(property)}:PLAIN)%` };
    const append = {
      case: "append" as const,
      value: { header, appendAction: AppendAction.OVERWRITE_IF_EXISTS_OR_ADD },
    };
    const remove = { case: "remove" as const, value: key };
    return what === "path" ? [{ action: append }] : [{ action: remove }, { action: append }];
  });
  return [[KEYS_FILTER, packed(HeaderMutationPerRouteSchema, { mutations: { requestMutations } })]];
}
