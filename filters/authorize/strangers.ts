import { type Diagnostic, diagnose, type Fix } from "../../compiler/diagnostics/diagnostic.js";
import { ALWAYS_KNOWN } from "../../compiler/expression/domains.js";
import { placeOf, spanOf } from "../../compiler/expression/place.js";
import { type Budget, canFire, mentions, type Rule } from "../../compiler/expression/reach.js";
import type { Chain } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { ModelRule } from "./model.js";

const isIdentity = (attribute: string) => attribute.startsWith("auth.");

/** A rule, and its place among those of its policy. */
export interface Passed {
  name: string;
  index: number;
}

/** Of the policies before some other, the one that finds out who calls and lets strangers pass. */
export function optionalIn(before: Chain["steps"]): Chain["steps"][number] | undefined {
  return before.find(({ policy }) => policy.phase === "authenticate" && policy.guarantees === undefined);
}

/**
 * Rules that refuse somebody by who he is, where whoever shows no credential passes: he leaves his at home. Only rules of which it can be shown: those that
 * cannot be known of a stranger refuse him, too.
 */
export function passedByStrangers(rules: readonly ModelRule[], otherwise: Rule["effect"], budget: Budget): Passed[] {
  const written = rules.map(({ effect, condition }): Rule => ({ effect, expression: condition }));
  const all = [...written, { effect: otherwise, expression: undefined }];
  return rules.flatMap(({ name, effect, condition }, index) => {
    const rule = written[index];
    if (rule === undefined || effect !== "deny" || !mentions(condition.tree, isIdentity)) return [];
    if (canFire(rule, [], budget, ALWAYS_KNOWN, isIdentity)) return [];
    if (!canFire(rule, written.slice(0, index), budget, ALWAYS_KNOWN)) return [];
    const passes = all.some(
      (later, at) =>
        at > index && later.effect === "allow" && canFire(later, all.slice(0, at), budget, ALWAYS_KNOWN, isIdentity),
    );
    return passes ? [{ name, index }] : [];
  });
}

export function passedFinding(
  { name, index }: Passed,
  optional: Chain["steps"][number],
  context: PolicyContext,
): Diagnostic {
  const related = [{ message: "who shows no credential gets past it", span: optional.origin }];
  const place = context.place(["rules", index, "deny"]);
  return diagnose("SL0461", { rule: name }, place, {
    related,
    ...refusingStrangers(index, context),
  });
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
