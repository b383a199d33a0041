import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { CheckedGateway } from "../policy/check.js";
import type { Route } from "../policy/gateway.js";
import { comparePaths, type PathPattern, parsePath, shapeKey } from "../policy/path.js";
import { type QueryMatch, readQueryMatch } from "../policy/query.js";
import { listenersOf, outboundListeners, serviceHosts } from "../policy/sidecar.js";
import { versionName } from "../policy/versions.js";
import { Answers } from "./answers.js";
import { planCallers } from "./callers.js";
import { checkCarried } from "./carried.js";
import { effectivePolicies } from "./effective.js";
import { planErrors } from "./errors.js";
import { planForwarding } from "./forwarding.js";
import { hostName, operationName } from "./names.js";
import { checkConversions, converterOf, splitRoute } from "./operations.js";
import { addTo, Protection, WeakerFirst } from "./overlap.js";
import type { AppliedPolicy, HeaderMatch, HostPlan, RouteAction, RoutePlan } from "./plan.js";
import { withPreflights } from "./preflights.js";
import { withRefusals } from "./refusals.js";
import { planForward, planTimes } from "./resilience.js";
import { conditionsOf, cookieMatch, headerMatch } from "./route-match.js";
import { planSheds } from "./shedding.js";
import { hostRoute, isIn, tablesOf } from "./tables.js";

interface Candidate {
  route: RoutePlan;
  host: string | undefined;
  listeners: readonly string[];
}

/**
 * Virtual hosts with their routes, most specific first whatever the order in the file. Envoy picks one virtual host
 * and stays in it, so each holds the routes of its own host, then those of the hosts that contain it. Listeners with the same
 * routes share them.
 */
export function planHosts(checked: CheckedGateway): { hosts: HostPlan[]; diagnostics: Diagnostic[] } {
  const tables = tablesOf(checked.gateway);
  const generated = tables.map(({ direction }) => ({ direction, ...effectivePolicies(checked, direction) }));
  const known = generated.flatMap(({ diagnostics }) => diagnostics);
  const { candidates, diagnostics } = candidatesOf(checked, known);
  const found = [...known, ...diagnostics];
  const protection = new Protection(checked.policies);
  const weaker = new WeakerFirst(protection, checked.place(["routes"], "key"));
  const hosts: HostPlan[] = [];
  let entries = 0;
  for (const table of tables) {
    const { run = [] } = generated.find(({ direction }) => direction === table.direction) ?? {};
    found.push(...convertsNothing(run, checked));
    const own = candidates.filter(({ listeners }) => isIn(table, listeners));
    const origin = checked.place(["routes"], "key");
    const made = hostsOf(own, { answers: new Answers(run, origin, protection, table.direction), weaker, checked });
    entries += made.entries;
    if (entries > MOST_ENTRIES) {
      const parameters = { hosts: made.names - 1, most: MOST_ENTRIES };
      found.push(diagnose("SL0311", parameters, origin));
      break;
    }
    const among = tables.length === 1 ? {} : { listeners: table.listeners };
    hosts.push(...made.hosts().map((host) => ({ ...host, ...among })));
    found.push(...ambiguous(own));
  }
  return { hosts, diagnostics: unique([...found, ...weaker.diagnostics]) };
}

