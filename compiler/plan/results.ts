import type { HeaderEdits, HeaderValue } from "./native.js";
import type { PolicyPlan, ResultHeader, RoutePlan } from "./plan.js";

/** The headers in which a service is told what policies found out; of two policies that say one the later holds. */
export function serviceHeaders(run: readonly PolicyPlan[]): HeaderEdits["set"] {
  const values = new Map(run.flatMap(({ requestHeaders }) => requestHeaders).map((one) => [one.name, one.property]));
  return [...values].map(([name, property]) => ({ name, value: { property } }));
}

/**
 * The headers in which clients are told what policies of a route found out. What is always the same stands there as a text, if no other policy has a say in the
 * header, its own applies to every request, and the route leads to a service: only such a route writes headers into answers of the guard.
 */
export function answerHeaders(
  { action }: Pick<RoutePlan, "action">,
  run: readonly PolicyPlan[],
): { name: string; value: HeaderValue; told?: string }[] {
  const said = new Map<string, { policy: PolicyPlan; header: ResultHeader }[]>();
  for (const policy of run)
    for (const header of policy.responseHeaders)
      said.set(header.name, [...(said.get(header.name) ?? []), { policy, header }]);
  return [...said].flatMap(([name, all]) => {
    const last = all.at(-1);
    if (last === undefined) return [];
    const { property, told, constant } = last.header;
    const isAlone = all.length === 1 && appliesToAll(last.policy);
    const isConstant = constant !== undefined && isAlone && action.type === "forward";
    return [{ name, value: isConstant ? constant : { property }, ...(isConstant ? {} : { told: told ?? property }) }];
  });
}

function appliesToAll({ mode, when }: PolicyPlan): boolean {
  return mode === undefined && when === undefined;
}
