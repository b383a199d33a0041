import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../policy/check.js";
import type { Route } from "../policy/gateway.js";
import { comparePaths, covers, type PathPattern, parsePath } from "../policy/path.js";
import type { Span } from "../syntax/source.js";
import { effectivePolicies } from "./effective.js";
import { BAD_HOST, hostName, METHOD_NOT_ALLOWED, NOT_FOUND } from "./names.js";
import type { AppliedPolicy, HeaderMatch, HostPlan, RouteAction, RoutePlan } from "./plan.js";

const DEFAULT_TIMEOUT_MS = 15_000;

interface Candidate {
  route: RoutePlan;
  host: string | undefined;
}

/**
 * Virtual hosts with their routes, most specific first whatever the order in the file. Envoy picks one virtual host
 * and stays in it, so each holds the routes of its own host, then those of the hosts that contain it.
 */
export function planHosts(checked: CheckedGateway): { hosts: HostPlan[]; diagnostics: Diagnostic[] } {
  const generated = effectivePolicies(checked, "generated");
  const diagnostics = [...generated.diagnostics];
  const candidates: Candidate[] = [];
  for (const [index, route] of checked.gateway.routes.entries()) {
    const { run, diagnostics: found } = effectivePolicies(checked, index);
    diagnostics.push(...found.filter((finding) => !sameAs(finding, generated.diagnostics)));
    const plan = planRoute(route, index, run, checked);
    if (plan !== undefined) candidates.push({ route: plan, host: route.match.host });
  }
  diagnostics.push(...ambiguous(candidates));

  const answers = new Answers(generated.run, checked.place(["routes"], "key"));
  const names = [...new Set([undefined, ...candidates.map((candidate) => candidate.host)])].toSorted(compareHosts);
  const hosts = names.map((host): HostPlan => {
    const own = candidates
      .filter((candidate) => contains(candidate.host, host))
      .toSorted((a, b) => compareHosts(a.host, b.host) || compareRoutes(a.route, b.route));
    const routes = own.map((candidate) => candidate.route);
    return {
      name: hostName(host),
      origin: routes[0]?.origin ?? checked.place(["routes"], "key"),
      domains: [host ?? "*"],
      routes: [
        ...(host === undefined && names.length > 1 ? [answers.badHost()] : []),
        ...routes,
        ...answers.methodNotAllowed(routes),
        answers.notFound(),
      ],
    };
  });
  return { hosts, diagnostics };
}

function sameAs(finding: Diagnostic, others: readonly Diagnostic[]): boolean {
  return others.some((other) => other.code === finding.code && other.span.start === finding.span.start);
}

function planRoute(route: Route, index: number, run: AppliedPolicy[], checked: CheckedGateway): RoutePlan | undefined {
  const path = parsePath(route.match.path);
  const action = planAction(route);
  if (typeof path === "string" || action === undefined) return undefined;
  return {
    name: route.name,
    origin: checked.place(["routes", index]),
    match: {
      path,
      methods: [...new Set(route.match.methods ?? [])].toSorted(),
      headers: Object.entries(route.match.headers ?? {})
        .map(([name, value]) => headerMatch(name, value))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    },
    action,
    run,
  };
}

function headerMatch(name: string, value: string | boolean): HeaderMatch {
  if (typeof value === "boolean") return { name, form: "present", present: value };
  return value.startsWith("~") ? { name, form: "regex", regex: value.slice(1) } : { name, form: "exact", value };
}

function planAction(route: Route): RouteAction | undefined {
  if (route.to !== undefined) return { type: "forward", to: route.to, timeoutMs: route.timeout ?? DEFAULT_TIMEOUT_MS };
  if (route.respond !== undefined)
    return { type: "respond", status: route.respond.status, body: route.respond.body, headers: route.respond.headers };
  if (route.redirect !== undefined)
    return {
      type: "redirect",
      status: route.redirect.status,
      url: redirectTarget(route.redirect.to, route.redirect.path),
    };
  return undefined;
}

