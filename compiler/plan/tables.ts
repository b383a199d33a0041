import type { CheckedGateway } from "../policy/check.js";
import type { Gateway } from "../policy/gateway.js";
import { type Direction, directionOf, listenersOf, type NamedHost } from "../policy/sidecar.js";
import { outboundRoute } from "./names.js";
import type { AppliedPolicy, RoutePlan } from "./plan.js";
import { planTimes } from "./resilience.js";

/** Listeners whose requests are routed alike. */
export interface Table {
  direction: Direction;
  listeners: string[];
}

/** Listeners in the order of the file, those with the same routes together. There is one even without listeners. */
export function tablesOf(gateway: Gateway): Table[] {
  const tables = new Map<string, Table>();
  const on = gateway.routes.map((route) => new Set(listenersOf(route, gateway)));
  for (const name of Object.keys(gateway.listeners)) {
    const direction = directionOf(name, gateway);
    const key = `${direction} ${on.flatMap((listeners, index) => (listeners.has(name) ? [index] : [])).join()}`;
    const table = tables.get(key);
    if (table === undefined) tables.set(key, { direction, listeners: [name] });
    else table.listeners.push(name);
  }
  return tables.size === 0 ? [{ direction: "inbound", listeners: [] }] : [...tables.values()];
}

/** Whether a route that is on some listeners is on those of a table. All of them are on one that has none. */
export function isIn(table: Table, listeners: readonly string[]): boolean {
  return table.listeners.length === 0 || table.listeners.some((name) => listeners.includes(name));
}

/** What an outbound listener does with a request to a host of a service. */
export function hostRoute(
  { service, path }: NamedHost,
  run: AppliedPolicy[],
  { gateway, place }: CheckedGateway,
): RoutePlan {
  const to = [{ service, weight: 1 }];
  return {
    name: outboundRoute(service),
    origin: place(path),
    match: { path: { form: "prefix", path: "/" }, methods: [], headers: [] },
    action: { type: "forward", to, ...planTimes({ to, timeout: undefined }, gateway) },
    run,
  };
}
