import { generatedAnswer, isGenerated, NOT_FOUND } from "../plan/names.js";
import { type GatewayPlan, type HeaderMatch, isOn, type RoutePlan } from "../plan/plan.js";
import type { Span } from "../syntax/source.js";
import { type Mismatch, matchRoute, mismatch, type RouteMatch } from "./match.js";
import type { RoutedRequest } from "./request.js";
import { isSecretName } from "./view.js";

/** A route that nearly took a request, and what was missing. */
export interface NearMiss {
  route: string;
  origin: Span;
  why: string;
}

const MOST = 12;

/** Routes before the one that serves which take the path but not the rest; where none serves, those that are close. */
export function nearMisses(
  where: { plan: GatewayPlan; listener: string },
  { host, route, index }: RouteMatch,
  request: RoutedRequest,
  credentials: ReadonlySet<string>,
): NearMiss[] {
  const passed = host.routes.slice(0, index).flatMap((candidate) => {
    const lacks = isGenerated(candidate) ? undefined : mismatch(candidate, request);
    return lacks === undefined || lacks.part === "path" ? [] : [miss(candidate, whyNot(lacks, request, credentials))];
  });
  const close =
    generatedAnswer(route) === NOT_FOUND
      ? [
          ...ofOtherHosts(where, host.routes, request),
          ...ofOtherListeners(where, request),
          ...ofOtherPaths(host.routes, request),
        ]
      : [];
  const seen = new Set<string>();
  return [...passed, ...close]
    .filter((one) => {
      const key = `${one.route} ${one.why}`;
      return seen.has(key) ? false : seen.add(key);
    })
    .slice(0, MOST);
}

function miss(route: RoutePlan, why: string): NearMiss {
  return { route: route.name, origin: route.origin, why };
}

function whyNot(lacks: Mismatch, request: RoutedRequest, credentials: ReadonlySet<string>): string {
  switch (lacks.part) {
    case "path":
      return "another path";
    case "method":
      return `takes ${lacks.methods.join(", ")}, not ${request.method}`;
    case "header": {
      const { name } = lacks.header;
      const value = isSecretName(name, credentials)
        ? "there"
        : lacks.sent.map((text) => JSON.stringify(text)).join(", ");
      return `needs header ${name} ${expected(lacks.header)}; it is ${lacks.sent.length === 0 ? "absent" : value}`;
    }
    case "query": {
      const { name } = lacks.parameter;
      const value = lacks.sent !== undefined && isSecretName(name, credentials) ? "there" : JSON.stringify(lacks.sent);
      return `needs query parameter ${name} ${expected(lacks.parameter)}; it is ${value ?? "absent"}`;
    }
  }
}

function expected(header: HeaderMatch): string {
  switch (header.form) {
    case "exact":
      return `to be ${JSON.stringify(header.value)}`;
    case "contains":
      return `to contain ${JSON.stringify(header.text)}`;
    case "regex":
      return `to match ~${header.regex}`;
    case "unlike":
      return `not to match ~${header.regex}`;
    case "present":
      return header.present ? "to be there" : "to be absent";
    case "cookie":
      return `to have ${header.cookie}${header.value === undefined ? "" : `=${header.value}`}`;
  }
}

/** The widest virtual host that has a route is the one that it was written for. */
function ofOtherHosts(
  { plan, listener }: { plan: GatewayPlan; listener: string },
  here: readonly RoutePlan[],
  request: RoutedRequest,
): NearMiss[] {
  const names = new Set(here.map((route) => route.name));
  const hosts = plan.hosts.filter((host) => isOn(host, listener));
  return hosts.toReversed().flatMap((host) =>
    host.routes.flatMap((route) => {
      if (names.has(route.name) || mismatch(route, request) !== undefined) return [];
      names.add(route.name);
      return [miss(route, `is for host ${host.domains.join(", ")}`)];
    }),
  );
}

/** What would take the request had it come to another listener. */
function ofOtherListeners(
  { plan, listener }: { plan: GatewayPlan; listener: string },
  request: RoutedRequest,
): NearMiss[] {
  return plan.listeners.flatMap(({ name }) => {
    const isAlike = plan.hosts.every((host) => isOn(host, name) === isOn(host, listener));
    const route = isAlike ? undefined : matchRoute(plan, name, request)?.route;
    return route === undefined || isGenerated(route) ? [] : [miss(route, `is on the listener ${name}`)];
  });
}

/** Slips of the path: the slash at its end, and capital letters. */
function ofOtherPaths(routes: readonly RoutePlan[], request: RoutedRequest): NearMiss[] {
  const [path = "", query] = request.path.split(/(?=\?)/, 2);
  const variants = [
    {
      path: path.endsWith("/") ? path.slice(0, -1) : `${path}/`,
      why: path.endsWith("/") ? "takes it without the `/` at the end" : "takes it with a `/` at the end",
    },
    { path: path.toLowerCase(), why: "takes it in small letters" },
  ].filter((variant) => variant.path !== path && variant.path !== "");
  return variants.flatMap((variant) => {
    const changed = { ...request, path: `${variant.path}${query ?? ""}` };
    const taken = routes.find((route) => !isGenerated(route) && mismatch(route, changed) === undefined);
    return taken === undefined ? [] : [miss(taken, variant.why)];
  });
}
