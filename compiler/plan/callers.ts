import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { CALLER_ATTRIBUTES, CALLER_KEYS, type CallerKey } from "../policy/callers.js";
import type { CheckedGateway } from "../policy/check.js";
import type { Route } from "../policy/gateway.js";
import { versionName } from "../policy/versions.js";
import type { Span } from "../syntax/source.js";
import type { ForwardAction, GatewayPlan, RoutePlan, Target } from "./plan.js";

/** Callers whose requests go elsewhere than those of others. What is absent is not looked at. */
export interface CallerPlan {
  origin: Span;
  consumers?: string[];
  tiers?: string[];
  groups?: string[];
  to: Target[];
}

/** The results of the guard that tell it, as the properties of filter state are named. */
export const CALLER_PROPERTIES = { consumers: "consumer", tiers: "tier", groups: "groups" } as const;

/** Who calls, as far as it is known; of a stranger nothing is. */
export interface KnownCaller {
  consumer?: string | undefined;
  tier?: string | undefined;
  groups: readonly string[];
}

export function planCallers({ callers = [] }: Route, index: number, { gateway, place }: CheckedGateway): CallerPlan[] {
  return callers.map(({ consumers, tiers, groups, to }, position) => ({
    origin: place(["routes", index, "callers", position]),
    ...(consumers === undefined ? {} : { consumers }),
    ...(tiers === undefined ? {} : { tiers }),
    ...(groups === undefined ? {} : { groups }),
    to: to.map((target) => ({ service: versionName(gateway, target), weight: target.weight })),
  }));
}

/** Every list of services that a route may choose from. */
export function destinationsOf({ to, callers = [] }: ForwardAction): Target[][] {
  return [to, ...callers.map((some) => some.to)];
}

/** Every service that a route may choose. */
export function targetsOf(action: ForwardAction): Target[] {
  return destinationsOf(action).flat();
}

/**
 * Whether weights choose the service of a caller.
 * @param name of the consumer; null for a stranger
 */
export function isByChance({ consumers }: GatewayPlan, { action }: RoutePlan, name: string | null): boolean {
  if (action.type !== "forward") return false;
  const caller = consumers.find((consumer) => consumer.name === name);
  const known = { consumer: caller?.name, tier: caller?.tier, groups: caller?.groups ?? [] };
  return destinationOf(action, known).to.length > 1;
}

/** Results of the guard that a route chooses by. */
export function propertiesRead({ callers = [] }: ForwardAction): string[] {
  const keys = CALLER_KEYS.filter((key) => callers.some((some) => some[key] !== undefined));
  return keys.map((key) => CALLER_PROPERTIES[key]);
}

/** Where the requests of a caller go, and by which entry; by none where they go with those of everybody. */
export function destinationOf(
  { to, callers = [] }: ForwardAction,
  caller: KnownCaller,
): { to: Target[]; by?: CallerPlan } {
  const by = callers.find((some) => fits(some, caller));
  return by === undefined ? { to } : { to: by.to, by };
}

function fits({ consumers, tiers, groups }: CallerPlan, caller: KnownCaller): boolean {
  const has = (wanted: string[] | undefined, one: string | undefined) =>
    wanted === undefined || (one !== undefined && wanted.includes(one));
  const isOf = groups === undefined || caller.groups.some((group) => groups.includes(group));
  return has(consumers, caller.consumer) && has(tiers, caller.tier) && isOf;
}

/** Who an entry is about, as people say it. */
export function callersText({ consumers, tiers, groups }: CallerPlan): string {
  const parts = [
    ...(consumers === undefined ? [] : [consumers.join(" or ")]),
    ...(tiers === undefined ? [] : [`tier ${tiers.join(" or ")}`]),
    ...(groups === undefined ? [] : [`group ${groups.join(" or ")}`]),
  ];
  return parts.join(" and ");
}

/**
 * Callers that nothing on their route tells.
 *
 * @param provided attributes that the policies of the route find out
 * @param why one of them is not among these, and places that say so
 */
export function unknownCallers(
  { callers = [] }: Route,
  index: number,
  provided: ReadonlySet<string>,
  why: (attribute: string) => { reason: string; related: { message: string; span: Span }[] },
  { place }: CheckedGateway,
): Diagnostic[] {
  const told = new Set<CallerKey>();
  return callers.flatMap((some, position) =>
    CALLER_KEYS.flatMap((key) => {
      const attribute = CALLER_ATTRIBUTES[key];
      if (some[key] === undefined || provided.has(attribute) || told.has(key)) return [];
      told.add(key);
      const { reason, related } = why(attribute);
      return [
        diagnose("SL0350", { key, reason }, place(["routes", index, "callers", position, key], "key"), { related }),
      ];
    }),
  );
}
