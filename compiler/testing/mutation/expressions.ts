import { Findings } from "../../expression/findings.js";
import { parse } from "../../expression/parse.js";
import { placeOf } from "../../expression/place.js";
import type { CallSyntax, LogicSyntax, OperatorSyntax, Syntax } from "../../expression/syntax.js";
import type { ScalarNode } from "../../syntax/document.js";
import { widerBlock } from "./amounts.js";

/** A part of an expression, and what stands there afterwards. */
interface Replacement {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const TURNED: Readonly<Record<string, string>> = { "==": "!=", "!=": "==" };
const SHIFTED: Readonly<Record<string, string>> = { "<": "<=", "<=": "<", ">": ">=", ">=": ">" };

/** What may be done to a part of an expression. */
type ExpressionChange = (part: Syntax, text: string) => readonly Replacement[];

/** By the names of the operators. */
export const EXPRESSION_CHANGES: Readonly<Record<string, ExpressionChange>> = {
  "side-dropped": (part, text) => (part.kind === "logic" ? withoutSides(part, text) : []),
  "comparison-turned": (part) => otherSign(part, TURNED),
  "bound-shifted": (part) => otherSign(part, SHIFTED),
  "negation-dropped": (part, text) => (part.kind === "operator" && part.operator === "!" ? plain(part, text) : []),
  "element-dropped": (part, text) => withoutElements(part, text),
  "text-test-loosened": (part) => (part.kind === "call" ? loosened(part) : []),
  "anchor-dropped": (part, text) => (part.kind === "call" && part.name === "matches" ? unanchored(part, text) : []),
  "block-widened": (part) => (part.kind === "call" && part.name === "cidr" ? widened(part) : []),
};

/** The texts that one of these changes makes of an expression. */
export function changedExpressions(node: ScalarNode, change: ExpressionChange): string[] {
  const text = String(node.value);
  const syntax = parse(new Findings(text, placeOf(node, node.span)));
  if (syntax === undefined) return [];
  return partsOf(syntax)
    .flatMap((part) => change(part, text))
    .map((replacement) => text.slice(0, replacement.start) + replacement.text + text.slice(replacement.end));
}

function partsOf(syntax: Syntax): Syntax[] {
  return [syntax, ...childrenOf(syntax).flatMap(partsOf)];
}

function childrenOf(syntax: Syntax): readonly Syntax[] {
  switch (syntax.kind) {
    case "literal":
    case "name":
    case "foreign":
      return [];
    case "select":
      return [syntax.operand];
    case "index":
      return [syntax.operand, syntax.index];
    case "call":
      return syntax.receiver === undefined ? syntax.operands : [syntax.receiver, ...syntax.operands];
    case "list":
      return syntax.items;
    case "logic":
    case "operator":
      return syntax.operands;
  }
}

function withoutSides({ operator, operands, start, end }: LogicSyntax, text: string): Replacement[] {
  const whole = start === 0 && end === text.length;
  return operands.map((_, index) => {
    const rest = operands
      .filter((_operand, other) => other !== index)
      .map((operand) => text.slice(operand.start, operand.end))
      .join(` ${operator} `);
    return { start, end, text: whole ? rest : `(${rest})` };
  });
}

function otherSign(part: Syntax, signs: Readonly<Record<string, string>>): Replacement[] {
  const sign = part.kind === "operator" ? signs[part.operator] : undefined;
  return part.kind === "operator" && sign !== undefined ? [{ ...part.operatorRange, text: sign }] : [];
}

function plain({ start, end, operands }: OperatorSyntax, text: string): Replacement[] {
  return operands.map((operand) => ({ start, end, text: text.slice(operand.start, operand.end) }));
}

/** Of a list in `in [...]`; an empty one is no list of anything. */
function withoutElements(part: Syntax, text: string): Replacement[] {
  if (part.kind !== "list" || part.items.length < 2) return [];
  const { items, start, end } = part;
  return items.map((_, index) => {
    const rest = items.filter((_item, other) => other !== index).map((item) => text.slice(item.start, item.end));
    return { start, end, text: `[${rest.join(", ")}]` };
  });
}

function loosened({ name, nameRange }: CallSyntax): Replacement[] {
  return name === "startsWith" || name === "endsWith" ? [{ ...nameRange, text: "contains" }] : [];
}

/** `matches` finds its expression anywhere in a text, unless `^` and `$` hold it to both ends. */
function unanchored({ operands: [regex] }: CallSyntax, text: string): Replacement[] {
  if (regex?.kind !== "literal" || typeof regex.value !== "string") return [];
  const [start, end] = [text.indexOf("^", regex.start), text.lastIndexOf("$", regex.end)];
  return [
    ...(regex.value.startsWith("^") ? [{ start, end: start + 1, text: "" }] : []),
    ...(/(^|[^\\])\$$/.test(regex.value) ? [{ start: end, end: end + 1, text: "" }] : []),
  ];
}

function widened({ operands: [, block] }: CallSyntax): Replacement[] {
  if (block?.kind !== "literal" || typeof block.value !== "string") return [];
  const text = widerBlock(block.value);
  return text === undefined ? [] : [{ start: block.start, end: block.end, text: JSON.stringify(text) }];
}
