import { type Diagnostic, diagnose, type Fix } from "../../compiler/diagnostics/diagnostic.js";
import { ALWAYS_KNOWN } from "../../compiler/expression/domains.js";
import { placeOf, spanOf } from "../../compiler/expression/place.js";
import { canFire, mentions, type Rule } from "../../compiler/expression/reach.js";
import type { Chain } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { ModelRule } from "./model.js";

/** Steps that the search may cost for one policy. */
const STEPS = 50_000;

const isIdentity = (attribute: string) => attribute.startsWith("auth.");

/**
 * Rules that refuse somebody by who he is, where whoever shows no credential passes: he leaves his at home. Only rules of which it can be shown: those that
 * cannot be known of a stranger refuse him, too.
 */
export function deniedByNameOnly(
  rules: readonly ModelRule[],
  otherwise: "allow" | "deny",
  context: PolicyContext,
  chain: Chain,
): Diagnostic[] {
  const optional = optionalBefore(chain, context.policy);
  if (optional === undefined) return [];
  const budget = { steps: STEPS };
  const written = rules.map(({ effect, condition }): Rule => ({ effect, expression: condition }));
  const all = [...written, { effect: otherwise, expression: undefined }];
  const decides = (index: number, earlier: readonly Rule[], whose?: typeof isIdentity) => {
    const rule = all[index];
    return rule !== undefined && canFire(rule, earlier, budget, ALWAYS_KNOWN, whose);
  };
  return rules.flatMap(({ name, effect, condition }, index) => {
    if (effect !== "deny" || !mentions(condition.tree, isIdentity)) return [];
    if (decides(index, [], isIdentity) || !decides(index, all.slice(0, index))) return [];
    const passes = all.some(
      (later, at) => at > index && later.effect === "allow" && decides(at, all.slice(0, at), isIdentity),
    );
    if (!passes) return [];
    const related = [{ message: "who shows no credential gets past it", span: optional.origin }];
    const fix = refusingStrangers(index, context);
    return [diagnose("SL0461", { rule: name }, context.place(["rules", index, "deny"]), { related, ...fix })];
  });
}

/** What finds out who calls in front of a policy, and lets strangers through. */
function optionalBefore({ steps }: Chain, policy: string): Chain["steps"][number] | undefined {
  const own = steps.findIndex((step) => step.policy.name === policy);
  const before = steps.slice(0, Math.max(own, 0)).map((step) => step);
  return before.find((step) => step.policy.phase === "authenticate" && step.policy.guarantees === undefined);
}

/** The condition with strangers in it. Without quotes it would begin like a tag of YAML. */
function refusingStrangers(index: number, context: PolicyContext): { fix?: Fix } {
  const path = ["rules", index, "deny"];
  const node = context.node(path);
  if (node?.kind !== "scalar" || node.style !== "quoted" || typeof node.value !== "string") return {};
  const place = placeOf(node, context.place(path));
  const at = (offset: number) => spanOf(place, { start: offset, end: offset });
  const edits = [
    { span: at(0), newText: "!has(auth.method) || (" },
    { span: at(node.value.length), newText: ")" },
  ];
  return { fix: { title: "refuse callers without a credential, too", safe: false, edits } };
}
