import { OPERATIONS } from "./operations.js";
import type { ApplyNode, ConstantNode, LogicNode, NotNode, Range, Type, Typed, Value } from "./tree.js";
import { typeOf } from "./tree.js";

/** A tree without what is known beforehand, and the parts of its text that turned out to be. */
export interface Folded {
  readonly tree: Typed;
  /** The outermost parts that are always true or always false, other than the literals `true` and `false`. */
  readonly constants: readonly (Range & { readonly value: boolean })[];
}

/**
 * Computes what depends on constants only, and flattens `&&` in `&&` and `||` in `||`. Exact in Kleene's logic, where
 * `false && x` is false and `true && x` is x even if x is unknown.
 */
export function fold(tree: Typed): Folded {
  switch (tree.kind) {
    case "constant":
    case "attribute":
      return { tree, constants: [] };
    case "apply":
      return foldApply(tree);
    case "not":
      return foldNot(tree);
    case "and":
    case "or":
      return foldLogic(tree);
  }
}

function foldApply(tree: ApplyNode): Folded {
  const { operands, constants } = foldAll(tree.operands);
  const values = operands.flatMap((operand) => (operand.kind === "constant" ? [operand.value] : []));
  const value = values.length === operands.length ? OPERATIONS[tree.operation].apply(values) : undefined;
  if (value !== undefined) return constant(value, tree);
  return { tree: { ...tree, operands }, constants };
}

function foldNot(tree: NotNode): Folded {
  const { tree: operand, constants } = fold(tree.operand);
  if (operand.kind === "constant" && typeof operand.value === "boolean") return constant(!operand.value, tree);
  if (operand.kind === "not") return { tree: operand.operand, constants };
  return { tree: { ...tree, operand }, constants };
}

function foldLogic(tree: LogicNode): Folded {
  const decisive = tree.kind === "or";
  const { operands: folded, constants } = foldAll(tree.operands);
  if (folded.some((operand) => operand.kind === "constant" && operand.value === decisive))
    return constant(decisive, tree);
  const operands = folded
    .filter((operand) => operand.kind !== "constant")
    .flatMap((operand) => (operand.kind === tree.kind ? operand.operands : [operand]));
  const [first] = operands;
  if (first === undefined) return constant(!decisive, tree);
  return { tree: operands.length === 1 ? first : { ...tree, operands }, constants };
}

function foldAll(nodes: readonly Typed[]) {
  const folded = nodes.map(fold);
  return {
    operands: folded.map(({ tree }) => tree),
    constants: folded.flatMap(({ constants }) => constants),
  };
}

function constant(value: Value, { start, end }: Range): Folded {
  const type: Type = typeOf(value);
  const tree: ConstantNode = { kind: "constant", type, value, start, end };
  return { tree, constants: typeof value === "boolean" ? [{ start, end, value }] : [] };
}
