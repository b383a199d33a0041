import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../policy/check.js";
import type { Route } from "../policy/gateway.js";
import { comparePaths, parsePath, shapeKey } from "../policy/path.js";
import { Answers } from "./answers.js";
import { effectivePolicies } from "./effective.js";
import { hostName } from "./names.js";
import { Protection, weakerFirst } from "./overlap.js";
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

  const protection = new Protection(checked.policies);
  const answers = new Answers(generated.run, checked.place(["routes"], "key"), protection);
  const names = [...new Set([undefined, ...candidates.map((candidate) => candidate.host)])].toSorted(compareHosts);
  const hosts: HostPlan[] = [];
  let entries = 0;
  for (const host of names) {
    const routes = candidates
      .filter((candidate) => contains(candidate.host, host))
      .toSorted((a, b) => compareHosts(a.host, b.host) || compareRoutes(a.route, b.route))
      .map((candidate) => candidate.route);
    entries += routes.length;
    if (entries > MOST_ENTRIES) {
      const parameters = { hosts: names.length - 1, most: MOST_ENTRIES };
      diagnostics.push(diagnose("SL0311", parameters, checked.place(["routes"], "key")));
      break;
    }
    diagnostics.push(...weakerFirst(routes, protection));
    const origin = routes[0]?.origin ?? checked.place(["routes"], "key");
    const differs = names.length > 1 && (host === undefined || host.startsWith("*."));
    const all = [...(differs ? [answers.badHost()] : []), ...answers.among(routes)];
    hosts.push({ name: hostName(host), origin, domains: [host ?? "*"], routes: all });
  }
  return { hosts, diagnostics: unique(diagnostics) };
}

/** Each virtual host repeats the routes of wider hosts; Envoy's memory and this compiler's time grow with their number. */
const MOST_ENTRIES = 50_000;

/** The same pair of routes meets in several virtual hosts; once is enough to say it. */
function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((diagnostic) => {
    const key = `${diagnostic.code} ${diagnostic.span.start} ${diagnostic.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
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
      const key = JSON.stringify([host ?? "*", shapeKey(route.match.path), method, route.match.headers]);
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
