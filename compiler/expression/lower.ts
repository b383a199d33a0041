import type { Json } from "../plan/plan.js";
import { serialise } from "./regex/automaton.js";
import type { AttributeNode, Typed, Value } from "./tree.js";

/** The predicate form of filters/modules/README.md: an array is an operation, anything else a constant. */
export type JsonPredicate = string | number | boolean | JsonPredicate[];

/**
 * The predicate form of a tree; equal trees give equal forms.
 *
 * @param part gives the form of what stands directly under the tree
 */
export function lower(tree: Typed, part: (tree: Typed) => JsonPredicate = (one) => lower(one)): JsonPredicate {
  switch (tree.kind) {
    case "constant":
      return lowerConstant(tree.value);
    case "attribute":
      return lowerAttribute(tree);
    case "has":
      return ["has", lowerAttribute(tree.operand)];
    case "apply":
      return [tree.operation, ...tree.operands.map(part)];
    case "cidr":
      return ["cidr", part(tree.operand), tree.block.text];
    case "matches":
      return ["matches", part(tree.operand), Buffer.from(serialise(tree.automaton)).toString("base64")];
    case "choice":
      return ["?:", part(tree.condition), part(tree.yes), part(tree.no)];
    case "not":
      return ["!", part(tree.operand)];
    case "and":
      return ["&&", ...tree.operands.map(part)];
    case "or":
      return ["||", ...tree.operands.map(part)];
  }
}

/** Whether a configuration of the module reads an attribute of some kind, in whatever predicate or key. */
export function readsIn(value: Json, isOne: (attribute: string) => boolean): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (!Array.isArray(value)) return Object.values(value).some((inner) => readsIn(inner, isOne));
  const [operation, attribute] = value;
  const isRead = operation === "get" && typeof attribute === "string" && isOne(attribute);
  return isRead || value.some((inner) => readsIn(inner, isOne));
}

function lowerConstant(value: Value): JsonPredicate {
  return typeof value === "object" ? ["list", ...value] : value;
}

function lowerAttribute({ attribute, argument }: AttributeNode): JsonPredicate {
  return argument === undefined ? ["get", attribute.name] : ["get", attribute.name, argument];
}
