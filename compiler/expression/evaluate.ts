import { inBlock } from "./cidr.js";
import { OPERATIONS } from "./operations.js";
import { accepts } from "./regex/automaton.js";
import { type AttributeNode, hasType, type LogicNode, type Typed, type Value } from "./tree.js";

/** Stands for a value that is there, but not to be told: given twice, or in an encoding that nobody can read. */
export const AMBIGUOUS: unique symbol = Symbol("ambiguous");

/** Values of the attributes of one request; undefined where there is none. */
export type Environment = (name: string, argument: string | undefined) => Value | typeof AMBIGUOUS | undefined;

/** The value of an expression for one request, undefined if it is unknown: what the modules must decide too. */
export function evaluate(tree: Typed, environment: Environment): Value | undefined {
  switch (tree.kind) {
    case "constant":
      return tree.value;
    case "attribute":
      return read(tree, environment);
    case "has":
      return environment(tree.operand.attribute.name, tree.operand.argument) !== undefined;
    case "apply": {
      const values = tree.operands.map((operand) => evaluate(operand, environment));
      const known = values.filter((value) => value !== undefined);
      return known.length === values.length ? OPERATIONS[tree.operation].apply(known) : undefined;
    }
    case "cidr": {
      const value = evaluate(tree.operand, environment);
      return typeof value === "string" ? inBlock(value, tree.block) : undefined;
    }
    case "matches": {
      const value = evaluate(tree.operand, environment);
      return typeof value === "string" ? accepts(tree.automaton, Buffer.from(value)) : undefined;
    }
    case "choice": {
      const condition = evaluate(tree.condition, environment);
      return condition === undefined ? undefined : evaluate(condition === true ? tree.yes : tree.no, environment);
    }
    case "not": {
      const value = evaluate(tree.operand, environment);
      return typeof value === "boolean" ? !value : undefined;
    }
    case "and":
    case "or":
      return logic(tree, environment);
  }
}

/** Of `&&`, one false decides; then one unknown; and `||` the other way round (Kleene). */
function logic(tree: LogicNode, environment: Environment): boolean | undefined {
  const decisive = tree.kind === "or";
  let unknown = false;
  for (const operand of tree.operands) {
    const value = evaluate(operand, environment);
    if (value === decisive) return decisive;
    unknown ||= typeof value !== "boolean";
  }
  return unknown ? undefined : !decisive;
}

function read({ attribute, argument }: AttributeNode, environment: Environment): Value | undefined {
  const value = environment(attribute.name, argument);
  return value !== undefined && value !== AMBIGUOUS && hasType(value, attribute.type) ? value : undefined;
}
