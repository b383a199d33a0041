import { type Diagnostic, diagnose, type Fix } from "../../compiler/diagnostics/diagnostic.js";
import { nearest } from "../../compiler/diagnostics/suggest.js";
import { written } from "../../compiler/expression/attributes.js";
import { credentialsIn } from "../../compiler/expression/credentials.js";
import { ALWAYS_KNOWN } from "../../compiler/expression/domains.js";
import { placeOf, spanOf } from "../../compiler/expression/place.js";
import { type Budget, canFire, comparisonsIn, knowing, type Rule } from "../../compiler/expression/reach.js";
import type { Chain, PolicyPlan } from "../../compiler/plan/plan.js";
import type { PolicyContext } from "../../compiler/policy/kind.js";
import type { ModelRule } from "./model.js";
import { optionalIn, type Passed, passedByStrangers, passedFinding } from "./strangers.js";

type Otherwise = "allow" | "deny";

/** Steps that the search for rules that never decide may cost for one policy. */
const STEPS = 50_000;

/** What is wrong with the rules of a policy, though each by itself is sound. */
export function lintOf(
  rules: readonly ModelRule[],
  otherwise: Otherwise,
  context: PolicyContext,
): NonNullable<PolicyPlan["lint"]> {
  let everywhere: Diagnostic[] | undefined;
  let whereKnown: Diagnostic[] | undefined;
  let passed: Passed[] | undefined;
  return (chain) => {
    const before = stepsBefore(chain, context.policy);
    everywhere ??= [...unknownNames(rules, context), ...lintRules(rules, otherwise, context, ALWAYS_KNOWN)];
    const guaranteed = guaranteedBy(before);
    if (guaranteed.length > 0)
      whereKnown ??= lintRules(rules, otherwise, context, new Set([...ALWAYS_KNOWN, ...guaranteed]));
    const own = guaranteed.length > 0 ? (whereKnown ?? []) : [];
    const optional = optionalIn(before);
    if (optional !== undefined) passed ??= passedByStrangers(rules, otherwise, { steps: STEPS });
    const open = optional === undefined ? [] : (passed ?? []).map((one) => passedFinding(one, optional, context));
    return [...everywhere, ...own, ...credentials(rules, context, chain), ...open];
  };
}

function stepsBefore({ steps }: Chain, policy: string): Chain["steps"] {
  const own = steps.findIndex((step) => step.policy.name === policy);
  return steps.slice(0, Math.max(own, 0));
}

/** What is known of every request once these policies let it pass. All that authenticate guarantee the same. */
function guaranteedBy(before: Chain["steps"]): readonly string[] {
  return before
    .filter((step) => step.policy.mode === undefined && step.policy.when === undefined)
    .flatMap((step) => step.policy.guarantees ?? []);
}

/** Keys that stand in a rule, compared with a header that an `authenticate` before it reads them from. */
function credentials(rules: readonly ModelRule[], context: PolicyContext, { steps }: Chain): Diagnostic[] {
  const headers = steps.flatMap(({ policy }) => (policy.phase === "authenticate" ? policy.readsHeaders : []));
  if (headers.length === 0) return [];
  return rules.flatMap(({ effect, condition }, index) => {
    const told = new Set(credentialsIn(condition.tree).map(({ constant }) => constant));
    const place = placeOfRule(index, effect, context);
    return credentialsIn(condition.tree, new Set(headers))
      .filter(({ constant }) => !told.has(constant))
      .map(({ attribute: { attribute, argument }, constant }) =>
        diagnose("SL0532", { attribute: written(attribute.name, argument) }, spanOf(place, constant)),
      );
  });
}

function placeOfRule(index: number, effect: ModelRule["effect"], context: PolicyContext) {
  const path = ["rules", index, effect];
  return placeOf(context.node(path), context.place(path));
}

