import { evaluate } from "./evaluate.js";
import type { ApplyNode, AttributeNode, Typed } from "./tree.js";

/** Evaluations times nodes that one expression may cost; beyond it, it counts as one that can be true. */
const BUDGET = 20_000;

/** A character that is no text of anybody (Unicode, section 23.7), so a value that ends in it equals no constant. */
const OTHER = "\u{10ffff}";

/**
 * False if no request makes the expression true, as with `request.method == "GET" && request.method == "POST"`.
 *
 * An attribute meets constants only, by equality, membership and prefix. A value then behaves like the longest constant
 * that begins it, either alone or followed by something else; so trying those is trying everything. Missing values need
 * no try: what is true with an unknown part is true with any value there.
 */
export function canBeTrue(tree: Typed): boolean {
  const domains = new Map<string, Domain>();
  if (!collect(tree, domains)) return true;
  const combinations = [...domains.values()].reduce((product, domain) => product * count(domain), 1);
  if (combinations * size(tree) > BUDGET) return true;
  const choices = [...domains].map(([name, domain]) => ({ name, values: candidates(domain) }));
  for (let combination = 0; combination < combinations; combination++) {
    // The digits of the number, each in the base of its attribute, say which value the attribute has.
    const request = new Map<string, string | readonly string[]>();
    let digits = combination;
    for (const { name, values } of choices) {
      request.set(name, values[digits % values.length] ?? "");
      digits = Math.floor(digits / values.length);
    }
    if (evaluate(tree, (name, argument) => request.get(key(name, argument))) === true) return true;
  }
  return false;
}

interface Domain {
  readonly list: boolean;
  readonly constants: Set<string>;
}

/** Notes which constants each attribute meets. False if one is used in a way that the reasoning above does not cover. */
function collect(tree: Typed, domains: Map<string, Domain>): boolean {
  switch (tree.kind) {
    case "constant":
      return true;
    case "attribute":
      return false;
    case "apply":
      return collectApply(tree, domains);
    case "not":
      return collect(tree.operand, domains);
    case "and":
    case "or":
      return tree.operands.every((operand) => collect(operand, domains));
  }
}

function collectApply({ operation, operands }: ApplyNode, domains: Map<string, Domain>): boolean {
  const [left, right] = operands;
  if (left === undefined || right === undefined) return false;
  switch (operation) {
    case "==":
    case "!=":
      return note(left, right, domains) || note(right, left, domains);
    case "in":
    case "startsWith":
      return note(left, right, domains) || (operation === "in" && note(right, left, domains));
  }
}

function note(attribute: Typed, constant: Typed, domains: Map<string, Domain>): boolean {
  if (attribute.kind !== "attribute" || constant.kind !== "constant" || attribute.type === "bool") return false;
  const values = typeof constant.value === "object" ? constant.value : [constant.value];
  const domain = domainOf(attribute, domains);
  for (const value of values) {
    if (typeof value !== "string" || value.includes(OTHER)) return false;
    domain.constants.add(value);
  }
  return true;
}

function domainOf(node: AttributeNode, domains: Map<string, Domain>): Domain {
  const name = key(node.attribute.name, node.argument);
  const domain = domains.get(name) ?? { list: node.type === "list", constants: new Set() };
  domains.set(name, domain);
  return domain;
}

function count({ list, constants }: Domain): number {
  return list ? 2 ** constants.size : 2 * constants.size + 1;
}

function candidates({ list, constants }: Domain): (string | readonly string[])[] {
  if (!list) return [OTHER, ...[...constants].flatMap((constant) => [constant, constant + OTHER])];
  let subsets: string[][] = [[]];
  for (const constant of constants) subsets = subsets.flatMap((subset) => [subset, [...subset, constant]]);
  return subsets;
}

function size(tree: Typed): number {
  switch (tree.kind) {
    case "constant":
    case "attribute":
      return 1;
    case "not":
      return 1 + size(tree.operand);
    case "apply":
    case "and":
    case "or":
      return 1 + tree.operands.reduce((sum, operand) => sum + size(operand), 0);
  }
}

function key(name: string, argument: string | undefined): string {
  return argument === undefined ? name : `${name}:${argument}`;
}
