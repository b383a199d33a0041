import { type ASTNode, Environment, ParseError } from "@marcbachmann/cel-js";
import type { Findings } from "./findings.js";
import type { Syntax } from "./syntax.js";
import { syntaxError } from "./syntax-error.js";
import type { Range } from "./tree.js";

/** Longest expression, in UTF-16 code units. */
export const MAX_LENGTH = 65_536;
/** Names, values and operators of an expression; its program in the module (at most 4,096 steps) then fits. */
export const MAX_NODES = 2_000;
/** Levels of nesting; the module's JSON parser takes 64, of which the configuration around a predicate needs some. */
export const MAX_DEPTH = 32;

const cel = new Environment({
  unlistedVariablesAreDyn: true,
  limits: { maxAstNodes: MAX_NODES, maxDepth: 2 * MAX_DEPTH, maxListElements: MAX_NODES, maxCallArguments: 16 },
});

/** Reads an expression, or reports why it is none. Limits hold before any work that grows with the text. */
export function parse(findings: Findings): Syntax | undefined {
  const { text } = findings;
  const all = { start: 0, end: text.length };
  if (text.length > MAX_LENGTH) return tooLarge(findings, all);
  if (text.trim() === "") return findings.add("SL0502", {}, all);
  try {
    return new Reading(text).read(cel.parse(text).ast);
  } catch (error) {
    if (error instanceof ParseError && error.code !== "limit_exceeded")
      return syntaxError(findings, error, isExpression);
    // The parser counts the depth of everything but unary operators: a run of thousands of them ends its stack.
    if (error instanceof ParseError || error instanceof RangeError || error instanceof TooDeep)
      return tooLarge(findings, all);
    throw error;
  }
}

function isExpression(text: string): boolean {
  try {
    cel.parse(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError || error instanceof RangeError) return false;
    throw error;
  }
}

function tooLarge(findings: Findings, range: Range): undefined {
  return findings.add("SL0503", { length: MAX_LENGTH, nodes: MAX_NODES, depth: MAX_DEPTH }, range);
}

class TooDeep extends Error {}

/** The library's tree as our own. */
class Reading {
  readonly #text: string;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(node: ASTNode): Syntax {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new TooDeep();
    const syntax = this.#convert(node);
    this.#depth -= 1;
    return syntax;
  }

  #convert(node: ASTNode): Syntax {
    const { start, end } = node;
    switch (node.op) {
      case "value":
        return literal(node.args, { start, end });
      case "id":
        return { kind: "name", name: node.args, start, end };
      case ".":
      case ".?": {
        const operand = this.#operand(node.args[0]);
        return { kind: "select", operand, field: node.args[1], start: operand.start, end };
      }
      case "[]":
      case "[?]": {
        const operand = this.#operand(node.args[0]);
        return { kind: "index", operand, index: this.read(node.args[1]), start: operand.start, end };
      }
      case "call":
        return this.#call(node.args[0], undefined, node.args[1], node);
      case "rcall":
        return this.#call(node.args[0], this.#operand(node.args[1]), node.args[2], node);
      case "list":
        return { kind: "list", items: node.args.map((item) => this.read(item)), start, end };
      case "map":
        return { kind: "foreign", construct: "a map", start, end };
      case "&&":
      case "||":
        return this.#logic(node.op, node);
      case "?:":
        return this.#operator("?:", node.args, "?");
      case "!_":
      case "-_": {
        const operand = this.#operand(node.args);
        const operator = node.op === "!_" ? "!" : "-";
        const sign = { start, end: start + 1 };
        if (operator === "-" && operand.kind === "literal" && typeof operand.value === "bigint")
          return { kind: "literal", value: -operand.value, start, end: operand.end };
        return { kind: "operator", operator, operatorRange: sign, operands: [operand], start, end: operand.end };
      }
      default:
        return this.#operator(node.op, node.args, node.op);
    }
  }

  /** The parser nests a chain of one operator to the left; a loop takes it apart, however long it is. */
  #logic(operator: "&&" | "||", node: ASTNode): Syntax {
    const reversed: ASTNode[] = [];
    let rest = node;
    while (rest.op === operator) {
      reversed.push(rest.args[1]);
      rest = rest.args[0];
    }
    const operands = [rest, ...reversed.toReversed()].map((operand) => this.#operand(operand));
    // `((a || b) || c)`: the parentheses around the first part of a chain belong to no operand, and yet to the chain.
    const range = operands.reduce<Range>(
      (before, { end }) => ({ start: this.#parenthesised(before).start, end }),
      hull(operands.slice(0, 1)),
    );
    return { kind: "logic", operator, operands, ...range };
  }

  #operator(operator: string, nodes: readonly ASTNode[], sign: string): Syntax {
    const operands = nodes.map((operand) => this.#operand(operand));
    const operatorRange = this.#find(sign, operands[0]?.end ?? 0);
    return { kind: "operator", operator, operatorRange, operands, ...hull(operands) };
  }

  #call(name: string, receiver: Syntax | undefined, nodes: readonly ASTNode[], { start, end }: Range): Syntax {
    const operands = nodes.map((operand) => this.read(operand));
    const nameRange = this.#find(name, receiver?.end ?? start);
    return { kind: "call", name, nameRange, receiver, operands, start: receiver?.start ?? start, end };
  }

  /**
   * An operand together with the parentheses around it, which the library's ranges leave out. On its inner side an
   * operand borders on its operator, so a pair around it can be nobody else's.
   */
  #operand(node: ASTNode): Syntax {
    const syntax = this.read(node);
    return { ...syntax, ...this.#parenthesised(syntax) };
  }

  #parenthesised({ start, end }: Range): Range {
    const before = this.#skipSpace(start - 1, -1);
    const after = this.#skipSpace(end, 1);
    const isInside = this.#text[before] === "(" && this.#text[after] === ")";
    return isInside ? this.#parenthesised({ start: before, end: after + 1 }) : { start, end };
  }

  #skipSpace(from: number, step: 1 | -1): number {
    let index = from;
    while (/^[ \t\r\n]$/.test(this.#text[index] ?? "")) index += step;
    return index;
  }

  #find(word: string, from: number): Range {
    const start = Math.max(from, this.#text.indexOf(word, from));
    return { start, end: start + word.length };
  }
}

function hull(operands: readonly Range[]): Range {
  return { start: operands[0]?.start ?? 0, end: operands.at(-1)?.end ?? 0 };
}

function literal(value: unknown, range: Range): Syntax {
  switch (typeof value) {
    case "string":
    case "boolean":
    case "bigint":
      return { kind: "literal", value, ...range };
    case "number":
      return { kind: "foreign", construct: "a floating-point number", ...range };
    default:
      if (value === null) return { kind: "foreign", construct: "`null`", ...range };
      return {
        kind: "foreign",
        construct: value instanceof Uint8Array ? "a bytes literal" : "an unsigned integer",
        ...range,
      };
  }
}
