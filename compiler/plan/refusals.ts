import { withoutLabels } from "../policy/rewrite.js";
import type { Answers } from "./answers.js";
import { BAD_PATH } from "./names.js";
import type { RoutePlan } from "./plan.js";

/** Routes with what stands before them: answers to requests that are nearly theirs, and that a service could read in another way. */
export function withRefusals(routes: readonly RoutePlan[], answers: Answers): RoutePlan[] {
  return routes.flatMap((route) => [...badHosts(route, answers), route]);
}

/** 400 where the host of the request to the service would have something of the path in it that no host has. */
function badHosts(route: RoutePlan, answers: Answers): RoutePlan[] {
  const { action, match } = route;
  if (action.type !== "forward" || action.rewrite?.host === undefined) return [];
  const captures = [...action.rewrite.host.text.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
  const path = captures.length === 0 ? undefined : withoutLabels(match.path, captures);
  return path === undefined ? [] : [answers.refusal(BAD_PATH, route, { ...match, path })];
}
