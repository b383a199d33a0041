import { evaluate } from "./evaluate.js";
import type {
  ApplyNode,
  ChoiceNode,
  CidrNode,
  LogicNode,
  MatchesNode,
  NotNode,
  Range,
  Type,
  Typed,
  Value,
} from "./tree.js";

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
    case "has":
      return { tree, constants: [] };
    case "apply":
      return foldApply(tree);
    case "cidr":
    case "matches":
      return foldTest(tree);
    case "choice":
      return foldChoice(tree);
    case "not":
      return foldNot(tree);
    case "and":
    case "or":
      return foldLogic(tree);
  }
}

function foldApply(tree: ApplyNode): Folded {
  const { operands, constants } = foldAll(tree.operands);
  return computed({ ...tree, operands }, constants);
}

function foldTest(tree: CidrNode | MatchesNode): Folded {
  const { tree: operand, constants } = fold(tree.operand);
  return computed({ ...tree, operand }, constants);
}

/** The value of an operation on constants; one that has none stays as it is. */
function computed(tree: ApplyNode | CidrNode | MatchesNode, constants: Folded["constants"]): Folded {
  const operands = tree.kind === "apply" ? tree.operands : [tree.operand];
  const value = operands.every(({ kind }) => kind === "constant") ? evaluate(tree, () => undefined) : undefined;
  return value === undefined ? { tree, constants } : constant(value, tree.type, tree);
}

function foldChoice(tree: ChoiceNode): Folded {
  const condition = fold(tree.condition);
  if (condition.tree.kind === "constant") {
    const chosen = fold(condition.tree.value === true ? tree.yes : tree.no);
    // A branch without an attribute is a constant of the whole; else only the condition is.
    return chosen.tree.kind === "constant"
      ? constant(chosen.tree.value, tree.type, tree)
      : { tree: chosen.tree, constants: [...condition.constants, ...chosen.constants] };
  }
  const { operands, constants } = foldAll([tree.yes, tree.no]);
  const [yes = tree.yes, no = tree.no] = operands;
  return {
    tree: { ...tree, condition: condition.tree, yes, no },
    constants: [...condition.constants, ...constants],
  };
}

function foldNot(tree: NotNode): Folded {
  const { tree: operand, constants } = fold(tree.operand);
  if (operand.kind === "constant" && typeof operand.value === "boolean") return constant(!operand.value, "bool", tree);
  if (operand.kind === "not") return { tree: operand.operand, constants };
  return { tree: { ...tree, operand }, constants };
}

function foldLogic(tree: LogicNode): Folded {
  const decisive = tree.kind === "or";
  const { operands: folded, constants } = foldAll(tree.operands);
  if (folded.some((operand) => operand.kind === "constant" && operand.value === decisive))
    return constant(decisive, "bool", tree);
  const operands = folded
    .filter((operand) => operand.kind !== "constant")
    .flatMap((operand) => (operand.kind === tree.kind ? operand.operands : [operand]));
  const [first] = operands;
  if (first === undefined) return constant(!decisive, "bool", tree);
  return { tree: operands.length === 1 ? first : { ...tree, operands }, constants };
}

function foldAll(nodes: readonly Typed[]) {
  const folded = nodes.map(fold);
  return {
    operands: folded.map(({ tree }) => tree),
    constants: folded.flatMap(({ constants }) => constants),
  };
}

function constant(value: Value, type: Type, { start, end }: Range): Folded {
  const constants = typeof value === "boolean" ? [{ start, end, value }] : [];
  return { tree: { kind: "constant", type, value, start, end }, constants };
}