/** @param told findings that are not told of each route again */
function candidatesOf(
  checked: CheckedGateway,
  told: readonly Diagnostic[],
): { candidates: Candidate[]; diagnostics: Diagnostic[] } {
  const { gateway } = checked;
  const diagnostics: Diagnostic[] = [];
  const candidates: Candidate[] = [];
  for (const [index, route] of gateway.routes.entries()) {
    const { run, off, diagnostics: found } = effectivePolicies(checked, index);
    for (const finding of found) if (!sameAs(finding, told)) diagnostics.push(finding);
    const plan = planRoute(route, index, run, checked);
    if (plan === undefined) continue;
    const steps = run.flatMap((item) => planned(item, checked));
    diagnostics.push(...checkCarried(plan, steps));
    diagnostics.push(...checkConversions(plan, steps, checked.place(["routes", index, "match", "path"])));
    const listeners = listenersOf(route, gateway);
    for (const entry of entriesOf(off.length === 0 ? plan : { ...plan, off }, checked))
      candidates.push({ route: entry, host: route.match.host, listeners });
  }
  const named = serviceHosts(gateway);
  if (named.length === 0) return { candidates, diagnostics };
  const { run, diagnostics: found } = effectivePolicies(checked, "hosts");
  for (const finding of found) if (!sameAs(finding, told)) diagnostics.push(finding);
  const listeners = outboundListeners(gateway);
  for (const one of named) candidates.push({ route: hostRoute(one, run, checked), host: one.host, listeners });
  return { candidates, diagnostics };
}

interface Surroundings {
  answers: Answers;
  weaker: WeakerFirst;
  checked: CheckedGateway;
}

/** The virtual hosts of some listeners, which are made only if they are not too many. */
function hostsOf(candidates: readonly Candidate[], { answers, weaker, checked }: Surroundings) {
  const own = byHost(candidates);
  const names = [...own.keys()];
  const around = (host: string | undefined) => containing(host).map((outer) => own.get(outer) ?? []);
  const hosts = () =>
    names.map((host): HostPlan => {
      const routes = around(host).flat();
      weaker.look(routes);
      const origin = routes[0]?.origin ?? checked.place(["routes"], "key");
      const among = withRefusals(answers.among(routes), answers);
      const all = [...(names.length > 1 ? [answers.badHost(host)] : []), answers.badPath(), ...among];
      const withThem = withPreflights(all, checked.policies);
      return { name: hostName(host), origin, domains: [host ?? "*"], routes: [...withThem] };
    });
  const entries = names.reduce(
    (sum, host) =>
      around(host)
        .flat()
        .reduce((inner, route) => inner + entriesFor(route), sum),
    0,
  );
  return { names: names.length, entries, hosts };
}

/** The routes of each host of the file, and of any host, in the order in which Envoy tries them; specific hosts first. */
function byHost(candidates: readonly Candidate[]): Map<string | undefined, RoutePlan[]> {
  const routes = new Map<string | undefined, RoutePlan[]>([[undefined, []]]);
  for (const { route, host } of candidates) addTo(routes, host, route);
  const hosts = [...routes.keys()].toSorted(compareHosts);
  return new Map(hosts.map((host) => [host, (routes.get(host) ?? []).toSorted(compareRoutes)]));
}

