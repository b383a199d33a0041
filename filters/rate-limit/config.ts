import type { Expression } from "../../compiler/expression/expression.js";
import type { JsonObject } from "../../compiler/plan/plan.js";
import { type Cost, costMembers } from "./cost.js";
import { type Rates, rateMember } from "./rates.js";
import type { Settings } from "./settings.js";

/** What the module counts, as it reads it. */
export function configOf(spec: Settings, { keys, rates, cost, headers }: LocalLimit): JsonObject {
  const tiers = Object.entries(rates?.tiers ?? {});
  return {
    key: keys.map((key) => key.lower()),
    ...(tiers.length > 0
      ? { rates: tiers.map(([tier, windows]): JsonObject => ({ tier, ...rateMember(windows) })) }
      : {}),
    ...(rates === undefined ? {} : { default: rateMember(rates.fallback) }),
    ...(spec.inFlight === undefined ? {} : { inFlight: spec.inFlight }),
    ...costMembers(cost),
    ...(spec.penalize ? { penalize: true } : {}),
    ...(spec.shared ? { shared: true } : {}),
    headers: [...new Set(headers)].toSorted(),
    ...(spec.jitter === undefined ? {} : { jitter: spec.jitter / 1_000 }),
    slots: spec.store.slots,
  };
}

interface LocalLimit {
  keys: readonly Expression[];
  rates: Rates | undefined;
  cost: Cost;
  /** What clients are told. */
  headers: readonly string[];
}
