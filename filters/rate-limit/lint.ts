import { z } from "zod";
import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import type { Expression } from "../../compiler/expression/expression.js";
import { isGenerated } from "../../compiler/plan/names.js";
import { isInModule } from "../../compiler/plan/native.js";
import { type Chain, PHASES, type PolicyPlan } from "../../compiler/plan/plan.js";
import { keyFinding } from "../../compiler/policy/chosen-key.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { Rate } from "../../compiler/policy/rate.js";
import { isTighter } from "./rates.js";

const rate = z.object({ count: z.int(), periodMs: z.int(), burst: z.int() });
const windows = z.union([
  rate.transform((one) => [one]),
  z.object({ windows: z.array(rate) }).transform((several) => several.windows),
]);

/** What stands in the configuration of a limit about when it refuses; one that only a service counts has none. */
const limit = z.object({
  key: z.array(z.json()).transform((keys) => keys.map((key) => JSON.stringify(key))),
  rates: z
    .array(z.object({ tier: z.string() }).loose())
    .transform((rates) => rates.map((one) => ({ tier: one.tier, windows: windows.parse(one) })))
    .default([]),
  default: windows.default([]),
  inFlight: z.int().optional(),
  answerCost: z.json().optional(),
  cost: z.json().default(1),
  penalize: z.boolean().default(false),
  shared: z.boolean().default(false),
});

type Limit = z.output<typeof limit>;
type Step = Chain["steps"][number];

const CONSUMER = JSON.stringify(["get", "auth.consumer"]);

/**
 * Warns of a limit of the chain that never refuses, because of its key or because another one of the chain does so first, and of one
 * about which no service is asked.
 */
export function lintOf(
  { policy, place }: PolicyContext,
  kind: string,
  { keys, isLocal }: { keys: readonly Expression[]; isLocal: boolean },
): NonNullable<PolicyPlan["lint"]> {
  return ({ steps, route }) => {
    const limits = steps.filter((step) => step.policy.kind === kind && isInModule(step.policy));
    const step = steps.find((one) => one.policy.name === policy);
    if (step === undefined) return [];
    const own = limits.indexOf(step);
    const tighter = limits.find((other, index) => isLocal && index !== own && hides(other, step, index < own));
    return [
      ...keyFinding(keys, policy, place(["key"])),
      ...(tighter === undefined ? [] : [neverRefuses(step, tighter)]),
      ...uncounted(step, route),
    ];
  };
}

/** Envoy asks about requests that go to a service only. */
function uncounted({ policy, origin }: Step, { name, action }: Chain["route"]): Diagnostic[] {
  if (policy.native === undefined || action.type === "forward" || isGenerated({ name })) return [];
  return [diagnose("SL0457", { policy: policy.name, route: name }, origin)];
}

function neverRefuses(step: Step, tighter: Step): Diagnostic {
  const related = [{ message: "the tighter limit is applied here", span: tighter.origin }];
  return diagnose("SL0423", { limit: step.policy.name, tighter: tighter.policy.name }, step.origin, { related });
}

/**
 * True if a limit never refuses a call that `tight` lets pass. Limits of one phase decide and count together, so the order
 * matters between phases only; of two that are alike, the second is the one too many.
 */
function hides(tight: Step, loose: Step, isFirst: boolean): boolean {
  const order = PHASES.indexOf(tight.policy.phase) - PHASES.indexOf(loose.policy.phase);
  const [a, b] = [limit.parse(tight.policy.config), limit.parse(loose.policy.config)];
  // What only tries out, or does not apply to every call, refuses none in the place of another.
  if (tight.policy.mode !== undefined || tight.policy.when !== undefined) return false;
  if (order > 0 || !isWithin(a, b)) return false;
  return isFirst || order < 0 || !isWithin(b, a);
}

/** True if each count of `loose` takes in calls of one count of `tight` only, which never lets more of them pass. */
function isWithin(tight: Limit, loose: Limit): boolean {
  if (!tight.key.every((attribute) => loose.key.includes(attribute))) return false;
  if (loose.shared && !tight.shared) return false;
  // Where an expression says what a call costs, it may cost more of a larger burst; what is refused here may cost there.
  if (typeof tight.cost !== "number" || typeof loose.cost !== "number" || tight.cost < loose.cost) return false;
  if (loose.penalize || loose.answerCost !== undefined || loose.inFlight !== undefined || tight.default.length === 0)
    return false;
  // A count of every tier together may take in those of several tiers, unless it is of one consumer.
  if (tight.rates.length > 0 && loose.rates.length === 0 && !loose.key.includes(CONSUMER)) return false;
  const tiers = [undefined, ...[...tight.rates, ...loose.rates].map(({ tier }) => tier)];
  return tiers.every((tier) =>
    rateOf(loose, tier).every((window) => rateOf(tight, tier).some((other) => isTighter(other, window))),
  );
}

function rateOf({ rates, default: fallback }: Limit, tier: string | undefined): readonly Rate[] {
  return rates.find((one) => one.tier === tier)?.windows ?? fallback;
}
