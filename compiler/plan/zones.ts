import type { Gateway, Service } from "../policy/gateway.js";
import type { GatewayPlan } from "./plan.js";

/** How a service prefers endpoints in the zone of the gateway. */
export type ZonePlan =
  /** All requests stay there while so many of them are healthy. */
  | { keep: "all"; minEndpoints: number }
  /** As many as make every endpoint of all zones get as much. */
  | { keep: "even" };

export function planZones({ zoneAware }: Service): ZonePlan | undefined {
  if (zoneAware === undefined) return undefined;
  return zoneAware.evenly ? { keep: "even" } : { keep: "all", minEndpoints: zoneAware.minEndpoints ?? 1 };
}

/** Gateways by zone, sorted: those that are counted, and one in each other zone that a service is in. */
export function planGateways({ gateways = {} }: Gateway, services: GatewayPlan["services"]): Record<string, number> {
  const preferring = services.filter(({ zoneAware }) => zoneAware !== undefined);
  if (preferring.length === 0) return {};
  const named = preferring.flatMap(({ discovery }) => discovery.endpoints.flatMap(({ zone }) => zone ?? []));
  const all = new Map([...named.map((zone) => [zone, 1] as const), ...Object.entries(gateways)]);
  return Object.fromEntries([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
