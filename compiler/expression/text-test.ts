import { OPERATIONS } from "./operations.js";
import { accepts } from "./regex/automaton.js";
import type { Effort } from "./regex/effort.js";
import type { Demand } from "./regex/meet.js";
import { compileRegex } from "./regex/regex.js";
import type { AttributeNode, Range, Typed } from "./tree.js";

/** A test that looks into the text of an attribute. */
export interface TextTest {
  readonly operation: "startsWith" | "endsWith" | "contains" | "matches";
  readonly attribute: AttributeNode;
  /** What is looked for; undefined for a regular expression. */
  readonly text: string | undefined;
  /** Where that stands. */
  readonly at: Range;
  holds(value: string): boolean;
  /** The test as an automaton; undefined if that would cost more than it may. */
  demand(effort: Effort): Demand | undefined;
}

/** Longest constant that is looked for: nobody writes a longer one that is impossible by chance. */
const LONGEST = 256;

export function textTest(tree: Typed): TextTest | undefined {
  if (tree.kind === "matches") {
    const { operand, automaton, end } = tree;
    if (operand.kind !== "attribute") return undefined;
    return {
      operation: "matches",
      attribute: operand,
      text: undefined,
      at: { start: operand.end, end },
      holds: (value) => accepts(automaton, Buffer.from(value)),
      demand: () => ({ automaton, found: true }),
    };
  }
  if (tree.kind !== "apply") return undefined;
  const { operation, operands } = tree;
  if (operation !== "startsWith" && operation !== "endsWith" && operation !== "contains") return undefined;
  const [attribute, constant] = operands;
  if (attribute?.kind !== "attribute" || constant?.kind !== "constant" || typeof constant.value !== "string")
    return undefined;
  return literalTest(operation, attribute, constant.value, constant);
}

/** The test of an attribute for a literal text. */
export function literalTest(
  operation: "startsWith" | "endsWith" | "contains",
  attribute: AttributeNode,
  text: string,
  { start, end }: Range,
): TextTest {
  const literal = text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const regex = { startsWith: `^(?:${literal})`, endsWith: `(?:${literal})$`, contains: literal }[operation];
  return {
    operation,
    attribute,
    text,
    at: { start, end },
    holds: (value) => OPERATIONS[operation].apply([value, text]) === true,
    demand(effort) {
      const automaton = text.length > LONGEST ? undefined : compileRegex(regex, effort);
      return automaton === undefined || "reason" in automaton ? undefined : { automaton, found: true };
    },
  };
}