function redirectTarget(to: string | undefined, path: string | undefined) {
  if (to === undefined) return path === undefined ? {} : { path };
  const url = new URL(to);
  const scheme = url.protocol === "https:" ? ("https" as const) : ("http" as const);
  const target = `${url.pathname}${url.search}`;
  // An absolute URL without a path keeps the request's own path.
  const hasPath = to.slice(`${url.protocol}//`.length).includes("/");
  return {
    scheme,
    host: url.hostname,
    ...(url.port === "" ? {} : { port: Number(url.port) }),
    ...(hasPath ? { path: target } : {}),
  };
}

/** More specific hosts first: names before wildcards, longer wildcards before shorter, any host last. */
function compareHosts(a: string | undefined, b: string | undefined): number {
  const rank = (host: string | undefined) => (host === undefined ? 0 : host.startsWith("*.") ? 1 : 2);
  const byForm = rank(b) - rank(a);
  if (byForm !== 0 || a === undefined || b === undefined) return byForm;
  return b.length - a.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** True if requests to `inner` may be served by routes of `outer`. */
function contains(outer: string | undefined, inner: string | undefined): boolean {
  if (outer === undefined || outer === inner) return true;
  return inner !== undefined && outer.startsWith("*.") && inner.endsWith(outer.slice(1)) && inner !== outer;
}

function compareRoutes(a: RoutePlan, b: RoutePlan): number {
  return (
    comparePaths(a.match.path, b.match.path) ||
    takesAnyMethod(a) - takesAnyMethod(b) ||
    b.match.headers.length - a.match.headers.length ||
    (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)
  );
}

function takesAnyMethod(route: RoutePlan): number {
  return route.match.methods.length === 0 ? 1 : 0;
}

/** Two routes that take the same requests: which of them serves would be chance, or one never serves. */
function ambiguous(candidates: readonly Candidate[]): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seen = new Map<string, RoutePlan>();
  for (const { route, host } of candidates) {
    const methods = route.match.methods.length === 0 ? ["*"] : route.match.methods;
    for (const method of methods) {
      const key = JSON.stringify([host ?? "*", shapeOf(route.match.path), method, route.match.headers]);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, route);
      else if (first !== route) {
        const related = [{ message: `\`${first.name}\` takes them here`, span: first.origin }];
        diagnostics.push(diagnose("SL0309", { route: route.name, first: first.name }, route.origin, { related }));
        break;
      }
    }
  }
  return diagnostics;
}

/** Two templates that differ only in the names of their captures match the same paths. */
function shapeOf(path: PathPattern): unknown {
  return path.form === "template"
    ? [path.segments.map((segment) => ("literal" in segment ? segment.literal : null)), path.rest]
    : path;
}

/** The answers that the compiler adds: what every path that no route takes gets. They run the mandatory policies. */
class Answers {
  private readonly run: AppliedPolicy[];
  private readonly origin: Span;

  constructor(run: AppliedPolicy[], origin: Span) {
    this.run = run;
    this.origin = origin;
  }

  /**
   * Two `Host` lines reach the routes joined by a comma, so as an unknown host, under policies that may be weaker than
   * those of either; RFC 9112 section 3.2 asks for 400. Needed only where hosts differ.
   */
  badHost(): RoutePlan {
    return this.problem(
      BAD_HOST,
      400,
      "Bad Request",
      {},
      { ...ANY, headers: [{ name: ":authority", form: "contains", text: "," }] },
    );
  }

  /** 405 with `Allow` for paths that are known under other methods, most specific first. */
  methodNotAllowed(routes: readonly RoutePlan[]): RoutePlan[] {
    const known = new Map<string, RoutePlan>();
    for (const route of routes) {
      const key = JSON.stringify([shapeOf(route.match.path), route.match.headers]);
      if (route.match.methods.length > 0 && !known.has(key)) known.set(key, route);
    }
    return [...known.values()].map((route) => {
      const { path, headers } = route.match;
      const allow = new Set(routes.flatMap((other) => (covers(other.match.path, path) ? other.match.methods : [])));
      const fields = { allow: [...allow].toSorted().join(", ") };
      const answer = this.problem(METHOD_NOT_ALLOWED, 405, "Method Not Allowed", fields, {
        path,
        methods: [],
        headers,
      });
      return { ...answer, origin: route.origin };
    });
  }

  notFound(): RoutePlan {
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

const ANY: RoutePlan["match"] = { path: { form: "prefix", path: "/" }, methods: [], headers: [] };
