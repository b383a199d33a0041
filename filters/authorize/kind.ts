import { z } from "zod";
import { diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { checkExpression, headersOf, namedOf, requirementsOf } from "../../compiler/expression/expression.js";
import type { JsonObject } from "../../compiler/plan/plan.js";
import { defineKind, type PolicyContext } from "../../compiler/policy/kind.js";
import { exactlyOneOf, name } from "../../compiler/policy/values.js";
import { lintOf } from "./lint.js";
import { type ModelRule, modelOf } from "./model.js";
import { inModule } from "./module.js";

const expression = z.string().max(65_536);

const rule = z
  .strictObject({
    name: name.describe("Shown in decisions; every denial names its rule."),
    allow: expression
      .optional()
      .describe("Expression: lets the request pass if it is true.")
      .meta({ examples: ['request.method == "GET"'] }),
    deny: expression
      .optional()
      .describe("Expression: refuses the request if it is true, or if it cannot be known.")
      .meta({ examples: ['auth.tier == "free"'] }),
  })
  .meta(exactlyOneOf("allow", "deny"));

const schema = z
  .strictObject({
    rules: z.array(rule).min(1).max(256).describe("In order; the first that matches decides."),
    otherwise: z.enum(["deny", "allow"]).default("deny").describe("What holds when no rule matches."),
  })
  .describe("Who may call what.");

type Rule = z.output<typeof rule>;

/** What stands in the configuration of a policy about the names of its rules. */
const named = z.object({ rules: z.array(z.object({ name: z.string() })) });

export const authorize = defineKind({
  name: "authorize",
  summary: "lets a request pass or answers 403, by ordered rules",
  schema,
  inModule,
  partial: schema.extend({
    rules: z.array(rule.extend({ name: name.default("unnamed") })),
  }),
  rules: (config) => named.parse(config).rules.map((one) => one.name),
  plan(spec, context) {
    const rules: JsonObject[] = [];
    const model: ModelRule[] = [];
    const readsHeaders: string[] = [];
    const readsNamed: string[] = [];
    const requires: { attribute: string; origin: ReturnType<PolicyContext["place"]> }[] = [];
    const seen = new Map<string, number>();
    for (const [index, item] of spec.rules.entries()) {
      const isNamed = context.node(["rules", index, "name"]) !== undefined;
      const first = isNamed ? seen.get(item.name) : undefined;
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
      model.push(planned.model);
      requires.push(...planned.requires);
      readsHeaders.push(...planned.readsHeaders);
      readsNamed.push(...planned.readsNamed);
    }
    if (rules.length !== spec.rules.length || seen.size !== spec.rules.length) return undefined;
    return {
      phase: "authorize",
      provides: [],
      requires,
      readsHeaders,
      readsNamed,
      config: { rules, otherwise: spec.otherwise },
      removeRequestHeaders: [],
      requestHeaders: [],
      responseHeaders: [],
      decide: modelOf(model, spec.otherwise),
      lint: lintOf(model, spec.otherwise, context),
    };
  },
});

function planRule(item: Rule, index: number, context: PolicyContext) {
  const effect: ModelRule["effect"] = item.allow !== undefined ? "allow" : "deny";
  const text = item.allow ?? item.deny;
  const path = ["rules", index, effect];
  const written = (key: string) => context.node(["rules", index, key]) !== undefined;
  if (written("allow") === written("deny")) {
    context.report(diagnose("SL0413", { rule: item.name }, context.place(["rules", index, "name"])));
    return undefined;
  }
  // It does not fit the schema, which has told so.
  if (text === undefined) return undefined;
  const { expression: checked, diagnostics } = checkExpression(text, context.node(path), context.place(path), "bool");
  for (const diagnostic of diagnostics) context.report(diagnostic);
  if (checked === undefined) return undefined;
  const model: ModelRule = { name: item.name, effect, condition: checked };
  return {
    model,
    config: { name: item.name, [effect]: checked.lower() },
    requires: requirementsOf(checked),
    readsHeaders: headersOf(checked),
    readsNamed: namedOf(checked),
  };
}
