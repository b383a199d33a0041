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
    case "apply":
      return [tree.operation, ...tree.operands.map(lower)];
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