function lintRules(
  named: readonly ModelRule[],
  otherwise: Otherwise,
  context: PolicyContext,
  known: ReadonlySet<string>,
): Diagnostic[] {
  const written = named.map((rule): Rule => ({ effect: rule.effect, expression: rule.condition }));
  const search = { rules: knowing(written, known), named, known, budget: { steps: STEPS } };
  const { rules } = search;
  const idle = named.map((_, index) => idleBecause(search, index));
  const always: Rule = { effect: otherwise, expression: undefined };
  const effects = new Set(rules.flatMap((rule, index) => (idle[index] === undefined ? [rule.effect] : [])));
  if (!effects.has(otherwise) && canFire(always, rules, search.budget, known)) effects.add(otherwise);
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

/** One search for rules that never decide. */
interface Search {
  readonly rules: readonly Rule[];
  readonly named: readonly ModelRule[];
  readonly known: ReadonlySet<string>;
  readonly budget: Budget;
}

interface Because {
  reason: string;
  related(context: PolicyContext): Diagnostic["related"];
}

/** An expression that is never true has a finding of its own. */
const NEVER: Because = { reason: "", related: () => [] };

/** What can be true in general, and is not where the caller is known. */
const KNOWN: Because = { reason: "where it applies, who calls is always known", related: () => [] };

/** Why a rule never decides, as far as it can be shown. */
function idleBecause({ rules, named, known, budget }: Search, index: number): Because | undefined {
  const rule = rules[index];
  if (rule === undefined) return undefined;
  if (!canFire(rule, [], budget, known)) {
    const condition = named[index]?.condition;
    return canFire({ effect: rule.effect, expression: condition }, [], budget, ALWAYS_KNOWN) ? KNOWN : NEVER;
  }
  const earlier = rules.slice(0, index);
  const taker = earlier.findIndex((one) => decidesWithin(one, rule) || !canFire(rule, [one], budget, known));
  const name = named[taker]?.name;
  if (name !== undefined)
    return {
      reason: `\`${name}\` decides wherever it would`,
      related: (context) => [{ message: "this rule comes first", span: context.place(["rules", taker, "name"]) }],
    };
  return canFire(rule, earlier, budget, known)
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

/** Names of callers that no consumer has, such as a group that is misspelt, and of routes that there are none of. */
function unknownNames(rules: readonly ModelRule[], context: PolicyContext): Diagnostic[] {
  const known = namesIn(context.gateway.consumers);
  const vocabulary = (attribute: string) =>
    attribute === "auth.groups" || attribute === "auth.tier" || attribute === "auth.consumer"
      ? known[attribute]
      : undefined;
  return rules.flatMap(({ effect, condition }, index) => {
    const place = placeOfRule(index, effect, context);
    return comparisonsIn(condition.tree).flatMap(({ attribute, operation, constants, at }) => {
      if (operation === "startsWith") return [];
      const span = spanOf(place, at);
      if (attribute === "route.name") return unknownRoutes(constants, context, span);
      const words = vocabulary(attribute);
      return (words === undefined ? [] : constants)
        .filter((name) => !words?.names.includes(name))
        .map((name) => {
          const { hint, fix } = meantBy(name, words?.names ?? [], span);
          return diagnose("SL0418", { what: words?.what ?? "", name, hint }, span, fix);
        });
    });
  });
}

/** Names of answers that the compiler adds begin so. */
const GENERATED = "sluice:";

function unknownRoutes(names: readonly string[], { gateway }: PolicyContext, span: Diagnostic["span"]): Diagnostic[] {
  const known = gateway.routes.map(({ name }) => name);
  return names
    .filter((name) => !known.includes(name) && !name.startsWith(GENERATED))
    .map((name) => {
      const { hint, fix } = meantBy(name, known, span);
      return diagnose("SL0433", { name, hint }, span, fix);
    });
}

/** What a name that is not known was meant to be, in words and as a fix; neither if it is like none. */
function meantBy(
  name: string,
  known: readonly string[],
  span: Diagnostic["span"],
): { hint: string; fix: { fix?: Fix } } {
  const meant = nearest(name, known);
  if (meant === undefined) return { hint: "", fix: {} };
  return { hint: `; did you mean \`${meant}\`?`, fix: respelling(name, meant, span) };
}

/** The constants of a comparison with one name written as it is meant, if it stands there as it is and once. */
function respelling(name: string, meant: string, span: Diagnostic["span"]): { fix?: Fix } {
  const text = span.source.text.slice(span.start, span.end);
  const quoted = text.split(`"${name}"`);
  const [before, after, more] = quoted.length > 1 ? quoted : text.split(`'${name}'`);
  if (before === undefined || after === undefined || more !== undefined) return {};
  const start = span.start + before.length + 1;
  const edits = [{ span: { ...span, start, end: start + name.length }, newText: meant }];
  return { fix: { title: `write \`${meant}\``, safe: false, edits } };
}
