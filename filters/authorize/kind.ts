import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { checkExpression, headersOf } from "../../compiler/expression/expression.js";
import type { JsonObject } from "../../compiler/plan/plan.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { name } from "../../compiler/policy/values.js";

const expression = z.string().max(65_536);

const rule = z.strictObject({
  name: name.describe("Shown in decisions; every denial names its rule."),
  allow: expression.optional().describe("CEL: lets the request pass if it is true."),
  deny: expression.optional().describe("CEL: refuses the request if it is true, or if it cannot be known."),
});

const schema = z
  .strictObject({
    rules: z.array(rule).min(1).max(256).describe("In order; the first that matches decides."),
    otherwise: z.enum(["deny", "allow"]).default("deny").describe("What holds when no rule matches."),
  })
  .describe("Who may call what.");

type Rule = z.output<typeof rule>;

export const authorize = defineKind({
  name: "authorize",
  summary: "lets a request pass or answers 403, by ordered rules",
  schema,
  plan(spec, context) {
    const rules: JsonObject[] = [];
    const readsHeaders: string[] = [];
    const requires: { attribute: string; origin: ReturnType<PolicyContext["place"]> }[] = [];
    const seen = new Map<string, number>();
    for (const [index, item] of spec.rules.entries()) {
      const first = seen.get(item.name);
      if (first !== undefined)
        context.report(
          diagnose("SL0202", { what: "rule", name: item.name }, context.place(["rules", index, "name"]), {
            related: [{ message: "first defined here", span: context.place(["rules", first, "name"]) }],
          }),
        );
      else seen.set(item.name, index);
      const planned = planRule(item, index, context);
      if (planned === undefined) continue;
      rules.push(planned.config);
      requires.push(...planned.requires);
      readsHeaders.push(...planned.readsHeaders);
    }
    if (rules.length !== spec.rules.length || seen.size !== spec.rules.length) return undefined;
    return {
      phase: "authorize",
      provides: [],
      requires,
      readsHeaders,
      config: { rules, otherwise: spec.otherwise },
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
    };
  },
});

function planRule(item: Rule, index: number, context: PolicyContext) {
  const effect = item.allow !== undefined ? "allow" : "deny";
  const text = item.allow ?? item.deny;
  const path = ["rules", index, effect];
  if (text === undefined || (item.allow !== undefined && item.deny !== undefined)) {
    context.report(diagnose("SL0413", { rule: item.name }, context.place(["rules", index, "name"])));
    return undefined;
  }
  const { expression: checked, diagnostics } = checkExpression(text, context.node(path), context.place(path), "bool");
  for (const diagnostic of diagnostics) context.report(diagnostic);
  if (checked === undefined) return undefined;
  const requires = checked.attributes
    .filter((use) => use.availability === "identity")
    .map((use) => ({ attribute: use.name, origin: use.span }));
  return { config: { name: item.name, [effect]: checked.lower() }, requires, readsHeaders: headersOf(checked) };
}
