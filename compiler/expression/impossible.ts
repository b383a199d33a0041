import { written } from "./attributes.js";
import { ALWAYS_KNOWN, ALWAYS_THERE, intDomain, isAlways, textDomain, whyNever, whyNot } from "./domains.js";
import { evaluate } from "./evaluate.js";
import type { OperationName } from "./operations.js";
import type { Effort } from "./regex/effort.js";
import { literalTest, type TextTest, textTest } from "./text-test.js";
import type { ApplyNode, AttributeNode, ConstantNode, HasNode, MatchesNode, Range, Typed } from "./tree.js";

/** A comparison that no value of its attribute makes true, or one text of a list that none is equal to. */
export interface Never {
  /** As it is written. */
  readonly attribute: string;
  /** "is never `x`" and the like. */
  readonly never: string;
  readonly reason: string;
  /** The constant in question: its node, and of a list which element. */
  readonly at: Range;
  readonly element: number | undefined;
  /** What it is meant to be, and whether that is only another spelling. */
  readonly instead?: { readonly text: string; readonly same: boolean } | undefined;
}

/**
 * What can never be true in a condition; empty for everything but an attribute against constants.
 *
 * @param effort what may be spent; where it does not suffice, nothing is found
 */
export function impossibleIn(tree: Typed, effort: Effort): Never[] {
  if (tree.kind === "matches") return neverText(tree, effort);
  if (tree.kind !== "apply") return [];
  switch (tree.operation) {
    case "startsWith":
    case "endsWith":
    case "contains":
      return neverText(tree, effort);
    case "==":
    case "!=":
    case "in":
      return [...unequal(tree), ...outOfRange(tree)];
    case "<":
    case "<=":
    case ">":
    case ">=":
      return outOfRange(tree);
    case "int":
    case "lowerAscii":
    case "size":
    case "string":
      return [];
  }
}

/** An attribute and the constant that it meets, whichever way round. */
function pairOf({ operands }: ApplyNode): { attribute: AttributeNode; constant: ConstantNode } | undefined {
  const [left, right] = operands;
  if (left?.kind === "attribute" && right?.kind === "constant") return { attribute: left, constant: right };
  if (left?.kind === "constant" && right?.kind === "attribute") return { attribute: right, constant: left };
  return undefined;
}

function unequal(tree: ApplyNode): Never[] {
  const pair = pairOf(tree);
  if (pair === undefined || pair.attribute.type !== "string") return [];
  const { attribute, constant } = pair;
  const isList = typeof constant.value === "object";
  const values: readonly unknown[] = isList ? constant.value : [constant.value];
  const domain = textDomain(attribute.attribute.name);
  return values.flatMap((text, element) => {
    const reason = typeof text === "string" ? whyNot(domain, text) : undefined;
    if (typeof text !== "string" || reason === undefined) return [];
    const meant = domain.respell(text);
    return {
      attribute: nameOf(attribute),
      never: `is never \`${text}\``,
      reason,
      at: constant,
      element: isList ? element : undefined,
      instead: meant !== undefined && whyNot(domain, meant.text) === undefined ? meant : undefined,
    };
  });
}

const VERBS: Readonly<Record<TextTest["operation"], string>> = {
  startsWith: "never begins with",
  endsWith: "never ends with",
  contains: "never contains",
  matches: "never matches",
};

function neverText(tree: ApplyNode | MatchesNode, effort: Effort): Never[] {
  const test = textTest(tree);
  if (test === undefined) return [];
  const { operation, attribute, text, at } = test;
  const domain = textDomain(attribute.attribute.name);
  const reason = whyNever(domain, test, effort);
  if (reason === undefined) return [];
  const what = text === undefined ? "this expression" : `\`${text}\``;
  const never = `${VERBS[operation]} ${what}`;
  const meant = text === undefined ? undefined : domain.respell(text);
  const better = meant && operation !== "matches" ? literalTest(operation, attribute, meant.text, at) : undefined;
  const helps = better !== undefined && whyNever(domain, better, effort) === undefined;
  return [{ attribute: nameOf(attribute), never, reason, at, element: undefined, instead: helps ? meant : undefined }];
}

