import { fold } from "./fold.js";
import type { Typed } from "./tree.js";

/**
 * An expression without the conditions that are true by themselves: exact in Kleene's logic, like `fold`.
 *
 * @param isTrue whether a condition, which is no `&&`, `||` or `!`, is true for every request
 */
export function settled(tree: Typed, isTrue: (condition: Typed) => boolean): Typed {
  return fold(replaced(tree, isTrue)).tree;
}

function replaced(tree: Typed, isTrue: (condition: Typed) => boolean): Typed {
  const { start, end } = tree;
  switch (tree.kind) {
    case "not":
      return { ...tree, operand: replaced(tree.operand, isTrue) };
    case "and":
    case "or":
      return { ...tree, operands: tree.operands.map((operand) => replaced(operand, isTrue)) };
    case "apply":
    case "attribute":
    case "choice":
    case "cidr":
    case "constant":
    case "has":
    case "matches":
      return isTrue(tree) ? { kind: "constant", type: "bool", value: true, start, end } : tree;
  }
}
