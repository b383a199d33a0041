import { written } from "../expression/attributes.js";
import { type Environment, evaluate } from "../expression/evaluate.js";
import type { Expression } from "../expression/expression.js";
import type { Typed } from "../expression/tree.js";
import type { Reason, RequestView, Truth } from "./verdict.js";

/** What a condition is for a request, and why: the operands of `&&` and `||` that decide, and the values they read. */
export function judge(expression: Expression, view: RequestView): { truth: Truth; because: Reason[] } {
  return { truth: truthOf(expression.tree, view), because: because(expression, expression.tree, view) };
}

function truthOf(tree: Typed, view: RequestView): Truth {
  const value = evaluate(tree, view.attribute);
  return typeof value === "boolean" ? (value ? "true" : "false") : "unknown";
}

function because(expression: Expression, tree: Typed, view: RequestView): Reason[] {
  switch (tree.kind) {
    case "not":
      return because(expression, tree.operand, view);
    case "and":
    case "or":
      return deciding(tree.operands, tree.kind === "or" ? "true" : "false", view).map((operand) => {
        const inner = because(expression, operand, view);
        const text = expression.text.slice(operand.start, operand.end);
        return { text, truth: truthOf(operand, view), ...(inner.length === 0 ? {} : { because: inner }) };
      });
    default:
      return valuesRead(tree, view);
  }
}

/** One decisive operand is enough; else those that are unknown; else all of them together. */
function deciding(operands: readonly Typed[], decisive: Truth, view: RequestView): readonly Typed[] {
  const first = operands.find((operand) => truthOf(operand, view) === decisive);
  if (first !== undefined) return [first];
  const unknown = operands.filter((operand) => truthOf(operand, view) === "unknown");
  return unknown.length > 0 ? unknown : operands;
}

/** Attributes that are read while a part is evaluated, each once. */
function valuesRead(tree: Typed, view: RequestView): Reason[] {
  const read = new Map<string, string>();
  const noting: Environment = (name, argument) => {
    read.set(written(name, argument), view.show(name, argument));
    return view.attribute(name, argument);
  };
  evaluate(tree, noting);
  return [...read].map(([name, value]) => ({ text: `${name} is ${value}` }));
}