/** A number that its attribute, or a size, cannot come to. */
function outOfRange(tree: ApplyNode): Never[] {
  const [left, right] = tree.operands;
  const value = left?.kind === "constant" ? right : left;
  const constant = left?.kind === "constant" ? left : right;
  if (value === undefined || constant?.kind !== "constant") return [];
  const bounds = boundsOf(value);
  if (bounds === undefined) return [];
  const tries = candidates(constant, bounds).map((number) => holds(tree, value, number));
  const { reason } = bounds;
  if (tries.length === 0 || tries.includes(tree.operation !== "!=")) return [];
  const never = `is never ${relation(tree.operation, left === constant)}${JSON.stringify(constant.value)}`;
  const name = value.kind === "attribute" ? nameOf(value) : "size()";
  return [{ attribute: name, never, reason, at: constant, element: undefined }];
}

/** What stands before the number in a sentence. */
function relation(operation: OperationName, flipped: boolean): string {
  switch (operation) {
    case "<":
      return flipped ? "more than " : "less than ";
    case "<=":
      return flipped ? "at least " : "at most ";
    case ">":
      return flipped ? "less than " : "more than ";
    case ">=":
      return flipped ? "at most " : "at least ";
    case "in":
      return "in ";
    default:
      return "";
  }
}

function boundsOf(value: Typed) {
  if (value.kind === "attribute") return intDomain(value.attribute.name);
  if (value.kind === "apply" && value.operation === "size")
    return { least: 0, most: Number.MAX_SAFE_INTEGER, reason: "a size counts from zero" };
  return undefined;
}

/** Numbers that behave like all numbers of the bounds. */
function candidates({ value }: ConstantNode, { least, most }: { least: number; most: number }): number[] {
  const constants: readonly unknown[] = typeof value === "object" ? value : [value];
  const near = constants.flatMap((one) => (typeof one === "number" ? [one - 1, one, one + 1] : []));
  return near.length === 0 ? [] : [least, most, ...near.filter((one) => one >= least && one <= most)];
}

function holds(tree: ApplyNode, value: Typed, number: number): boolean {
  const { start, end } = value;
  const known: ConstantNode = { kind: "constant", type: "int", value: number, start, end };
  const operands = tree.operands.map((operand) => (operand === value ? known : operand));
  return evaluate({ ...tree, operands }, () => undefined) === true;
}

/** A condition that every value of its attribute makes true. */
export interface Always {
  readonly node: HasNode | ApplyNode | MatchesNode;
  readonly operand: AttributeNode;
  /** It is true for every request; else it is unknown where there is no value. */
  readonly everywhere: boolean;
}

/**
 * Whether a condition is true whatever the value is; undefined if not surely.
 *
 * @param effort what may be spent; where it does not suffice, the condition is not surely true
 * @param known names of attributes that every request has a value of
 */
export function alwaysOf(tree: Typed, effort: Effort, known: ReadonlySet<string> = ALWAYS_KNOWN): Always | undefined {
  if (tree.kind === "has") {
    const { name } = tree.operand.attribute;
    return ALWAYS_THERE.has(name) ? { node: tree, operand: tree.operand, everywhere: true } : undefined;
  }
  if (tree.kind !== "apply" && tree.kind !== "matches") return undefined;
  const test = textTest(tree);
  if (test === undefined || !isAlways(textDomain(test.attribute.attribute.name), test, effort)) return undefined;
  return { node: tree, operand: test.attribute, everywhere: known.has(test.attribute.attribute.name) };
}

function nameOf({ attribute, argument }: AttributeNode): string {
  return written(attribute.name, argument);
}
