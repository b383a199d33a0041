import { twoReadings } from "../policy/query.js";
import { withoutLabels } from "../policy/rewrite.js";
import type { Answers } from "./answers.js";
import { BAD_CAPTURE, BAD_QUERY, isGenerated } from "./names.js";
import type { HeaderMatch, RoutePlan } from "./plan.js";

/** Routes with what stands before them: answers to requests that are nearly theirs, and that a service could read in another way. */
export function withRefusals(routes: readonly RoutePlan[], answers: Answers): RoutePlan[] {
  return routes.flatMap((route) => [...badQueries(route, answers), ...badHosts(route, answers), route]);
}

/** 400 where the route would be chosen, or not, by a parameter that a service may read in another way. */
function badQueries(route: RoutePlan, answers: Answers): RoutePlan[] {
  const { match } = route;
  const { query = [], ...rest } = match;
  if (isGenerated(route)) return [];
  // Whatever the other parameters are: they may be of two readings as well.
  return query.map((parameter) => {
    const odd: HeaderMatch = { name: ":path", form: "regex", regex: twoReadings(parameter) };
    return answers.refusal(BAD_QUERY, route, { ...rest, headers: [...match.headers, odd] });
  });
}

/** 400 where the host of the request to the service would have something of the path in it that no host has. */
function badHosts(route: RoutePlan, answers: Answers): RoutePlan[] {
  const { action, match } = route;
  if (action.type !== "forward" || action.rewrite?.host === undefined) return [];
  const captures = [...action.rewrite.host.text.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
  const path = captures.length === 0 ? undefined : withoutLabels(match.path, captures);
  return path === undefined ? [] : [answers.refusal(BAD_CAPTURE, route, { ...match, path })];
}
