import type { Expression } from "./expression.js";
import { alwaysOf } from "./impossible.js";
import { reasoningEffortOf } from "./regex/effort.js";
import { settled } from "./settled.js";
import { childrenOf, type Typed } from "./tree.js";

/** One rule of an ordered list: `allow` fires if its expression is true, `deny` also if it is unknown. */
export interface Rule {
  readonly effect: "allow" | "deny";
  /** Absent for what holds when no rule fires: that fires always. */
  readonly expression: Expression | undefined;
}

/**
 * How many steps of the search may still be made: one is a request that a rule is tried with, or a constant or condition
 * that was looked at for a question with too many answers.
 */
export interface Budget {
  steps: number;
}

/** A character that is no text of anybody (Unicode, section 23.7), so a value that ends in it equals no constant. */
const OTHER = "\u{10ffff}";

/**
 * False if surely on every request where `late` would fire one of `earlier` fires first.
 *
 * Requests are tried as in `canBeTrue`: an attribute that meets constants by equality, membership and prefix behaves like one of
 * them, or like none. Here missing values are tried as well, as `deny` fires on them. Any other condition may be true, false or
 * unknown as it likes, but the same text is the same condition. So more is tried than there can be, never less.
 *
 * @param budget what the search takes its steps from; where they do not suffice, the answer is that the rule can fire
 * @param known names of attributes that every request has a value of
 * @param isMissing which attributes no request has that is asked about
 */
export function canFire(
  late: Rule,
  earlier: readonly Rule[],
  budget: Budget,
  known: ReadonlySet<string> = new Set(),
  isMissing: (attribute: string) => boolean = () => false,
): boolean {
  const unknowns = new Unknowns(known, isMissing);
  const fits = () => unknowns.combinations() * (1 + earlier.length) <= budget.steps;
  for (const { expression } of [late, ...earlier]) {
    if (expression !== undefined) unknowns.collect(expression);
    if (fits()) continue;
    budget.steps -= Math.min(unknowns.size, budget.steps);
    return true;
  }
  budget.steps -= unknowns.combinations() * (1 + earlier.length);
  for (const world of unknowns.worlds())
    if (fires(late, world) && !earlier.some((rule) => fires(rule, world))) return true;
  return false;
}

/** Rules as they are where some attributes have a value in every request: without the conditions that then hold by themselves. */
export function knowing(rules: readonly Rule[], known: ReadonlySet<string>): Rule[] {
  return rules.map(({ effect, expression }) => {
    if (expression === undefined) return { effect, expression };
    const effort = reasoningEffortOf(expression.span.source);
    const isTrue = (tree: Typed) =>
      (tree.kind === "has" && known.has(tree.operand.attribute.name)) ||
      alwaysOf(tree, effort, known)?.everywhere === true;
    return { effect, expression: { ...expression, tree: settled(expression.tree, isTrue) } };
  });
}

type Truth = boolean | undefined;

/** A value for each unknown: a text, the texts of a list, or the truth of a condition; undefined is a value too. */
type World = ReadonlyMap<string, string | readonly string[] | boolean | undefined>;

function fires({ effect, expression }: Rule, world: World): boolean {
  if (expression === undefined) return true;
  const truth = truthOf(expression.tree, expression.text, world);
  return effect === "allow" ? truth === true : truth !== false;
}

function truthOf(tree: Typed, text: string, world: World): Truth {
  switch (tree.kind) {
    case "constant":
      return typeof tree.value === "boolean" ? tree.value : undefined;
    case "not": {
      const truth = truthOf(tree.operand, text, world);
      return truth === undefined ? undefined : !truth;
    }
    case "and":
    case "or": {
      const truths = tree.operands.map((operand) => truthOf(operand, text, world));
      const decisive = tree.kind === "or";
      return truths.includes(decisive) ? decisive : truths.includes(undefined) ? undefined : !decisive;
    }
    default:
      return truthOfCondition(tree, text, world);
  }
}

function truthOfCondition(tree: Typed, text: string, world: World): Truth {
  const comparison = comparisonOf(tree);
  if (comparison === undefined) {
    const truth = world.get(conditionKey(tree, text));
    return typeof truth === "boolean" ? truth : undefined;
  }
  const value = world.get(comparison.attribute);
  if (value === undefined || typeof value === "boolean") return undefined;
  const { constants, operation } = comparison;
  if (typeof value === "object") return constants.some((constant) => value.includes(constant));
  switch (operation) {
    case "startsWith":
      return constants.some((constant) => value.startsWith(constant));
    case "!=":
      return !constants.includes(value);
    case "==":
    case "in":
      return constants.includes(value);
  }
}

/** An attribute that is compared with constants, in a way that the search understands. */
export interface Comparison {
  /** Name of the attribute, with its argument if it takes one. */
  readonly attribute: string;
  readonly list: boolean;
  readonly operation: "==" | "!=" | "in" | "startsWith";
  readonly constants: readonly string[];
  /** The constants, as they stand in the text. */
  readonly at: Typed;
}

