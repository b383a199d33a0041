import type { MessageInitShape } from "@bufbuild/protobuf";
import { ConfigSchema } from "../../envoy/generated/envoy/extensions/filters/http/set_filter_state/v3/set_filter_state_pb.js";
import type { FilterStateMatcherSchema } from "../../envoy/generated/envoy/type/matcher/v3/filter_state_pb.js";
import { packed } from "../../envoy/message.js";
import { CALLER_PROPERTIES, type CallerPlan } from "../../plan/callers.js";
import { CALLERS_FILTER, filterStateKey } from "../../plan/names.js";
import type { ForwardAction, GatewayPlan, RoutePlan } from "../../plan/plan.js";
import { CALLER_KEYS, namesRegex } from "../../policy/callers.js";
import { waitingFilter } from "./waiting-filter.js";

/*
 * Envoy has chosen a route before the guard knows who calls. So a route that leads some callers elsewhere is one entry for each of
 * them, which asks for what the guard leaves in filter state, and behind these the one for everybody. None of the first can match
 * before the guard has run. Behind it, a filter has Envoy choose again: as nothing of the request has changed since, no other route
 * can come out, and the entries of one differ in their clusters only.
 */

/** The filter behind the guard that has Envoy choose again; none if no route needs it. */
export function callersFilter({ hosts }: GatewayPlan) {
  const isNeeded = hosts.some(({ routes }) => routes.some(({ action }) => choosesByCaller(action)));
  return isNeeded ? [waitingFilter(CALLERS_FILTER, packed(ConfigSchema, { clearRouteCache: true }))] : [];
}

/** What has a route enter that filter. */
export function choosingAgain({ action }: RoutePlan) {
  return choosesByCaller(action) ? [[CALLERS_FILTER, packed(ConfigSchema, {})] as const] : [];
}

function choosesByCaller(action: RoutePlan["action"]): action is ForwardAction {
  return action.type === "forward" && action.callers !== undefined;
}

/** The entry of a route for some of its callers. */
export type CallersEntry<Entry extends RoutePlan> = Entry & { of?: CallerPlan };

/** The entries of a route: those of some callers, and that of everybody. */
export function entriesForCallers<Entry extends RoutePlan>(route: Entry): CallersEntry<Entry>[] {
  const { action } = route;
  if (!choosesByCaller(action)) return [route];
  const { callers = [], ...rest } = action;
  return [...callers.map((of) => ({ ...route, action: { ...rest, callers, to: of.to }, of })), route];
}

/** What such an entry asks of filter state. */
export function callerMatchers(of: CallerPlan | undefined): MessageInitShape<typeof FilterStateMatcherSchema>[] {
  return CALLER_KEYS.flatMap((key) => {
    const names = of?.[key];
    if (names === undefined) return [];
    const regex = namesRegex(key, names);
    const [only = ""] = names;
    const isOne = names.length === 1 && key !== "groups";
    return [
      {
        key: filterStateKey(CALLER_PROPERTIES[key]),
        matcher: {
          case: "stringMatch" as const,
          value: {
            matchPattern: isOne
              ? { case: "exact" as const, value: only }
              : { case: "safeRegex" as const, value: { regex } },
          },
        },
      },
    ];
  });
}
