import type { Attribute } from "./attributes.js";
import type { Block } from "./cidr.js";
import type { OperationName } from "./operations.js";
import type { Automaton } from "./regex/automaton.js";

/**
 * Types of the language. `list` is a list of strings, `ints` one of ints, `int` a whole number within ±(2^53 - 1). A
 * `duration` is milliseconds and a `timestamp` milliseconds since 1970, UTC; the modules see both as ints.
 */
export type Type = "bool" | "string" | "int" | "list" | "ints" | "duration" | "timestamp";

/** A value of the language; whole numbers only. */
export type Value = string | number | boolean | readonly string[] | readonly number[];

/** The half-open range [start, end) of an expression's text, in UTF-16 code units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An expression whose types are known to fit: nothing in it can fail, it can only be unknown. */
export type Typed =
  | ConstantNode
  | AttributeNode
  | HasNode
  | ApplyNode
  | CidrNode
  | MatchesNode
  | ChoiceNode
  | NotNode
  | LogicNode;

export interface ConstantNode extends Range {
  readonly kind: "constant";
  readonly type: Type;
  readonly value: Value;
}

export interface AttributeNode extends Range {
  readonly kind: "attribute";
  readonly type: Type;
  readonly attribute: Attribute;
  /** Of `request.headers["x-tenant"]` the name in lower case; undefined for attributes that take none. */
  readonly argument: string | undefined;
}

/** Whether an attribute is there, once or more often; never unknown. */
export interface HasNode extends Range {
  readonly kind: "has";
  readonly type: "bool";
  readonly operand: AttributeNode;
}

/** An operation on values that are all known; it is unknown as soon as one operand is. */
export interface ApplyNode extends Range {
  readonly kind: "apply";
  readonly type: Type;
  readonly operation: OperationName;
  readonly operands: readonly Typed[];
}

/** Whether an address lies in a block of addresses; unknown if the operand is no address. */
export interface CidrNode extends Range {
  readonly kind: "cidr";
  readonly type: "bool";
  readonly operand: Typed;
  readonly block: Block;
}

/** Whether a regular expression is found in a string. */
export interface MatchesNode extends Range {
  readonly kind: "matches";
  readonly type: "bool";
  readonly operand: Typed;
  readonly automaton: Automaton;
}

/** `condition ? yes : no`; unknown if the condition is, else only the chosen side counts. */
export interface ChoiceNode extends Range {
  readonly kind: "choice";
  readonly type: Type;
  readonly condition: Typed;
  readonly yes: Typed;
  readonly no: Typed;
}

export interface NotNode extends Range {
  readonly kind: "not";
  readonly type: "bool";
  readonly operand: Typed;
}

/** Kleene's three-valued `&&` and `||` of two operands or more. */
export interface LogicNode extends Range {
  readonly kind: "and" | "or";
  readonly type: "bool";
  readonly operands: readonly Typed[];
}

/** The nodes directly under a node, in the order of the text. */
export function childrenOf(tree: Typed): readonly Typed[] {
  switch (tree.kind) {
    case "constant":
    case "attribute":
      return [];
    case "has":
    case "cidr":
    case "matches":
    case "not":
      return [tree.operand];
    case "choice":
      return [tree.condition, tree.yes, tree.no];
    case "apply":
    case "and":
    case "or":
      return tree.operands;
  }
}

/** A type in a sentence. */
export function typeName(type: Type): string {
  switch (type) {
    case "bool":
      return "a bool";
    case "string":
      return "a string";
    case "int":
      return "an int";
    case "list":
      return "a list of strings";
    case "ints":
      return "a list of ints";
    case "duration":
      return "a duration";
    case "timestamp":
      return "a timestamp";
  }
}

/** True if a value can be one of the type. */
export function hasType(value: Value, type: Type): boolean {
  switch (type) {
    case "bool":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "int":
    case "duration":
    case "timestamp":
      return typeof value === "number";
    case "list":
    case "ints":
      return typeof value === "object";
  }
}
