import { serialise } from "./regex/automaton.js";
import type { AttributeNode, Typed, Value } from "./tree.js";

/** The predicate form of filters/modules/README.md: an array is an operation, anything else a constant. */
export type JsonPredicate = string | number | boolean | JsonPredicate[];

/** The predicate form of a tree; equal trees give equal forms. */
export function lower(tree: Typed): JsonPredicate {
  switch (tree.kind) {
    case "constant":
      return lowerConstant(tree.value);
    case "attribute":
      return lowerAttribute(tree);
    case "has":
      return ["has", lowerAttribute(tree.operand)];
    case "apply":
      return [tree.operation, ...tree.operands.map(lower)];
    case "cidr":
      return ["cidr", lower(tree.operand), tree.block.text];
    case "matches":
      return ["matches", lower(tree.operand), Buffer.from(serialise(tree.automaton)).toString("base64")];
    case "choice":
      return ["?:", lower(tree.condition), lower(tree.yes), lower(tree.no)];
    case "not":
      return ["!", lower(tree.operand)];
    case "and":
      return ["&&", ...tree.operands.map(lower)];
    case "or":
      return ["||", ...tree.operands.map(lower)];
  }
}

function lowerConstant(value: Value): JsonPredicate {
  return typeof value === "object" ? ["list", ...value] : value;
}

function lowerAttribute({ attribute, argument }: AttributeNode): JsonPredicate {
  return argument === undefined ? ["get", attribute.name] : ["get", attribute.name, argument];
}
