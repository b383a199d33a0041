import { PathIndex } from "../policy/path-index.js";
import type { Protection } from "./overlap.js";
import type { RoutePlan } from "./plan.js";
import { conditionsOf, meet, sufficient } from "./route-match.js";

/** A route that wants headers or parameters, and a stricter one behind it that takes the same paths without some of them. */
export interface Fallback {
  first: RoutePlan;
  later: RoutePlan;
}

interface Placed {
  route: RoutePlan;
  order: number;
}

/**
 * For each route that wants headers, the stricter routes behind it that take its paths where these headers are missing, as
 * far as no route that wants none takes them before. Gives `undefined` for each pair that is no such, so that who reads can
 * count the work.
 *
 * @param ordered the routes of one virtual host as Envoy tries them
 */
export function* fallbacks(
  ordered: readonly RoutePlan[],
  protection: Protection,
): Generator<Fallback | undefined, void, undefined> {
  const placed = ordered.map((route, order) => ({ route, order }));
  const headed = placed.filter(({ route }) => wantsHeaders(route));
  if (headed.length === 0) return;
  const plain = indexOf(placed.filter(({ route }) => !wantsHeaders(route)));
  const alike = new Map(headed.map(({ route }) => [protection.of(route).join(), protection.of(route)]));
  const groups = [...alike].map(([key, has]) => ({
    has,
    index: indexOf(headed.filter(({ route }) => protection.of(route).join() === key)),
  }));
  for (const { route: first, order } of headed) {
    const { path } = first.match;
    const without = plain.covering(path).flat();
    const stricter = groups.filter(({ has }) => protection.missing(first, has).length > 0);
    for (const later of [...without, ...stricter.flatMap(({ index }) => index.covering(path)).flat()]) {
      const isNext =
        later.order > order && !without.some((one) => one.order < later.order && takesRest(one, later, first));
      yield isNext && isFallback(first, later.route, protection) ? { first, later: later.route } : undefined;
    }
  }
}

function indexOf(routes: readonly Placed[]): PathIndex<Placed[]> {
  const index = new PathIndex<Placed[]>(() => []);
  for (const one of routes) index.at(one.route.match.path).push(one);
  return index;
}

/** Who has the headers of the later route may have those of the first too: then it is the path that tells them apart. */
function isFallback(first: RoutePlan, later: RoutePlan, protection: Protection): boolean {
  return (
    protection.missing(first, protection.of(later)).length > 0 &&
    meet(first, later) &&
    !sufficient(conditionsOf(later), conditionsOf(first))
  );
}

function wantsHeaders(route: RoutePlan): boolean {
  return conditionsOf(route).length > 0;
}

/** Whether a route that wants no headers takes the methods that both of two others take. */
function takesRest({ route }: Placed, { route: later }: Placed, first: RoutePlan): boolean {
  const { methods } = route.match;
  if (methods.length === 0) return true;
  const common = commonMethods(first.match.methods, later.match.methods);
  return common.length > 0 && common.every((method) => methods.includes(method));
}

/** None stands for all of them, and for none in common, of which there is no question here. */
function commonMethods(some: readonly string[], others: readonly string[]): readonly string[] {
  if (some.length === 0) return others;
  return others.length === 0 ? some : some.filter((method) => others.includes(method));
}
