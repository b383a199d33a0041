import { staleHeaders } from "../../plan/body.js";
import { limitHeaders } from "../../plan/global-limits.js";
import { DECISION_HEADER } from "../../plan/names.js";
import { type HeaderEdits, headerEdits } from "../../plan/native.js";
import {
  type ForwardAction,
  type HostPlan,
  isOn,
  type Json,
  type JsonObject,
  type ListenerPlan,
  type PolicyPlan,
  type RouteAction,
  type RoutePlan,
  type Target,
} from "../../plan/plan.js";
import type { RetryPlan } from "../../plan/resilience.js";
import { answerHeaders, serviceHeaders } from "../../plan/results.js";
import { formatOf, literal } from "../envoy/formats.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { durationText, type Mesh } from "./context.js";
import { httpMatches } from "./matches.js";
import { ANCHOR_HEADER, gatewayName, routesName, spellings, UNANCHORED } from "./names.js";

/** The routes of each host, in their order, for the listeners that have them. */
export function virtualServices(mesh: Mesh): Resource[] {
  const { plan } = mesh;
  return plan.hosts.flatMap((host) => {
    const on = plan.listeners.filter(({ name }) => isOn(host, name));
    // Of the headers of answers one is told on some listeners only.
    const groups = [on.filter(({ tellsDecision }) => !tellsDecision), on.filter(({ tellsDecision }) => tellsDecision)];
    return groups.flatMap((listeners) => (listeners.length === 0 ? [] : [virtualService(host, listeners, mesh)]));
  });
}

function virtualService(host: HostPlan, listeners: readonly ListenerPlan[], mesh: Mesh): Resource {
  const { plan } = mesh;
  const [first] = listeners;
  const name = routesName(plan, host, listeners.length === plan.listeners.length ? undefined : first?.name);
  const head = { apiVersion: "networking.istio.io/v1", kind: "VirtualService", name };
  const tellsDecision = first?.tellsDecision === true;
  return mesh.resource(head, host.origin, {
    hosts: [...host.domains],
    gateways: listeners.map((listener) => gatewayName(plan, listener)),
    exportTo: ["."],
    http: [...reachable(host.routes.map((route) => httpRoute(route, tellsDecision, mesh))), unanchored()],
  });
}

/** Without what the same match in front takes, such as 404 behind 405 for every path: istioctl would tell of it. */
function reachable(routes: readonly JsonObject[]): JsonObject[] {
  const seen = new Set<string>();
  return routes.filter(({ match = [] }) => {
    const key = JSON.stringify(match);
    return !seen.has(key) && seen.add(key);
  });
}

/** What comes past the EnvoyFilter, such as where its labels select nothing, is a request that nobody has cleaned. */
function unanchored(): JsonObject {
  const body = JSON.stringify({ type: "about:blank", title: "Service Unavailable", status: 503 });
  return {
    name: UNANCHORED,
    headers: { response: { set: { "content-type": "application/problem+json" } } },
    directResponse: { status: 503, body: { string: body } },
  };
}

function httpRoute(route: RoutePlan, tellsDecision: boolean, mesh: Mesh): JsonObject {
  const anchor = { name: ANCHOR_HEADER, form: "exact", value: mesh.plan.name } as const;
  const match = httpMatches(route.match, [anchor]);
  // `support.ts` refuses such a route.
  if ("unsaid" in match) throw new RangeError(`route ${route.name}: ${match.unsaid}`);
  const run = route.run.flatMap(({ policy }) => mesh.policies.get(policy) ?? []);
  return mesh.from(route.origin, {
    name: route.name,
    match,
    ...headers(route, run, tellsDecision, mesh),
    ...action(route.action, mesh),
  });
}

function headers(route: RoutePlan, run: readonly PolicyPlan[], tellsDecision: boolean, mesh: Mesh): JsonObject {
  const natives = run.map(({ native }) => native);
  const request =
    route.action.type === "forward" ? requestHeaders(route, run, headerEdits(natives, "request"), mesh) : undefined;
  const response = responseHeaders(route, run, headerEdits(natives, "response"), tellsDecision);
  const both = present({ request, response });
  return Object.keys(both).length === 0 ? {} : { headers: both };
}

/** Envoy removes before it sets. So what is written is removed too: a result that is absent leaves its header out. */
function requestHeaders(
  route: RoutePlan,
  run: readonly PolicyPlan[],
  edits: HeaderEdits,
  mesh: Mesh,
): JsonObject | undefined {
  const remove = [...mesh.removed(route), ...run.flatMap((policy) => policy.removeRequestHeaders), ...edits.remove];
  return operations({
    remove,
    set: { ...setOf(serviceHeaders(run)), ...setOf(edits.set) },
    edits,
  });
}