/** What a condition compares; undefined for everything but an attribute and string constants. */
export function comparisonOf(tree: Typed): Comparison | undefined {
  if (tree.kind !== "apply") return undefined;
  const { operation, operands } = tree;
  const [left, right] = operands;
  if (left === undefined || right === undefined) return undefined;
  switch (operation) {
    case "==":
    case "!=":
      return comparison(operation, left, right) ?? comparison(operation, right, left);
    case "in":
      return left.kind === "attribute" ? comparison(operation, left, right) : comparison(operation, right, left);
    case "startsWith":
      return comparison(operation, left, right);
    default:
      return undefined;
  }
}

function comparison(operation: Comparison["operation"], left: Typed, right: Typed): Comparison | undefined {
  if (left.kind !== "attribute" || right.kind !== "constant") return undefined;
  if (left.type !== "string" && left.type !== "list") return undefined;
  const values: readonly unknown[] = typeof right.value === "object" ? right.value : [right.value];
  const constants = values.filter((value) => typeof value === "string");
  if (constants.length !== values.length || constants.some((constant) => constant.includes(OTHER))) return undefined;
  const { attribute, argument } = left;
  const name = argument === undefined ? attribute.name : `${attribute.name}:${argument}`;
  return { attribute: name, list: left.type === "list", operation, constants, at: right };
}

/** Every comparison of an expression, in the order of the text. */
export function comparisonsIn(tree: Typed): Comparison[] {
  const own = comparisonOf(tree);
  return own === undefined ? childrenOf(tree).flatMap(comparisonsIn) : [own];
}

/** Whether an expression reads an attribute of some kind. */
export function mentions(tree: Typed, isOne: (attribute: string) => boolean): boolean {
  return tree.kind === "attribute" ? isOne(tree.attribute.name) : childrenOf(tree).some((one) => mentions(one, isOne));
}

/** Of an attribute as comparisons have it, without what it is asked for. */
function nameOf(attribute: string): string {
  const [name = attribute] = attribute.split(":");
  return name;
}

function conditionKey({ start, end }: Typed, text: string): string {
  return `condition ${text.slice(start, end)}`;
}

/** What the rules of one question do not know of a request, and the requests that differ to them. */
class Unknowns {
  private readonly attributes = new Map<string, { list: boolean; constants: Set<string> }>();
  /** What each may be. */
  private readonly conditions = new Map<string, readonly Truth[]>();
  private readonly known: ReadonlySet<string>;
  private readonly isMissing: (attribute: string) => boolean;

  constructor(known: ReadonlySet<string>, isMissing: (attribute: string) => boolean) {
    this.known = known;
    this.isMissing = isMissing;
  }

  collect({ tree, text }: Expression): void {
    this.collectFrom(tree, text);
  }

  private collectFrom(tree: Typed, text: string): void {
    if (tree.kind === "constant") return;
    if (tree.kind === "not" || tree.kind === "and" || tree.kind === "or") {
      for (const child of childrenOf(tree)) this.collectFrom(child, text);
      return;
    }
    const compared = comparisonOf(tree);
    if (compared === undefined) {
      this.conditions.set(conditionKey(tree, text), this.truthsOf(tree));
      return;
    }
    // A comparison with what is not there is unknown.
    if (this.isMissing(nameOf(compared.attribute))) return;
    const known = this.attributes.get(compared.attribute) ?? { list: compared.list, constants: new Set<string>() };
    for (const constant of compared.constants) known.constants.add(constant);
    this.attributes.set(compared.attribute, known);
  }

  /** How many constants and conditions there are. */
  get size(): number {
    return [...this.attributes.values()].reduce((sum, one) => sum + one.constants.size, this.conditions.size);
  }

  private truthsOf(tree: Typed): readonly Truth[] {
    // Of a choice only one side counts.
    if (tree.kind === "choice" || !mentions(tree, this.isMissing)) return [true, false, undefined];
    return tree.kind === "has" ? [false] : [undefined];
  }

  combinations(): number {
    let product = 1;
    for (const truths of this.conditions.values()) product *= truths.length;
    for (const [name, { list, constants }] of this.attributes)
      product *= (list ? 2 ** constants.size : 2 * constants.size + 1) + (this.known.has(name) ? 0 : 1);
    return product;
  }

  /** Every combination; there are as many as `combinations` says. */
  *worlds(): Generator<World> {
    const choices = [
      ...[...this.attributes].map(([name, { list, constants }]) => ({
        name,
        values: [...(this.known.has(name) ? [] : [undefined]), ...candidates(list, constants)],
      })),
      ...[...this.conditions].map(([name, values]) => ({ name, values })),
    ];
    const last = this.combinations();
    for (let combination = 0; combination < last; combination++) {
      // The digits of the number, each in the base of its unknown, say which value the unknown has.
      const world = new Map<string, string | readonly string[] | boolean | undefined>();
      let digits = combination;
      for (const { name, values } of choices) {
        world.set(name, values[digits % values.length]);
        digits = Math.floor(digits / values.length);
      }
      yield world;
    }
  }
}

function candidates(list: boolean, constants: ReadonlySet<string>): (string | readonly string[])[] {
  if (!list) return [OTHER, ...[...constants].flatMap((constant) => [constant, constant + OTHER])];
  let subsets: string[][] = [[]];
  for (const constant of constants) subsets = subsets.flatMap((subset) => [subset, [...subset, constant]]);
  return subsets;
}
