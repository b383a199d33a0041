import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { nodeAt, type Path } from "../syntax/document.js";
import { removal, removeEntry } from "../syntax/edits.js";
import type { CheckedGateway } from "./check.js";
import { serviceOf } from "./destinations.js";
import type { Gateway, Route } from "./gateway.js";
import { unknownName } from "./references.js";
import { canonicalHost } from "./values.js";

export type Direction = "inbound" | "outbound";

/** The key of `mandatory` and `defaults` that has the policies of a direction. */
export function listOf(direction: Direction): "apply" | "outbound" {
  return direction === "outbound" ? "outbound" : "apply";
}

/** Names of the listeners that a route is on; without a word all that are for clients from elsewhere. */
export function listenersOf({ listeners: named }: Pick<Route, "listeners">, gateway: Gateway): string[] {
  const all = Object.keys(gateway.listeners);
  return all.filter((name) => (named === undefined ? directionOf(name, gateway) === "inbound" : named.includes(name)));
}

/** Of a route that names listeners of both there is an error. */
export function routeDirection(route: Pick<Route, "listeners">, gateway: Gateway): Direction {
  const isOutbound = listenersOf(route, gateway).some((name) => directionOf(name, gateway) === "outbound");
  return isOutbound ? "outbound" : "inbound";
}

export function directionOf(listener: string, { listeners }: Pick<Gateway, "listeners">): Direction {
  return (Object.hasOwn(listeners, listener) ? listeners[listener]?.direction : undefined) ?? "inbound";
}

export function outboundListeners(gateway: Gateway): string[] {
  return Object.keys(gateway.listeners).filter((name) => directionOf(name, gateway) === "outbound");
}

/** A service that outbound listeners know by a host. */
export interface NamedHost {
  service: string;
  host: string;
  path: Path;
}

/** Hosts of services for which no route of the file stands: each is a route of its own, to all paths, on every outbound listener. */
export function serviceHosts(gateway: Gateway): NamedHost[] {
  if (outboundListeners(gateway).length === 0) return [];
  const written = new Set(
    gateway.routes
      .filter((route) => routeDirection(route, gateway) === "outbound" && takesAll(route))
      .map(({ match }) => match.host),
  );
  return Object.entries(gateway.services).flatMap(([service, { hosts = [] }]) =>
    hosts.flatMap((host, position) => {
      // Of two services with one host there is an error.
      if (written.has(host)) return [];
      written.add(host);
      return [{ service, host, path: ["services", service, "hosts", position] }];
    }),
  );
}

function takesAll({ match: { path, methods, headers, query } }: Route): boolean {
  return path === "/**" && methods === undefined && headers === undefined && query === undefined;
}

/** Listeners of both directions: that they are reached by whom they are for, and that no policy is passed by. */
export function checkSidecar(checked: CheckedGateway): Diagnostic[] {
  return [
    ...reachable(checked),
    ...captures(checked),
    ...routesOnListeners(checked),
    ...hosts(checked),
    ...passedBy(checked),
    ...emptyListeners(checked),
    ...withoutOutbound(checked),
  ];
}

const LOOPBACK = /^(127\..*|::1)$/;

/** Who reaches an outbound listener from elsewhere asks what this machine may ask, as this machine. */
function reachable({ gateway, place }: CheckedGateway): Diagnostic[] {
  return outboundListeners(gateway).flatMap((name) => {
    const { address, capturedBy } = gateway.listeners[name] ?? {};
    // It is not bound: who reaches the other one reaches it.
    if (address === undefined || capturedBy !== undefined || LOOPBACK.test(canonicalHost(address.host))) return [];
    return [diagnose("SL0340", { listener: name, address: address.host }, place(["listeners", name, "address"]))];
  });
}

function captures({ gateway, place }: CheckedGateway): Diagnostic[] {
  return Object.entries(gateway.listeners).flatMap(([name, { capturedBy, capture, direction }]) => {
    if (capturedBy === undefined) return [];
    const path = ["listeners", name, "capturedBy"];
    const other = Object.hasOwn(gateway.listeners, capturedBy) ? gateway.listeners[capturedBy] : undefined;
    if (other === undefined) return [unknownName("listener", capturedBy, Object.keys(gateway.listeners), place(path))];
    const reason = capture
      ? "has `capture` itself"
      : other.capturedBy !== undefined || !other.capture
        ? `names \`${capturedBy}\`, which has no \`capture\``
        : other.direction !== direction
          ? `is ${direction}, and \`${capturedBy}\` is not`
          : undefined;
    return reason === undefined ? [] : [diagnose("SL0345", { listener: name, reason }, place(path))];
  });
}

function routesOnListeners({ gateway, place }: CheckedGateway): Diagnostic[] {
  const known = Object.keys(gateway.listeners);
  return gateway.routes.flatMap((route, index) => {
    const named = route.listeners ?? [];
    const unknown = named.flatMap((name, position) =>
      known.includes(name)
        ? []
        : [unknownName("listener", name, known, place(["routes", index, "listeners", position]))],
    );
    const directions = new Set(listenersOf(route, gateway).map((name) => directionOf(name, gateway)));
    if (unknown.length > 0 || known.length === 0) return unknown;
    if (directions.size > 1) return [diagnose("SL0342", { route: route.name }, place(["routes", index, "listeners"]))];
    return directions.size === 0 ? [diagnose("SL0346", { route: route.name }, place(["routes", index, "name"]))] : [];
  });
}

