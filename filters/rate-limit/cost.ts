import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { checkExpression, type Expression } from "../../compiler/expression/expression.js";
import type { Json } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import { mostAtOnce, type Rates, windowsText } from "./rates.js";
import type { Settings } from "./settings.js";

/** What calls cost: the same for all, or what an expression makes of each. */
export type Cost = { fixed: number } | { of: Expression };

/** Reads `cost`; nothing after an error was reported. */
export function planCost(spec: Settings["cost"], rates: Rates | undefined, context: PolicyContext): Cost | undefined {
  const cost = typeof spec === "number" ? { fixed: spec } : costOf(spec, context);
  if (cost === undefined || "of" in cost || rates === undefined) return cost;
  const tight = [...Object.values(rates.tiers), rates.fallback].filter((windows) => mostAtOnce(windows) < cost.fixed);
  for (const windows of tight) {
    const parameters = { cost: cost.fixed, rate: windowsText(windows), burst: mostAtOnce(windows) };
    context.report(diagnose("SL0476", parameters, context.place(["cost"])));
  }
  return tight.length > 0 ? undefined : cost;
}

function costOf(text: string, context: PolicyContext): Cost | undefined {
  const { expression, diagnostics } = checkExpression(text, context.node(["cost"]), context.place(["cost"]), "int");
  for (const diagnostic of diagnostics) context.report(diagnostic);
  if (expression === undefined) return undefined;
  const { tree } = expression;
  return tree.kind === "constant" && typeof tree.value === "number"
    ? { fixed: Math.max(1, tree.value) }
    : { of: expression };
}

/** As modules read it; nothing where a call costs one. */
export function costMember(cost: Cost): { cost?: Json } {
  if ("of" in cost) return { cost: cost.of.lower() };
  return cost.fixed === 1 ? {} : { cost: cost.fixed };
}
