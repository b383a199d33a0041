import { OPERATIONS } from "./operations.js";
import { type AttributeNode, type LogicNode, type Typed, typeOf, type Value } from "./tree.js";

/** Values of the attributes of one request; undefined where there is none, or more than one. */
export type Environment = (name: string, argument: string | undefined) => string | readonly string[] | undefined;

/** The value of an expression for one request, undefined if it is unknown: what the modules must decide too. */
export function evaluate(tree: Typed, environment: Environment): Value | undefined {
  switch (tree.kind) {
    case "constant":
      return tree.value;
    case "attribute":
      return read(tree, environment);
    case "apply": {
      const values = tree.operands.map((operand) => evaluate(operand, environment));
      const known = values.filter((value) => value !== undefined);
      return known.length === values.length ? OPERATIONS[tree.operation].apply(known) : undefined;
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
  return value !== undefined && typeOf(value) === attribute.type ? value : undefined;
}