function responseHeaders(
  { action }: RoutePlan,
  run: readonly PolicyPlan[],
  edits: HeaderEdits,
  tellsDecision: boolean,
): JsonObject | undefined {
  const fixed = action.type === "respond" ? Object.entries(action.headers) : [];
  const set = {
    ...Object.fromEntries(fixed.map(([name, value]) => [name, literal(value)])),
    ...setOf(answerHeaders({ action }, run)),
    ...setOf(edits.set),
    ...(tellsDecision ? setOf([{ name: DECISION_HEADER.name, value: DECISION_HEADER }]) : {}),
  };
  const remove = [
    ...edits.remove,
    ...staleHeaders(run),
    ...limitHeaders(run),
    ...(tellsDecision ? [DECISION_HEADER.name] : []),
  ];
  const varies = run.some(({ native }) => native?.filter === "cors") && !Object.hasOwn(set, "vary");
  return operations({ remove, set, edits }, varies ? { vary: "origin" } : {});
}

interface Operations {
  remove: readonly string[];
  set: Readonly<Record<string, string>>;
  edits: HeaderEdits;
}

/** @param first what is added before the additions of the policies */
function operations({ remove, set, edits }: Operations, first: Record<string, string> = {}): JsonObject | undefined {
  const add = additions([
    ...Object.entries(first),
    ...edits.add.map(({ name, value }) => [name, literal(value)] as const),
  ]);
  const removed = [...new Set(remove)].toSorted();
  const said = present({
    remove: removed.length === 0 ? undefined : removed,
    set: Object.keys(set).length === 0 ? undefined : set,
    add: Object.keys(add).length === 0 ? undefined : add,
  });
  return Object.keys(said).length === 0 ? undefined : said;
}

/** A mapping has each key once, and is read in the order of its keys: several values of a header are under several spellings of it. */
function additions(added: readonly (readonly [string, string])[]): Record<string, string> {
  const values = new Map<string, string[]>();
  for (const [name, value] of added) values.set(name, [...(values.get(name) ?? []), value]);
  return Object.fromEntries(
    [...values].flatMap(([name, all]) => {
      const keys = spellings(name).slice(0, all.length).toSorted();
      return all.map((value, index) => [keys[index] ?? name, value]);
    }),
  );
}

function setOf(headers: HeaderEdits["set"]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, formatOf(value)]));
}

function action(action: RouteAction, mesh: Mesh): JsonObject {
  switch (action.type) {
    case "forward":
      return forward(action, mesh);
    case "respond": {
      const { status, body } = action;
      return { directResponse: present({ status, body: body === undefined ? undefined : { string: body } }) };
    }
    case "redirect": {
      const { status, url } = action;
      return {
        redirect: present({
          redirectCode: status,
          scheme: url.scheme,
          authority: url.host,
          port: url.port,
          uri: url.path,
        }),
      };
    }
  }
}

function forward(action: ForwardAction, mesh: Mesh): JsonObject {
  const { to, timeoutMs, retry, mirror = [], rewrite } = action;
  return present({
    route: destinations(to, mesh),
    rewrite: rewrites(rewrite),
    timeout: timeoutMs === 0 ? undefined : durationText(timeoutMs),
    // Without a word Istio tries again twice.
    retries: retry === undefined ? { attempts: 0 } : retries(retry),
    mirrors:
      mirror.length === 0
        ? undefined
        : mirror
            .filter(({ millionths }) => millionths > 0)
            .map(
              ({ service, millionths }): Json => ({
                destination: destination(service, mesh),
                percentage: { value: percentOf(millionths) },
              }),
            ),
  });
}

function destinations(to: readonly Target[], mesh: Mesh): Json[] {
  const [only] = to;
  if (to.length === 1 && only !== undefined) return [{ destination: destination(only.service, mesh) }];
  return to.map(({ service, weight }): Json => ({ destination: destination(service, mesh), weight }));
}

function destination(service: string, mesh: Mesh): JsonObject {
  const { host, port } = mesh.service(service);
  return { host, port: { number: port } };
}

/** A host that is made of the path is written by the EnvoyFilter. */
function rewrites({ path, host }: NonNullable<ForwardAction["rewrite"]> = {}): JsonObject | undefined {
  const said = present({
    uriRegexRewrite: path === undefined ? undefined : { match: path.regex, rewrite: path.substitution },
    authority: host !== undefined && "host" in host ? host.host : undefined,
  });
  return Object.keys(said).length === 0 ? undefined : said;
}

function retries({ attempts, conditions, statuses, perTryMs, backoff, otherHosts }: RetryPlan): JsonObject {
  return present({
    attempts,
    retryOn: [...conditions, ...statuses].join(","),
    perTryTimeout: perTryMs === undefined ? undefined : durationText(perTryMs),
    backoff: backoff === undefined ? undefined : durationText(backoff.baseMs),
    retryIgnorePreviousHosts: otherHosts,
  });
}

/** istiod multiplies by ten thousand and cuts the rest off: what a double makes less must not be lost. */
function percentOf(millionths: number): number {
  const percent = millionths / 10_000;
  return Math.trunc(percent * 10_000) === millionths ? percent : percent + 1e-9;
}
