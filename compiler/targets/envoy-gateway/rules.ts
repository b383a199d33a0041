import { AUTHORITY } from "../../plan/authority.js";
import { BAD_HOST, BAD_PATH, generatedAnswer, NOT_FOUND } from "../../plan/names.js";
import type { HeaderMatch, HostPlan, JsonObject, RoutePlan } from "../../plan/plan.js";
import { PathIndex } from "../../policy/path-index.js";
import type { Cluster } from "./context.js";
import { matchesOf } from "./matches.js";
import { envoyRouteName, freeName, hostRouteName, partName } from "./names.js";

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

/** An entry with the headers that it wants beside its own. */
interface Wanting {
  entry: RoutePlan;
  also: readonly HeaderMatch[];
}

/** The rules of a virtual host, in the order in which the first match serves; those of one HTTPRoute are together. */
export function rulesOf(cluster: Cluster, host: HostPlan): readonly Rule[] {
  const before = cluster.rules.get(host);
  if (before !== undefined) return before;
  const rules = partsOf(inOrder(host)).flatMap((entries, part) => {
    const route = hostRouteName(cluster.plan, host, part);
    const names = new Set<string>();
    return ruled(entries, part).map((rule, position) => {
      // As the plan calls the route, so that people find it.
      const name = freeName(partName({ name: rule.entry.name.replace(/^sluice:/, "") }), names);
      names.add(name);
      return { ...rule, host, route, position, name };
    });
  });
  cluster.rules.set(host, rules);
  return rules;
}

function ruled(entries: readonly Wanting[], part: number): { entry: RoutePlan; matches: JsonObject[] }[] {
  const rules: { entry: RoutePlan; matches: JsonObject[] }[] = [];
  for (const { entry, also } of entries) {
    const matches = matchesOf(entry, also, part);
    const before = rules.at(-1);
    if (before !== undefined && isLike(before.entry, entry) && before.matches.length + matches.length <= MOST_MATCHES)
      before.matches.push(...matches);
    else rules.push({ entry, matches });
  }
  return rules;
}

/**
 * The entries of a virtual host by HTTPRoutes. Between two of them the order is that of their age, which nobody can rely on: so entries
 * that may take the same request are in one, each begins with the answer to bad paths, and the last has the answers to all else. Were that one
 * older than the others, requests would get 404, and none would pass by its policies.
 */
function partsOf(entries: readonly Wanting[]): Wanting[][] {
  if (ruled(entries, 0).length <= MOST_RULES) return [[...entries]];
  const first = entries.filter(({ entry }) => generatedAnswer(entry) === BAD_PATH);
  const last = entries.filter(({ entry }) => isForAllElse(entry));
  const groups = groupsOf(entries.filter((one) => !first.includes(one) && !last.includes(one)));
  const parts: Wanting[][] = [];
  let part: Wanting[] = [];
  for (const group of groups) {
    const together = [...part, ...group];
    if (part.length > 0 && ruled([...first, ...together, ...last], 0).length > MOST_RULES) {
      parts.push([...first, ...part]);
      part = group;
    } else part = together;
  }
  return [...parts, [...first, ...part, ...last]];
}

function isForAllElse(entry: RoutePlan): boolean {
  const answer = generatedAnswer(entry);
  return answer === NOT_FOUND || answer === BAD_HOST;
}

/** One of the paths that may be those of the same request: the way to what stands for all of them. */
interface Joined {
  by: Joined | undefined;
}

function standingFor(one: Joined): Joined {
  let last = one;
  while (last.by !== undefined) last = last.by;
  if (last !== one) one.by = last;
  return last;
}

/** Entries that may take the same request, directly or by others between them; in order within a group, and by their first. */
function groupsOf(entries: readonly Wanting[]): Wanting[][] {
  const index = new PathIndex<Joined>(() => ({ by: undefined }));
  const known = entries.map((wanting) => {
    const { path } = wanting.entry.match;
    return { wanting, path, own: index.at(path) };
  });
  for (const { path, own } of known)
    for (const other of [...index.covering(path), ...index.crossing(path)]) {
      const [one, two] = [standingFor(own), standingFor(other ?? own)];
      if (one !== two) two.by = one;
    }
  const groups = new Map<Joined, Wanting[]>();
  for (const { wanting, own } of known) {
    const one = standingFor(own);
    const group = groups.get(one);
    if (group === undefined) groups.set(one, [wanting]);
    else group.push(wanting);
  }
  return [...groups.values()];
}

/** Any request whose host is one: a request header called `host` is the authority to Envoy. */
const GOOD_HOST: HeaderMatch = { name: "host", form: "regex", regex: AUTHORITY };

/**
 * The entries of a virtual host. The answer to what names two hosts stands first in the plan and asks for authorities that are none. No
 * match of Gateway API can ask for what something is not: so it stands last here, and all others ask for authorities that are one.
 */
function inOrder({ routes }: HostPlan): Wanting[] {
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
  return cluster.hosts.flatMap((host) => rulesOf(cluster, host));
}

/** Rules by their HTTPRoute, in order. */
export function byRoute(rules: readonly Rule[]): Rule[][] {
  const parts = new Map<string, Rule[]>();
  for (const rule of rules) {
    const part = parts.get(rule.route);
    if (part === undefined) parts.set(rule.route, [rule]);
    else part.push(rule);
  }
  return [...parts.values()];
}