/** A host is the name of one service, and of no use where nobody asks by it. */
function hosts({ gateway, place, root }: CheckedGateway): Diagnostic[] {
  const isOfUse = outboundListeners(gateway).length > 0;
  const first = new Map<string, Path>();
  return Object.entries(gateway.services).flatMap(([service, { hosts: named = [] }]) => {
    const base = ["services", service];
    if (named.length > 0 && !isOfUse) {
      const node = nodeAt(root, base);
      const fix = removal("remove `hosts`", true, removeEntry(node, "hosts"));
      return [diagnose("SL0343", { key: "hosts" }, place([...base, "hosts"], "key"), fix)];
    }
    return named.flatMap((host, position) => {
      const path = [...base, "hosts", position];
      const before = first.get(host);
      if (before === undefined) {
        first.set(host, path);
        return [];
      }
      const related = [{ message: "first given here", span: place(before) }];
      return [diagnose("SL0344", { host }, place(path), { related })];
    });
  });
}

/** Services behind inbound routes that an outbound one leads to as well, past the policies in front of them. */
function passedBy({ gateway, place }: CheckedGateway): Diagnostic[] {
  const outbound = [
    ...gateway.routes.flatMap((route, index) =>
      routeDirection(route, gateway) === "outbound"
        ? [{ services: reached(route, gateway), has: policiesOf(route, gateway), path: ["routes", index, "name"] }]
        : [],
    ),
    ...serviceHosts(gateway).map(({ service, path }) => ({
      services: [service, ...standIns([service], gateway)],
      has: [...gateway.mandatory.outbound, ...gateway.defaults.outbound],
      path,
    })),
  ];
  if (outbound.length === 0) return [];
  const inbound = gateway.routes.flatMap((route, index) =>
    routeDirection(route, gateway) === "inbound" ? [{ route, index, services: reached(route, gateway) }] : [],
  );
  return outbound.flatMap(({ services, has, path }) => {
    for (const service of services)
      for (const { route, index, services: behind } of inbound) {
        const policy = policiesOf(route, gateway).find((name) => !has.includes(name));
        if (policy === undefined || !behind.some((other) => isSame(other, service, gateway))) continue;
        const related = [{ message: `\`${route.name}\` leads there`, span: place(["routes", index, "name"]) }];
        return [diagnose("SL0341", { service, policy }, place(path), { related })];
      }
    return [];
  });
}

/** Names of the policies that a route has, without those that are told to be unknown. */
function policiesOf(route: Route, gateway: Gateway): string[] {
  const { mandatory, defaults } = gateway;
  const list = listOf(routeDirection(route, gateway));
  const wanted = defaults[list].filter((name) => !route.except.includes(name));
  return [...mandatory[list], ...wanted, ...route.apply];
}

/** Services that get requests of a route: also by a copy, and where they stand in for others. */
function reached({ to = [], mirror = [] }: Route, gateway: Gateway): string[] {
  const named = [...to, ...mirror].map(({ service }) => service);
  return [...named, ...standIns(named, gateway)];
}

function standIns(services: readonly string[], gateway: Gateway): string[] {
  return services.flatMap((name) => serviceOf(name, gateway)?.failover ?? []);
}

/** One service, or two of which an endpoint is the same. */
function isSame(one: string, other: string, gateway: Gateway): boolean {
  if (one === other) return true;
  const endpoints = (name: string) =>
    (serviceOf(name, gateway)?.endpoints ?? []).map(({ host, port }) => `${canonicalHost(host)} ${port}`);
  const own = new Set(endpoints(one));
  return endpoints(other).some((endpoint) => own.has(endpoint));
}

function emptyListeners({ gateway, place }: CheckedGateway): Diagnostic[] {
  const used = new Set(gateway.routes.flatMap((route) => listenersOf(route, gateway)));
  const hasHosts = serviceHosts(gateway).length > 0;
  return Object.keys(gateway.listeners).flatMap((listener) => {
    const isServed = used.has(listener) || (hasHosts && directionOf(listener, gateway) === "outbound");
    return isServed || gateway.routes.length === 0
      ? []
      : [diagnose("SL0347", { listener }, place(["listeners", listener], "key"))];
  });
}

/** Policies of outbound routes, where there can be none. */
function withoutOutbound({ gateway, place, root }: CheckedGateway): Diagnostic[] {
  if (outboundListeners(gateway).length > 0) return [];
  return (["mandatory", "defaults"] as const).flatMap((section) => {
    const node = nodeAt(root, [section]);
    if (gateway[section].outbound.length === 0 || node?.kind !== "map") return [];
    const fix = removal("remove `outbound`", true, removeEntry(node, "outbound"));
    return [diagnose("SL0343", { key: "outbound" }, place([section, "outbound"], "key"), fix)];
  });
}
