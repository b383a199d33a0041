import { AUTHORITY } from "../../plan/authority.js";
import { BAD_HOST, generatedAnswer } from "../../plan/names.js";
import type { HeaderMatch, HostPlan, JsonObject, RoutePlan } from "../../plan/plan.js";
import type { Cluster } from "./context.js";
import { matchesOf } from "./matches.js";
import { envoyRouteName, hostRouteName, partName } from "./names.js";

/** One rule of an HTTPRoute: neighbouring entries that differ in nothing but what they match. */
export interface Rule {
  /** The first of them. */
  entry: RoutePlan;
  host: HostPlan;
  /** Name of the HTTPRoute, and of the rule in it. */
  route: string;
  position: number;
  name: string;
  matches: JsonObject[];
}

/** Bounds of Gateway API: rules of a route, matches of a rule, and of a route. */
export const MOST_RULES = 16;
const MOST_MATCHES = 64;
export const MOST_MATCHES_OF_ROUTE = 128;

/** The rules of a virtual host, in the order in which the first match serves. */
export function rulesOf(cluster: Cluster, host: HostPlan): Rule[] {
  const route = hostRouteName(cluster.plan, host.domains[0] ?? "*", 0);
  const rules: Rule[] = [];
  for (const { entry, also } of inOrder(host)) {
    const matches = matchesOf(entry, also);
    const before = rules.at(-1);
    if (before !== undefined && isLike(before.entry, entry) && before.matches.length + matches.length <= MOST_MATCHES)
      before.matches.push(...matches);
    else {
      const position = rules.length;
      rules.push({ entry, host, route, position, name: ruleName(entry, rules), matches });
    }
  }
  return rules;
}

/** As the plan calls the route, so that people find it: `orders`, and of a second rule of the same route `orders-2`. */
function ruleName({ name }: RoutePlan, before: readonly Rule[]): string {
  const text = partName({ name: name.replace(/^sluice:/, "") });
  for (let number = 1; ; number++) {
    const own = number === 1 ? text : partName({ name: text }, String(number));
    if (before.every((rule) => rule.name !== own)) return own;
  }
}

/** Any request whose host is one: a request header called `host` is the authority to Envoy. */
const GOOD_HOST: HeaderMatch = { name: "host", form: "regex", regex: AUTHORITY };

/**
 * The entries of a virtual host. The answer to what names two hosts stands first in the plan and asks for authorities that are none. No
 * match of Gateway API can ask for what something is not: so it stands last here, and all others ask for authorities that are one.
 */
function inOrder({ routes }: HostPlan): { entry: RoutePlan; also: readonly HeaderMatch[] }[] {
  const bad = routes.filter((route) => generatedAnswer(route) === BAD_HOST);
  const also = bad.length === 0 ? [] : [GOOD_HOST];
  return [
    ...routes.filter((route) => !bad.includes(route)).map((entry) => ({ entry, also })),
    ...bad.map((entry) => ({ entry: { ...entry, match: { ...entry.match, headers: [] } }, also: [] })),
  ];
}

/** Whether two entries are one rule: answers that the compiler added, but for what they match. */
function isLike(one: RoutePlan, other: RoutePlan): boolean {
  return (
    generatedAnswer(one) !== undefined &&
    one.name === other.name &&
    JSON.stringify([one.action, one.run.map(({ policy }) => policy)]) ===
      JSON.stringify([other.action, other.run.map(({ policy }) => policy)])
  );
}

/** Envoy's names of the routes that a rule becomes, one for each match and host. */
export function envoyNames(cluster: Cluster, { route, position, matches, host }: Rule): string[] {
  return host.domains.flatMap((domain) =>
    matches.map((_, match) => envoyRouteName({ namespace: cluster.namespace, route, rule: position, match }, domain)),
  );
}

/** Every rule of a plan. */
export function allRules(cluster: Cluster): Rule[] {
  return cluster.plan.hosts.flatMap((host) => rulesOf(cluster, host));
}
