import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { written } from "../../compiler/expression/attributes.js";
import { checkExpression, type Expression } from "../../compiler/expression/expression.js";
import type { JsonObject } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { Path } from "../../compiler/syntax/document.js";
import { mostAtOnce, type Rates, windowsText } from "./rates.js";
import type { Settings } from "./settings.js";

/** What calls cost: the same for all, or what an expression makes of each; and what answers say. */
export interface Cost {
  of: number | Expression;
  answer?: Expression;
}

/**
 * Reads `cost`; nothing after an error was reported.
 *
 * @param limits all that it is counted by
 */
export function planCost(spec: Settings["cost"], limits: readonly Rates[], context: PolicyContext): Cost | undefined {
  const isPlain = typeof spec !== "object";
  const of = costOf(isPlain ? spec : spec.request, isPlain ? ["cost"] : ["cost", "request"], context);
  const answer = isPlain ? undefined : answerOf(spec.response, context);
  if (of === undefined || (!isPlain && answer === undefined)) return undefined;
  const all = limits.flatMap(({ tiers, fallback }) => [...Object.values(tiers), fallback]);
  const tight = typeof of === "number" ? all.filter((windows) => mostAtOnce(windows) < of) : [];
  for (const windows of tight) {
    const parameters = { cost: String(of), rate: windowsText(windows), burst: mostAtOnce(windows) };
    context.report(diagnose("SL0476", parameters, context.place(isPlain ? ["cost"] : ["cost", "request"])));
  }
  if (tight.length > 0) return undefined;
  return { of, ...(answer === undefined ? {} : { answer }) };
}

function costOf(spec: number | string, path: Path, context: PolicyContext): number | Expression | undefined {
  if (typeof spec === "number") return spec;
  const { expression, diagnostics } = checkExpression(spec, context.node(path), context.place(path), "int");
  for (const diagnostic of diagnostics) context.report(diagnostic);
  if (expression === undefined) return undefined;
  const { tree } = expression;
  return tree.kind === "constant" && typeof tree.value === "number" ? Math.max(1, tree.value) : expression;
}

/** It is asked when an answer begins: of its request nothing is kept, and how long it takes nobody knows. */
function answerOf(text: string, context: PolicyContext): Expression | undefined {
  const path = ["cost", "response"];
  const [node, span] = [context.node(path), context.place(path)];
  const { expression, diagnostics } = checkExpression(text, node, span, "int", "response");
  for (const diagnostic of diagnostics) context.report(diagnostic);
  if (expression === undefined) return undefined;
  const unknown = expression.attributes.filter(
    ({ name, availability }) => availability !== "response" || name === "response.duration",
  );
  for (const { name, argument, span: place } of unknown)
    context.report(diagnose("SL0483", { attribute: written(name, argument) }, place));
  return unknown.length > 0 ? undefined : expression;
}

/** As modules read it; nothing where a call costs one. */
export function costMembers({ of, answer }: Cost): JsonObject {
  return {
    ...(of === 1 ? {} : { cost: typeof of === "number" ? of : of.lower() }),
    ...(answer === undefined ? {} : { answerCost: answer.lower() }),
  };
}
