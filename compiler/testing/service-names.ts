import type { GatewayPlan } from "../plan/plan.js";
import type { Expectation } from "./suite.js";

// A test may name the active version of a service as any other one: it stays right when another one becomes active.

/** Names of the active versions, as `orders.blue`; the plan has each of these services without the version. */
export function activeVersions({ services }: GatewayPlan): ReadonlyMap<string, string> {
  return new Map(services.flatMap(({ name, active }) => (active === undefined ? [] : [[`${name}.${active}`, name]])));
}

/** The name that the plan has for a service of a test file. */
export function nameInPlan(plan: GatewayPlan, name: string): string {
  return activeVersions(plan).get(name) ?? name;
}

/** What is expected, with the service as the plan names it. */
export function expectedInPlan(plan: GatewayPlan, expect: Expectation): Expectation {
  const { upstream } = expect;
  if (upstream === undefined) return expect;
  if (typeof upstream === "string") return { ...expect, upstream: nameInPlan(plan, upstream) };
  return { ...expect, upstream: { ...upstream, service: nameInPlan(plan, upstream.service) } };
}
