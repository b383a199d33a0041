import { type Diagnostic, diagnose } from "../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../compiler/diagnostics/suggest.js";
import { placeOf, spanOf } from "../../compiler/expression/place.js";
import { type Budget, canFire, comparisonsIn, type Rule } from "../../compiler/expression/reach.js";
import type { PolicyPlan } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { ModelRule } from "./model.js";

type Otherwise = "allow" | "deny";

/** Steps that the search for rules that never decide may cost for one policy. */
const STEPS = 50_000;

/** What is wrong with the rules of a policy, though each by itself is sound. The rules of a chain do not meet: asked once. */
export function lintOf(
  rules: readonly ModelRule[],
  otherwise: Otherwise,
  context: PolicyContext,
): NonNullable<PolicyPlan["lint"]> {
  let findings: Diagnostic[] | undefined;
  return () => {
    findings ??= [...unknownNames(rules, context), ...lintRules(rules, otherwise, context)];
    return findings;
  };
}

function lintRules(named: readonly ModelRule[], otherwise: Otherwise, context: PolicyContext): Diagnostic[] {
  const budget = { steps: STEPS };
  const rules = named.map((rule): Rule => ({ effect: rule.effect, expression: rule.condition }));
  const idle = named.map((_, index) => idleBecause(rules, named, index, budget));
  const always: Rule = { effect: otherwise, expression: undefined };
  const effects = new Set(rules.flatMap((rule, index) => (idle[index] === undefined ? [rule.effect] : [])));
  if (!effects.has(otherwise) && canFire(always, rules, budget)) effects.add(otherwise);
  const whole = context.place([], "key");
  // A rule that is always true is meant to close the route; it says so itself.
  const isClosed = named.some(({ effect, condition }) => effect === "deny" && condition.tree.kind === "constant");
  if (!effects.has("deny")) return [diagnose("SL0420", { policy: context.policy }, whole)];
  if (!effects.has("allow") && !isClosed) return [diagnose("SL0421", { policy: context.policy }, whole)];
  return named.flatMap(({ name }, index) => {
    const place = context.place(["rules", index, "name"]);
    const because = idle[index];
    if (because === NEVER) return [];
    if (because !== undefined)
      return [diagnose("SL0419", { rule: name, reason: because.reason }, place, { related: because.related(context) })];
    const rest = rules.slice(index);
    return otherwise === "allow" && rest.every((rule, at) => rule.effect === "allow" || idle[index + at] !== undefined)
      ? [diagnose("SL0422", { rule: name }, place)]
      : [];
  });
}

interface Because {
  reason: string;
  related(context: PolicyContext): Diagnostic["related"];
}

/** An expression that is never true has a finding of its own. */
const NEVER: Because = { reason: "", related: () => [] };

/** Why a rule never decides, as far as it can be shown. */
function idleBecause(
  rules: readonly Rule[],
  named: readonly ModelRule[],
  index: number,
  budget: Budget,
): Because | undefined {
  const rule = rules[index];
  if (rule === undefined) return undefined;
  if (!canFire(rule, [], budget)) return NEVER;
  const earlier = rules.slice(0, index);
  const taker = earlier.findIndex((one) => decidesWithin(one, rule) || !canFire(rule, [one], budget));
  const name = named[taker]?.name;
  if (name !== undefined)
    return {
      reason: `\`${name}\` decides wherever it would`,
      related: (context) => [{ message: "this rule comes first", span: context.place(["rules", taker, "name"]) }],
    };
  return canFire(rule, earlier, budget)
    ? undefined
    : { reason: "together, the rules before it decide wherever it would", related: () => [] };
}

/** The same text decides first: told without a search. */
function decidesWithin(first: Rule, rule: Rule): boolean {
  if (first.expression?.text !== rule.expression?.text) return false;
  return first.effect === "deny" || rule.effect === "allow";
}

type Consumers = PolicyContext["gateway"]["consumers"];

/** Every policy asks for the same names, of perhaps thousands of consumers. */
const namesOf = new WeakMap<Consumers, ReturnType<typeof collectNames>>();

function namesIn(consumers: Consumers): ReturnType<typeof collectNames> {
  const known = namesOf.get(consumers) ?? collectNames(consumers);
  namesOf.set(consumers, known);
  return known;
}

function collectNames(consumers: Consumers) {
  const all = Object.entries(consumers);
  return {
    "auth.groups": { what: "group", names: [...new Set(all.flatMap(([, consumer]) => consumer.groups))] },
    "auth.tier": { what: "tier", names: [...new Set(all.flatMap(([, consumer]) => consumer.tier ?? []))] },
    "auth.consumer": { what: "name", names: all.map(([name]) => name) },
  };
}

/** Names of callers that no consumer has, such as a group that is misspelt. */
function unknownNames(rules: readonly ModelRule[], context: PolicyContext): Diagnostic[] {
  const known = namesIn(context.gateway.consumers);
  const vocabulary = (attribute: string) =>
    attribute === "auth.groups" || attribute === "auth.tier" || attribute === "auth.consumer"
      ? known[attribute]
      : undefined;
  return rules.flatMap(({ effect, condition }, index) => {
    const path = ["rules", index, effect];
    const place = placeOf(context.node(path), context.place(path));
    return comparisonsIn(condition.tree).flatMap(({ attribute, operation, constants, at }) => {
      const words = vocabulary(attribute);
      if (words === undefined || operation === "startsWith") return [];
      return constants
        .filter((name) => !words.names.includes(name))
        .map((name) => unknownName(words.what, name, words.names, spanOf(place, at)));
    });
  });
}

function unknownName(what: string, name: string, known: readonly string[], span: Diagnostic["span"]): Diagnostic {
  const suggestion = nearest(name, known);
  const hint = suggestion === undefined ? "" : `; did you mean \`${suggestion}\`?`;
  return diagnose("SL0418", { what, name, hint }, span);
}
