import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import { beginningOf, shapeKey } from "../../policy/path.js";
import { isGenerated } from "../names.js";
import { addTo } from "../overlap.js";
import type { HeaderMatch, HostPlan, RoutePlan } from "../plan.js";
import { conditionsOf, implies } from "../route-match.js";

/**
 * Routes that no request reaches: in every virtual host where they stand, an earlier one takes whatever they take.
 *
 * In the virtual host of its own name a route stands behind routes of the same name only, and there a pattern always precedes one
 * that covers it (`comparePaths`). So what can take all its requests is a route of an equal path that asks for less of the same
 * headers, or a regular expression, as these come before templates and prefixes.
 */
export function unreachableRoutes(hosts: readonly HostPlan[]): Diagnostic[] {
  // The virtual host of a route's own name comes after those inside it, so what it says stands at last.
  const takers = new Map<string, { route: RoutePlan; first: RoutePlan }>();
  const reached = new Set<string>();
  for (const host of hosts) {
    const earlier = new Earlier();
    for (const route of host.routes) {
      const taker = earlier.takerOf(route);
      if (taker === undefined) {
        reached.add(route.name);
        earlier.add(route);
      } else takers.set(route.name, { route, first: taker });
    }
  }
  return [...takers.values()].flatMap(({ route, first }) => {
    // An answer for what no route takes is in vain where a route takes everything; nobody wrote it.
    if (reached.has(route.name) || isGenerated(route)) return [];
    const related = [{ message: `\`${first.name}\` takes them here`, span: first.origin }];
    return [diagnose("SL0312", { route: route.name, first: first.name }, route.origin, { related })];
  });
}

/** A regular expression that is literal text and then anything, such as `/static/.*`. */
const OPEN_END = /^\^?((?:[A-Za-z0-9/_~-]|\\\.)*)\.\*\$?$/;

/** Headers of a route beyond which it is not worth trying which of them another route merely wants present. */
const MOST_HEADERS = 6;

/** The routes of a virtual host so far, found by what they can take from a later one. */
class Earlier {
  /** Regular expressions with an open end, by the text before it. */
  private readonly open = new Map<string, RoutePlan[]>();
  /** Routes that want a header present, by path and headers. */
  private readonly lax = new Map<string, RoutePlan[]>();

  add(route: RoutePlan): void {
    const { path } = route.match;
    const headers = conditionsOf(route);
    if (headers.some((header) => header.form === "present" && header.present))
      addTo(this.lax, matchKey(route, headers), route);
    const text = path.form === "regex" ? OPEN_END.exec(path.regex)?.[1] : undefined;
    if (text !== undefined) addTo(this.open, text.replaceAll("\\.", "."), route);
  }

  /** A route that takes all requests of this one, if there surely is. */
  takerOf(route: RoutePlan): RoutePlan | undefined {
    return [...this.laxerThan(route), ...this.openAround(route)].find((first) => takesAll(first, route));
  }

  private laxerThan(route: RoutePlan): RoutePlan[] {
    const headers = conditionsOf(route);
    if (this.lax.size === 0 || headers.length > MOST_HEADERS) return [];
    return relaxed(headers).flatMap((some) => this.lax.get(matchKey(route, some)) ?? []);
  }

  private openAround(route: RoutePlan): RoutePlan[] {
    if (this.open.size === 0) return [];
    const { text } = beginningOf(route.match.path);
    const beginnings = Array.from({ length: text.length + 1 }, (_, length) => text.slice(0, length));
    return beginnings.flatMap((beginning) => this.open.get(beginning) ?? []);
  }
}

function matchKey({ match }: RoutePlan, headers: readonly HeaderMatch[]): string {
  return JSON.stringify([shapeKey(match.path), headers]);
}

/** Every way to want some of the headers merely present. */
function relaxed(headers: readonly HeaderMatch[]): HeaderMatch[][] {
  return headers.reduce<HeaderMatch[][]>(
    (lists, header) => {
      const present: HeaderMatch = { name: header.name, form: "present", present: true };
      const ways = header.form === "present" ? [header] : [header, present];
      return lists.flatMap((list) => ways.map((way) => [...list, way]));
    },
    [[]],
  );
}

/** Whether a route of the path of another, or of one around it, also takes its methods and headers. */
function takesAll(first: RoutePlan, route: RoutePlan): boolean {
  const methods = first.match.methods;
  const wanted = route.match.methods;
  if (methods.length > 0 && (wanted.length === 0 || !wanted.every((method) => methods.includes(method)))) return false;
  const has = conditionsOf(route);
  return conditionsOf(first).every((header) => has.some((other) => implies(other, header)));
}
