import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { AskingFor, FeatureId, FeatureUse } from "./features.js";
import { featuresOf } from "./uses.js";

/** How a target does what a plan asks for. */
export type Support =
  /** By what the target has for it, such as a field of a resource. */
  | { means: "native" | "wasm"; by: string }
  /** By something that the target does not have for it: a patch, or the module in its stead. */
  | { means: "polyfill"; by: string; reason: string }
  /** Not at all; nothing is written. */
  | { means: "refused"; reason: string };

export const native = (by: string) => ({ means: "native", by }) as const;
export const wasm = (by: string) => ({ means: "wasm", by }) as const;
export const polyfill = (by: string, reason: string) => ({ means: "polyfill", by, reason }) as const;
export const refused = (reason: string) => ({ means: "refused", reason }) as const;

/** What a target says of a feature: always the same, or as whoever asks for it has it. */
type Answer<Asking> = Support | ((of: Asking, plan: GatewayPlan) => Support);

/** What a target has to say of every feature; one that it has not thought of does not compile. */
export type SupportTable = { readonly [Id in FeatureId]: Answer<AskingFor<Id>> };

/** What a target does with one thing that a plan asks for. */
export type SupportedUse = FeatureUse & { support: Support };

/** What a target does with everything that a plan asks for, in the order of the plan. */
export function supportOf(plan: GatewayPlan, table: SupportTable): SupportedUse[] {
  return featuresOf(plan).map((use) => ({ ...use, support: supportOfUse(use, plan, table) }));
}

function supportOfUse(use: FeatureUse, plan: GatewayPlan, table: SupportTable): Support {
  switch (use.part) {
    case "gateway":
      return answered(table[use.id], use.of, plan);
    case "listener":
      return answered(table[use.id], use.of, plan);
    case "service":
      return answered(table[use.id], use.of, plan);
    case "policy":
      return answered(table[use.id], use.of, plan);
    case "route":
      return answered(table[use.id], use.of, plan);
  }
}

function answered<Asking>(answer: Answer<Asking>, of: Asking, plan: GatewayPlan): Support {
  return typeof answer === "function" ? answer(of, plan) : answer;
}

/** What a target cannot do, as findings: nothing that the file says is left out in silence. */
export function refusals(uses: readonly SupportedUse[], target: string): Diagnostic[] {
  return uses.flatMap(({ id, subject, origin, support }) =>
    support.means === "refused"
      ? [diagnose("SL0902", { subject, feature: id, target, reason: support.reason }, origin)]
      : [],
  );
}
