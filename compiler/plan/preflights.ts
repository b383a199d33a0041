import { PREFLIGHT } from "./names.js";
import { standsBeforeGuard } from "./native.js";
import type { AppliedPolicy, PolicyPlan, RoutePlan } from "./plan.js";

/** For a preflight that nobody may answer. The guard knows no route of this name, so it refuses before this does. */
const REFUSAL: RoutePlan["action"] = { type: "respond", status: 403, body: undefined, headers: {} };

/**
 * Routes of a virtual host, with an entry for the preflights of each that is limited by method. A preflight is an OPTIONS
 * request that names the method of the call to come (the Fetch standard, section 3.2.2), so it belongs to the route that will
 * take that call, although the route does not take OPTIONS. Without an entry it would be answered 405, or by a wider
 * route with other origins.
 *
 * Such an entry leads where its route leads, as Envoy's filter works on routes to services only; but the filter answers
 * every request that the entry matches, and the guard refuses what would come after it. Other filters of Envoy's own do there what
 * they do on the route.
 */
export function withPreflights(
  routes: readonly RoutePlan[],
  policies: ReadonlyMap<string, PolicyPlan>,
): readonly RoutePlan[] {
  const corsOf = ({ action, run }: RoutePlan) =>
    action.type === "forward" ? run.filter(({ policy }) => policies.get(policy)?.phase === "cors") : [];
  const before = ({ run }: RoutePlan) => run.filter(({ policy }) => isBefore(policies.get(policy)));
  if (routes.every((route) => corsOf(route).length === 0)) return routes;
  // Such a route would answer the preflights of narrower routes that no other origin may call.
  const someIsWide = routes.some((route) => route.match.methods.length === 0 && corsOf(route).length > 0);
  return routes.flatMap((route) => {
    const { methods } = route.match;
    if (methods.length === 0 || methods.includes("OPTIONS")) return [route];
    if (corsOf(route).length > 0) return [preflight(route, route.action, before(route)), route];
    return someIsWide ? [preflight(route, REFUSAL, []), route] : [route];
  });
}

function preflight({ origin, match }: RoutePlan, action: RoutePlan["action"], run: AppliedPolicy[]): RoutePlan {
  const requested = { name: "access-control-request-method", form: "regex", regex: match.methods.join("|") } as const;
  // Without a value the filter takes it for no preflight.
  const from = { name: "origin", form: "regex", regex: ".+" } as const;
  return {
    name: PREFLIGHT,
    origin,
    match: { ...match, methods: ["OPTIONS"], headers: [...match.headers, requested, from] },
    action,
    run,
  };
}

/** Whether an own filter of Envoy carries a policy out before the guard is asked. */
function isBefore(policy: PolicyPlan | undefined): boolean {
  return policy?.native !== undefined && standsBeforeGuard(policy.native);
}
