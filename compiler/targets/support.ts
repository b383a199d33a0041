import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan/plan.js";
import { type FeatureId, type FeatureUse, featuresOf } from "./features.js";

/** How a target does what a plan asks for. */
export type Support =
  /** By what the target has for it, such as a field of a resource. */
  | { means: "native" | "wasm"; by: string }
  /** By something that the target does not have for it: a patch, or the module in its stead. */
  | { means: "polyfill"; by: string; reason: string }
  /** Not at all; nothing is written. */
  | { means: "refused"; reason: string };

/** What a target has to say of every feature; one that it has not thought of does not compile. */
export type SupportTable = Readonly<Record<FeatureId, Support | ((use: FeatureUse, plan: GatewayPlan) => Support)>>;

/** What a target does with one thing that a plan asks for. */
export interface SupportedUse extends FeatureUse {
  support: Support;
}

/** What a target does with everything that a plan asks for, in the order of the plan. */
export function supportOf(plan: GatewayPlan, table: SupportTable): SupportedUse[] {
  return featuresOf(plan).map((use) => {
    const entry = table[use.id];
    return { ...use, support: typeof entry === "function" ? entry(use, plan) : entry };
  });
}

/** What a target cannot do, as findings: nothing that the file says is left out in silence. */
export function refusals(uses: readonly SupportedUse[], target: string): Diagnostic[] {
  return uses.flatMap(({ id, subject, origin, support }) =>
    support.means === "refused"
      ? [diagnose("SL0902", { subject, feature: id, target, reason: support.reason }, origin)]
      : [],
  );
}
