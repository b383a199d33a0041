import { shapeKey } from "../policy/path.js";
import { PathIndex } from "../policy/path-index.js";
import type { Direction } from "../policy/sidecar.js";
import type { Span } from "../syntax/source.js";
import { AUTHORITY } from "./authority.js";
import { answerName, BAD_HOST, BAD_PATH, METHOD_NOT_ALLOWED, NOT_FOUND } from "./names.js";
import { addTo, type Protection } from "./overlap.js";
import type { AppliedPolicy, HeaderMatch, RoutePlan } from "./plan.js";
import { conditionsOf } from "./route-match.js";

const ANY: RoutePlan["match"] = { path: { form: "prefix", path: "/" }, methods: [], headers: [] };

/**
 * `/a/%2e%2e;x/admin`: Envoy decodes the dots after it resolved dot segments, so that `/a/..;x/admin` arrives at a
 * service. One that drops parameters of segments (RFC 3986 section 3.3) first and resolves then serves `/admin`.
 */
const DOT_SEGMENT_WITH_PARAMETERS = "[^?]*/\\.\\.?;.*";

/** What is known of one path. */
interface Known {
  /** The methods of the routes that name some. */
  methods: Set<string>;
  /** The first entry for what no operation of a route takes. */
  rest: { route: RoutePlan; order: number } | undefined;
  /** The first route that takes any method and any headers, for each kind of protection there is. */
  open: Map<string, { route: RoutePlan; order: number }>;
}

/** The answers that the compiler adds: what a request gets that no route takes. They run the mandatory policies. */
export class Answers {
  private readonly run: AppliedPolicy[];
  private readonly origin: Span;
  private readonly protection: Protection;
  private readonly direction: Direction;

  /** @param direction of the listeners that give them */
  constructor(run: AppliedPolicy[], origin: Span, protection: Protection, direction: Direction) {
    this.run = run;
    this.origin = origin;
    this.protection = protection;
    this.direction = direction;
  }

  /**
   * 400 for what names another host to a service than to Envoy, and so falls to the policies of a wider one. Needed where
   * routes differ by host. To a virtual host of one name come that name, and whatever has a colon behind it:
   * `a.example.com:@b.example.com`. Most authorities have no colon, which is seen at once.
   */
  badHost(host: string | undefined): RoutePlan {
    const isName = host !== undefined && !host.startsWith("*");
    const headers: HeaderMatch[] = [
      ...(isName ? [{ name: ":authority", form: "contains", text: ":" } as const] : []),
      { name: ":authority", form: "unlike", regex: AUTHORITY },
    ];
    return this.problem(BAD_HOST, 400, "Bad Request", {}, { ...ANY, headers });
  }

  /** 400 for a path that a service may resolve to one of other policies. Most paths have no `;`, which is seen at once. */
  badPath(): RoutePlan {
    const headers = [
      { name: ":path", form: "contains" as const, text: ";" },
      { name: ":path", form: "regex" as const, regex: DOT_SEGMENT_WITH_PARAMETERS },
    ];
    return this.problem(BAD_PATH, 400, "Bad Request", {}, { ...ANY, headers });
  }

  /** 400 for what is nearly taken by a route. */
  refusal(name: string, { origin }: RoutePlan, match: RoutePlan["match"]): RoutePlan {
    return { ...this.problem(name, 400, "Bad Request", {}, match), origin };
  }

  /**
   * The routes of a host with the answers in their places: 405 with `Allow` for paths that are known under other
   * methods, 404 for every path. A 405 stands behind all routes, as a less specific route may take the method; but it
   * stands before one that takes any method and lets in callers whom the known methods keep out. That of operations stands
   * before the 404 of their route.
   */
  among(routes: readonly RoutePlan[]): RoutePlan[] {
    const index = this.known(routes);
    const before = new Map<RoutePlan | undefined, RoutePlan[]>();
    for (const group of limitedByMethod(routes)) {
      const [route] = group;
      if (route === undefined) continue;
      const wider = index.covering(route.match.path);
      const strict = [...new Set(group.flatMap((one) => this.protection.of(one)))];
      const weaker = wider
        .flatMap(({ open }) => [...open.values()])
        .filter(({ route: other }) => this.protection.missing(other, strict).length > 0)
        .concat(group.every(({ operation }) => operation === undefined) ? [] : wider.flatMap(({ rest }) => rest ?? []))
        .toSorted((one, other) => one.order - other.order)[0];
      const methods = new Set(wider.flatMap((other) => [...other.methods]));
      addTo(before, weaker?.route, this.methodNotAllowed(route, [...methods].toSorted()));
    }
    return [
      ...routes.flatMap((route) => [...(before.get(route) ?? []), route]),
      ...(before.get(undefined) ?? []),
      this.notFound(),
    ];
  }

  private known(routes: readonly RoutePlan[]): PathIndex<Known> {
    const index = new PathIndex<Known>(() => ({ methods: new Set(), rest: undefined, open: new Map() }));
    for (const [order, route] of routes.entries()) {
      const known = index.at(route.match.path);
      const { methods, open } = known;
      if (route.rest !== undefined) {
        // It takes no method: it tells that nothing is there.
        known.rest ??= { route, order };
        continue;
      }
      for (const method of route.match.methods) methods.add(method);
      const protection = this.protection.of(route).join();
      if (takesAnything(route) && !open.has(protection)) open.set(protection, { route, order });
    }
    return index;
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
      name: answerName(name, this.direction),
      origin: this.origin,
      match,
      action: { type: "respond", status, body, headers: fields },
      run: this.run,
    };
  }
}

function takesAnything(route: RoutePlan): boolean {
  return route.match.methods.length === 0 && conditionsOf(route).length === 0;
}

/** Routes of one path and the same headers, if all of them are for some methods only; in the order of the routes. */
function limitedByMethod(routes: readonly RoutePlan[]): RoutePlan[][] {
  const groups = new Map<string, RoutePlan[]>();
  for (const route of routes)
    if (route.rest === undefined)
      addTo(groups, JSON.stringify([shapeKey(route.match.path), conditionsOf(route)]), route);
  return [...groups.values()].filter((group) => group.every((route) => route.match.methods.length > 0));
}