/** The hosts of routes that may serve requests to a host: itself, then the wildcards around it, then any host. */
function containing(host: string | undefined): (string | undefined)[] {
  if (host === undefined) return [undefined];
  const labels = host.split(".");
  return [host, ...labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`), undefined].filter(
    (outer, index) => index === 0 || outer !== host,
  );
}

/** Each virtual host repeats the routes of wider hosts; Envoy's memory and this compiler's time grow with their number. */
const MOST_ENTRIES = 50_000;

/** Envoy has an entry of a route for each of its callers that go elsewhere. */
function entriesFor({ action }: RoutePlan): number {
  return 1 + (action.type === "forward" ? (action.callers ?? []).length : 0);
}

/** What is wrong with a list of defaults is found on each route that has them; once is enough to say it. */
function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter((diagnostic) => {
    const key = `${diagnostic.code} ${diagnostic.span.source.path} ${diagnostic.span.start} ${diagnostic.message}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

function sameAs(finding: Diagnostic, others: readonly Diagnostic[]): boolean {
  const { code, span } = finding;
  return others.some(
    (other) => other.code === code && other.span.source === span.source && other.span.start === span.start,
  );
}

function planned(item: AppliedPolicy, { policies }: CheckedGateway) {
  const plan = policies.get(item.policy);
  return plan === undefined ? [] : [{ item, plan }];
}

/** A route as Envoy has it: several entries, if it converts requests. */
function entriesOf(plan: RoutePlan, { policies }: CheckedGateway): RoutePlan[] {
  const converter = plan.action.type === "forward" ? converterOf(plan.run, policies) : undefined;
  return converter === undefined ? [plan] : splitRoute(plan, converter);
}

/** What is mandatory runs on the answers of the compiler too. */
function convertsNothing(run: readonly AppliedPolicy[], { policies }: CheckedGateway): Diagnostic[] {
  const converter = converterOf(run, policies);
  if (converter === undefined) return [];
  const where = "the answers to unknown paths (404, 405) lead";
  return [diagnose("SL0438", { policy: converter.policy.name, where }, converter.applied.origin)];
}

function planRoute(route: Route, index: number, run: AppliedPolicy[], checked: CheckedGateway): RoutePlan | undefined {
  const path = parsePath(route.match.path);
  const action = typeof path === "string" ? undefined : planAction(route, index, path, checked);
  if (typeof path === "string" || action === undefined) return undefined;
  return {
    name: route.name,
    origin: checked.place(["routes", index]),
    match: {
      path,
      methods: [...new Set(route.match.methods ?? [])].toSorted(),
      headers: [
        ...Object.entries(route.match.headers ?? {}).map(([name, value]) => headerMatch(name, value)),
        ...Object.entries(route.match.cookies ?? {}).map(([name, value]) => cookieMatch(name, value)),
      ].toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1)),
      ...queryMatches(route.match.query),
    },
    action,
    run,
  };
}

function sortKey(header: HeaderMatch): string {
  return header.form === "cookie" ? `${header.name} ${header.cookie}` : header.name;
}

function queryMatches(query: Route["match"]["query"] = {}): { query?: QueryMatch[] } {
  const matches = Object.entries(query).map(([name, value]) => readQueryMatch(name, value));
  return matches.length === 0 ? {} : { query: matches.toSorted((a, b) => (a.name < b.name ? -1 : 1)) };
}

function planAction(route: Route, index: number, path: PathPattern, checked: CheckedGateway): RouteAction | undefined {
  const { gateway, pageTexts } = checked;
  const errors = planErrors(route.errors, pageTexts);
  const callers = planCallers(route, index, checked);
  if (route.to !== undefined)
    return {
      type: "forward",
      to: route.to.map((target) => ({ service: versionName(gateway, target), weight: target.weight })),
      ...(callers.length === 0 ? {} : { callers }),
      ...(errors === undefined ? {} : { errors }),
      ...planSheds(route, gateway),
      ...planTimes(route, gateway),
      ...planForward(route, gateway),
      ...planForwarding(route, path, gateway),
    };
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

function compareRoutes(a: RoutePlan, b: RoutePlan): number {
  return (
    comparePaths(a.match.path, b.match.path) ||
    takesAnyMethod(a) - takesAnyMethod(b) ||
    b.match.headers.length - a.match.headers.length ||
    (b.match.query?.length ?? 0) - (a.match.query?.length ?? 0) ||
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
      const key = JSON.stringify([host ?? "*", shapeKey(route.match.path), method, conditionsOf(route)]);
      const first = seen.get(key);
      if (first === undefined) seen.set(key, route);
      else if (first !== route) {
        diagnostics.push(sameRequests(route, first));
        break;
      }
    }
  }
  return diagnostics;
}

function sameRequests(route: RoutePlan, first: RoutePlan): Diagnostic {
  const span = first.operation?.operation.origin ?? first.origin;
  const related = [{ message: `${takerOf(first)} takes them here`, span }];
  if (route.operation === undefined && first.operation === undefined)
    return diagnose("SL0309", { route: route.name, first: first.name }, route.origin, { related });
  const origin = route.operation?.operation.origin ?? route.origin;
  return diagnose("SL0326", { second: takerOf(route), first: takerOf(first) }, origin, { related });
}

function takerOf({ name, operation }: RoutePlan): string {
  return operation === undefined ? `\`${name}\`` : `\`${operationName(operation)}\``;
}
