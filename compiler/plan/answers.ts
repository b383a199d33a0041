import { covers, firstLiteral, shapeKey } from "../policy/path.js";
import type { Span } from "../syntax/source.js";
import { BAD_HOST, METHOD_NOT_ALLOWED, NOT_FOUND } from "./names.js";
import { addTo, type Protection } from "./overlap.js";
import type { AppliedPolicy, RoutePlan } from "./plan.js";

const ANY: RoutePlan["match"] = { path: { form: "prefix", path: "/" }, methods: [], headers: [] };

/**
 * Hosts that Envoy and services read in different ways: two `Host` lines, which arrive joined by a comma (RFC 9112
 * section 3.2 asks for 400), a dot at the end that is left after Envoy removed one, two ports.
 */
const AMBIGUOUS_HOST = ".*,.*|.*\\.(:[0-9]*)?|[^\\[:]*:[^:]*:.*";

/** The answers that the compiler adds: what a request gets that no route takes. They run the mandatory policies. */
export class Answers {
  private readonly run: AppliedPolicy[];
  private readonly origin: Span;
  private readonly protection: Protection;

  constructor(run: AppliedPolicy[], origin: Span, protection: Protection) {
    this.run = run;
    this.origin = origin;
    this.protection = protection;
  }

  /** 400 for a host that would fall to the policies of another one. Needed where routes differ by host. */
  badHost(): RoutePlan {
    const headers = [{ name: ":authority", form: "regex" as const, regex: AMBIGUOUS_HOST }];
    return this.problem(BAD_HOST, 400, "Bad Request", {}, { ...ANY, headers });
  }

  /**
   * The routes of a host with the answers in their places: 405 with `Allow` for paths that are known under other
   * methods, 404 for every path. A 405 stands behind all routes, as a less specific route may take the method; but it
   * stands before one that takes any method and lets in callers whom the known methods keep out.
   */
  among(routes: readonly RoutePlan[]): RoutePlan[] {
    const starts = byFirstLiteral(routes);
    const order = new Map(routes.map((route, index) => [route, index]));
    const before = new Map<RoutePlan | undefined, RoutePlan[]>();
    for (const group of limitedByMethod(routes)) {
      const [route] = group;
      if (route === undefined) continue;
      const { path } = route.match;
      const start = firstLiteral(path);
      const inside = (other: RoutePlan) => covers(other.match.path, path);
      const candidates = start === null ? [routes] : [starts.get(start) ?? [], starts.get(null) ?? []];
      const wider = candidates.flatMap((some) => some.filter(inside));
      const strict = [...new Set(group.flatMap((one) => this.protection.of(one)))];
      const weaker = wider
        .filter((other) => takesAnything(other) && this.protection.missing(other, strict).length > 0)
        .toSorted((one, other) => (order.get(one) ?? 0) - (order.get(other) ?? 0))[0];
      const methods = [...new Set(wider.flatMap((other) => other.match.methods))].toSorted();
      addTo(before, weaker, this.methodNotAllowed(route, methods));
    }
    return [
      ...routes.flatMap((route) => [...(before.get(route) ?? []), route]),
      ...(before.get(undefined) ?? []),
      this.notFound(),
    ];
  }

  private methodNotAllowed(route: RoutePlan, methods: readonly string[]): RoutePlan {
    const match = { ...route.match, methods: [] };
    const answer = this.problem(METHOD_NOT_ALLOWED, 405, "Method Not Allowed", { allow: methods.join(", ") }, match);
    return { ...answer, origin: route.origin };
  }

  private notFound(): RoutePlan {
    return this.problem(NOT_FOUND, 404, "Not Found", {}, ANY);
  }

  private problem(
    name: string,
    status: number,
    title: string,
    headers: Record<string, string>,
    match: RoutePlan["match"],
  ): RoutePlan {
    const body = JSON.stringify({ type: "about:blank", title, status });
    const fields = { "content-type": "application/problem+json", ...headers };
    return {
      name,
      origin: this.origin,
      match,
      action: { type: "respond", status, body, headers: fields },
      run: this.run,
    };
  }
}

function takesAnything(route: RoutePlan): boolean {
  return route.match.methods.length === 0 && route.match.headers.length === 0;
}

/** Routes of one path and the same headers, if all of them are for some methods only; in the order of the routes. */
function limitedByMethod(routes: readonly RoutePlan[]): RoutePlan[][] {
  const groups = new Map<string, RoutePlan[]>();
  for (const route of routes) addTo(groups, JSON.stringify([shapeKey(route.match.path), route.match.headers]), route);
  return [...groups.values()].filter((group) => group.every((route) => route.match.methods.length > 0));
}

function byFirstLiteral(routes: readonly RoutePlan[]): Map<string | null, RoutePlan[]> {
  const starts = new Map<string | null, RoutePlan[]>();
  for (const route of routes) addTo(starts, firstLiteral(route.match.path), route);
  return starts;
}
