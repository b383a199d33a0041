import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { AppliedPolicy, PolicyPlan, RoutePlan } from "./plan.js";

type Steps = readonly { item: AppliedPolicy; plan: PolicyPlan }[];

/** What a route must not be where keys are taken out of its requests, and where its bodies are compared with what was signed of them. */
export function checkCarried(route: RoutePlan, steps: Steps): Diagnostic[] {
  return steps.flatMap((step) => [...endless(route, step), ...chosenByKeys(route, steps, step)]);
}

/** What follows the headers of a WebSocket is no body, so nothing of it was signed. */
function endless({ action, name }: RoutePlan, { item, plan }: Steps[number]): Diagnostic[] {
  if (plan.digest === undefined || action.type !== "forward" || !action.upgrades) return [];
  return [diagnose("SL0562", { policy: plan.name, route: name }, item.origin)];
}

/** A converted request finds the way to its service by what its route matches, without the keys. */
function chosenByKeys({ match, name }: RoutePlan, steps: Steps, { item, plan }: Steps[number]): Diagnostic[] {
  if (plan.keys === undefined || plan.keys.stay || steps.every((other) => other.plan.conversion === undefined))
    return [];
  const { cookies } = plan.keys;
  const asked = match.headers.flatMap((header) => (header.form === "cookie" ? [header.cookie] : []));
  return asked
    .filter((cookie) => cookies.includes(cookie))
    .map((cookie) => diagnose("SL0563", { policy: plan.name, cookie, route: name }, item.origin));
}
