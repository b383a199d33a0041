import { evaluate } from "./evaluate.js";
import { lower } from "./lower.js";
import { type ApplyNode, type AttributeNode, childrenOf, type Typed, type Value } from "./tree.js";

/** Evaluations times nodes that one expression may cost; beyond it, it counts as one that can be true. */
const BUDGET = 20_000;

/** A character that is no text of anybody (Unicode, section 23.7), so a value that ends in it equals no constant. */
const OTHER = "\u{10ffff}";

/**
 * False if no request makes the expression true, as with `request.method == "GET" && request.method == "POST"`.
 *
 * A string meets constants by equality, membership and prefix: it then behaves like the longest constant that begins
 * it, either alone or followed by something else. An int meets constants by order: it behaves like a constant or a
 * neighbour of one. Any other test is taken for a value of its own, true or false; equal tests have equal values. So
 * trying these is trying everything, and some that cannot be. Missing values need no try: what is true with an unknown
 * part is true with any value there.
 */
export function canBeTrue(tree: Typed): boolean {
  const domains = new Map<string, Domain>();
  const simple = abstract(tree, domains);
  const combinations = [...domains.values()].reduce((product, domain) => product * count(domain), 1);
  if (combinations * size(tree) > BUDGET) return true;
  const choices = [...domains].map(([name, domain]) => ({ name, values: candidates(domain) }));
  for (let combination = 0; combination < combinations; combination++) {
    // The digits of the number, each in the base of its attribute, say which value the attribute has.
    const request = new Map<string, Value>();
    let digits = combination;
    for (const { name, values } of choices) {
      request.set(name, values[digits % values.length] ?? "");
      digits = Math.floor(digits / values.length);
    }
    if (evaluate(simple, (name, argument) => request.get(key(name, argument))) === true) return true;
  }
  return false;
}

type Domain =
  | { readonly of: "tests" }
  | { readonly of: "ints"; readonly constants: Set<number> }
  | { readonly of: "strings" | "lists"; readonly constants: Set<string> };

/** The expression with tests that the reasoning above does not cover replaced by bools, and what each value meets. */
function abstract(tree: Typed, domains: Map<string, Domain>): Typed {
  switch (tree.kind) {
    case "constant":
      return tree;
    case "not":
      return { ...tree, operand: abstract(tree.operand, domains) };
    case "and":
    case "or":
      return { ...tree, operands: tree.operands.map((operand) => abstract(operand, domains)) };
    case "choice": {
      if (tree.type !== "bool") return test(tree, domains);
      const [condition = tree, yes = tree, no = tree] = childrenOf(tree).map((child) => abstract(child, domains));
      return { ...tree, condition, yes, no };
    }
    case "apply":
      return isCovered(tree, domains) ? tree : test(tree, domains);
    case "attribute":
    case "has":
    case "cidr":
    case "matches":
      return test(tree, domains);
  }
}

/** A bool of its own; its name is the test itself, in a form that no attribute has. */
function test(tree: Typed, domains: Map<string, Domain>): AttributeNode {
  const name = JSON.stringify(lower(tree));
  domains.set(key(name, undefined), { of: "tests" });
  const { start, end } = tree;
  const attribute = { name, type: "bool", availability: "request", argument: "none" } as const;
  return { kind: "attribute", type: "bool", attribute, argument: undefined, start, end };
}

function isCovered({ operation, operands }: ApplyNode, domains: Map<string, Domain>): boolean {
  const [left, right] = operands;
  if (left === undefined || right === undefined) return false;
  switch (operation) {
    case "==":
    case "!=":
      return note(left, right, domains) || note(right, left, domains);
    case "<":
    case "<=":
    case ">":
    case ">=":
      return left.type !== "string" && (note(left, right, domains) || note(right, left, domains));
    case "in":
      return note(left, right, domains) || note(right, left, domains);
    case "startsWith":
      return note(left, right, domains);
    case "contains":
    case "endsWith":
    case "int":
    case "lowerAscii":
    case "size":
    case "string":
      return false;
  }
}

/** Notes that an attribute meets a constant; false if the two are something else. */
function note(attribute: Typed, constant: Typed, domains: Map<string, Domain>): boolean {
  if (attribute.kind !== "attribute" || constant.kind !== "constant" || attribute.type === "bool") return false;
  const values = typeof constant.value === "object" ? constant.value : [constant.value];
  const domain = domainOf(attribute, domains);
  if (values.some((value) => typeof value === "string" && value.includes(OTHER))) return false;
  for (const value of values) {
    if (typeof value === "number" && domain.of === "ints") domain.constants.add(value);
    if (typeof value === "string" && (domain.of === "strings" || domain.of === "lists")) domain.constants.add(value);
  }
  return true;
}

function domainOf(node: AttributeNode, domains: Map<string, Domain>): Domain {
  const name = key(node.attribute.name, node.argument);
  const domain = domains.get(name) ?? emptyDomain(node);
  domains.set(name, domain);
  return domain;
}

function emptyDomain({ type }: AttributeNode): Domain {
  switch (type) {
    case "bool":
      return { of: "tests" };
    case "string":
      return { of: "strings", constants: new Set() };
    case "list":
      return { of: "lists", constants: new Set() };
    case "int":
    case "ints":
    case "duration":
    case "timestamp":
      return { of: "ints", constants: new Set() };
  }
}

function count(domain: Domain): number {
  switch (domain.of) {
    case "tests":
      return 2;
    case "ints":
      return 3 * domain.constants.size + 1;
    case "lists":
      return 2 ** domain.constants.size;
    case "strings":
      return 2 * domain.constants.size + 1;
  }
}

/** As many as `count` says. */
function candidates(domain: Domain): Value[] {
  switch (domain.of) {
    case "tests":
      return [true, false];
    case "ints":
      return [0, ...[...domain.constants].flatMap((constant) => [constant - 1, constant, constant + 1])];
    case "strings":
      return [OTHER, ...[...domain.constants].flatMap((constant) => [constant, constant + OTHER])];
    case "lists": {
      let subsets: string[][] = [[]];
      for (const constant of domain.constants) subsets = subsets.flatMap((subset) => [subset, [...subset, constant]]);
      return subsets;
    }
  }
}

function size(tree: Typed): number {
  return childrenOf(tree).reduce((sum, child) => sum + size(child), 1);
}

function key(name: string, argument: string | undefined): string {
  return argument === undefined ? name : `${name}:${argument}`;
}
