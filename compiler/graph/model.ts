import { callersText } from "../plan/callers.js";
import { isGenerated } from "../plan/names.js";
import type { AppliedPolicy, ForwardAction, GatewayPlan, RoutePlan, ServicePlan, Target } from "../plan/plan.js";
import { matchOf, pathText, type ShownMatch } from "../plan/shown.js";

/** Who asks whom: listeners take requests for the gateway, routes choose among them, services are asked. */
export interface ServiceGraph {
  readonly gateway: string;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

/** A node is known by its `id`, which no other node has. */
export type GraphNode = { readonly id: string; readonly name: string } & (
  | { readonly type: "listener"; readonly address: string; readonly tls: boolean }
  | { readonly type: "gateway" }
  | {
      readonly type: "route";
      /** What it takes, each once. */
      readonly matches: readonly ShownMatch[];
      /** Names of the listeners that it is on, where it is not on all. */
      readonly listeners?: readonly string[];
      /** What it answers by itself; absent if it asks services. */
      readonly answer?: { readonly status: number; readonly redirect: boolean };
    }
  | {
      readonly type: "service";
      readonly endpoints: readonly string[];
      readonly discovery: ServicePlan["discovery"]["by"];
      /** The one that says where it is, and may say so anew; absolute, or from the folder of the policy. */
      readonly file?: string;
      readonly tls: boolean;
    }
);

/** From who is asked first to who is asked next. */
export type GraphEdge = { readonly from: string; readonly to: string } & (
  | { readonly type: "listens" }
  | {
      readonly type: "routes";
      /** In order of execution. */
      readonly policies: readonly EdgePolicy[];
    }
  | {
      readonly type: "forwards";
      readonly weight: number;
      /** Of the requests of the route, in percent with at most one decimal. */
      readonly percent: number;
      /** What a conversion asks the service for. */
      readonly operations: readonly EdgeOperation[];
      /** Whose requests these are, in words; absent if they are those of everybody else. */
      readonly callers?: string;
    }
  | {
      readonly type: "copies";
      /** Of the requests of the route, in percent. */
      readonly percent: number;
    }
  | {
      readonly type: "failsOver";
      /** Who is asked first, from 1. */
      readonly position: number;
    }
);

/** A policy that stands between the gateway and a route. */
export interface EdgePolicy {
  readonly name: string;
  readonly kind: string;
  readonly via: AppliedPolicy["via"];
  /** It decides and counts, and refuses nobody. */
  readonly shadow: boolean;
  /** The text of its `when`; absent if it holds for every request. */
  readonly when?: string;
}

/** An operation of a conversion such as `soap`, and the request that clients make for it. */
export interface EdgeOperation {
  readonly policy: string;
  readonly name: string;
  readonly method: string;
  readonly path: string;
}

/** The graph of a plan, in the order of the file. Answers that the compiler adds (404, 405, 400) are not in it. */
export function serviceGraph(plan: GatewayPlan): ServiceGraph {
  const routes = routesOf(plan);
  const gateway: GraphNode = { type: "gateway", id: "gateway", name: plan.name };
  return {
    gateway: plan.name,
    nodes: [...listenersOf(plan), gateway, ...routes.map(routeNode), ...plan.services.map(serviceNode)],
    edges: [
      ...listenersOf(plan).map(({ id }) => ({ type: "listens" as const, from: id, to: gateway.id })),
      ...routes.map((route) => ({
        type: "routes" as const,
        from: gateway.id,
        to: idOf("route", route.name),
        policies: policiesOn(plan, route.entries),
      })),
      ...routes.flatMap((route) => [...forwards(route), ...copies(route)]),
      ...plan.services.flatMap(standIns),
    ],
  };
}

/** The entries of one name, with the hosts that they stand in. */
interface Route {
  readonly name: string;
  readonly entries: readonly { domains: readonly string[]; listeners: readonly string[]; route: RoutePlan }[];
}

/** Names of the file hold no colon, so that ids of two types never meet. */
function idOf(type: GraphNode["type"], name: string): string {
  return `${type}:${name}`;
}

function listenersOf({ listeners }: GatewayPlan) {
  return listeners.map(({ name, address, port, tls }) => ({
    type: "listener" as const,
    id: idOf("listener", name),
    name,
    address: hostAndPort(address, port),
    tls: tls !== undefined,
  }));
}

function serviceNode({ name, discovery, tls }: ServicePlan): GraphNode {
  return {
    type: "service",
    id: idOf("service", name),
    name,
    endpoints: discovery.endpoints.map(({ host, port }) => hostAndPort(host, port)),
    discovery: discovery.by,
    ...(discovery.by === "eds"
      ? { file: "mounted" in discovery.file ? discovery.file.mounted : discovery.file.beside }
      : {}),
    tls: tls !== undefined,
  };
}

/** `127.0.0.1:80`, `[::1]:80`. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Sorted by the place in the file where a route stands; one of an included file is behind those of the files before. */
function routesOf({ hosts }: GatewayPlan): Route[] {
  const found = new Map<string, Route["entries"]>();
  for (const { domains, listeners = [], routes } of hosts)
    for (const route of routes)
      if (!isGenerated(route)) found.set(route.name, [...(found.get(route.name) ?? []), { domains, listeners, route }]);
  return [...found].map(([name, entries]) => ({ name, entries })).toSorted(inOrderOfTheFile);
}

function inOrderOfTheFile(one: Route, other: Route): number {
  const [a, b] = [one.entries[0]?.route.origin, other.entries[0]?.route.origin];
  if (a === undefined || b === undefined) return 0;
  if (a.source.path !== b.source.path) return a.source.path < b.source.path ? -1 : 1;
  return a.start - b.start;
}

function routeNode({ name, entries }: Route): GraphNode {
  const answer = answerOf(entries);
  const listeners = [...new Set(entries.flatMap((entry) => entry.listeners))];
  return {
    type: "route",
    id: idOf("route", name),
    name,
    matches: matchesOf(entries),
    ...(listeners.length === 0 ? {} : { listeners }),
    ...(answer === undefined ? {} : { answer }),
  };
}

/** Each with all its hosts. Virtual hosts of narrower names hold the routes of wider ones too, so `*` says it all. */
function matchesOf(entries: Route["entries"]): ShownMatch[] {
  const found = new Map<string, ShownMatch>();
  for (const { domains, route } of entries) {
    const match = matchOf([], route);
    const key = JSON.stringify(match);
    const hosts = [...new Set([...(found.get(key)?.hosts ?? []), ...domains])];
    found.set(key, { ...match, hosts: hosts.includes("*") ? ["*"] : hosts });
  }
  return [...found.values()];
}

/** Of a route that asks a service for some of its requests only, nothing: the rest is answered by the conversion. */
function answerOf(entries: Route["entries"]): { status: number; redirect: boolean } | undefined {
  const actions = entries.map(({ route }) => route.action);
  const [first] = actions;
  if (first === undefined || first.type === "forward" || actions.some(({ type }) => type === "forward")) return;
  return { status: first.status, redirect: first.type === "redirect" };
}

function policiesOn({ policies }: GatewayPlan, entries: Route["entries"]): EdgePolicy[] {
  const run = entries[0]?.route.run ?? [];
  return run.flatMap(({ policy: name, via }) => {
    const policy = policies.find((candidate) => candidate.name === name);
    if (policy === undefined) return [];
    const { kind, mode, when } = policy;
    const condition = when === undefined ? {} : { when: when.text.replace(/\s+/g, " ").trim() };
    return [{ name, kind, via, shadow: mode?.is === "shadow", ...condition }];
  });
}

function forwards({ name, entries }: Route): GraphEdge[] {
  const action = forwarding(entries);
  if (action === undefined) return [];
  const edges = (to: readonly Target[], whose: { callers?: string }) => {
    const total = to.reduce((sum, { weight }) => sum + weight, 0);
    return weights(to).map(({ service, weight }) => ({
      type: "forwards" as const,
      from: idOf("route", name),
      to: idOf("service", service),
      weight,
      percent: total === 0 ? 0 : Math.round((weight * 1000) / total) / 10,
      operations: operationsOf(entries),
      ...whose,
    }));
  };
  const { to, callers = [] } = action;
  return [...edges(to, {}), ...callers.flatMap((some) => edges(some.to, { callers: callersText(some) }))];
}

function forwarding(entries: Route["entries"]): ForwardAction | undefined {
  return entries.flatMap(({ route }) => (route.action.type === "forward" ? [route.action] : []))[0];
}

function copies({ name, entries }: Route): GraphEdge[] {
  const { mirror = [] } = forwarding(entries) ?? {};
  return mirror.map(({ service, millionths }) => ({
    type: "copies" as const,
    from: idOf("route", name),
    to: idOf("service", service),
    percent: millionths / 10_000,
  }));
}

function standIns({ name, failover = [] }: ServicePlan): GraphEdge[] {
  return failover.map((other, index) => ({
    type: "failsOver" as const,
    from: idOf("service", name),
    to: idOf("service", other),
    position: index + 1,
  }));
}

/** Each service once, also if a route names it twice. */
function weights(to: readonly Target[]): Target[] {
  const sums = new Map<string, number>();
  for (const { service, weight } of to) sums.set(service, (sums.get(service) ?? 0) + weight);
  return [...sums].map(([service, weight]) => ({ service, weight }));
}

function operationsOf(entries: Route["entries"]): EdgeOperation[] {
  const found = new Map<string, EdgeOperation>();
  for (const { route } of entries) {
    if (route.operation === undefined) continue;
    const { policy, operation } = route.operation;
    const { method, path } = operation.match;
    const shown = { policy, name: operation.name, method, path: pathText(path) };
    found.set(JSON.stringify(shown), shown);
  }
  return [...found.values()];
}
