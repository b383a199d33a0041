import type { Attribute } from "./attributes.js";
import type { OperationName } from "./operations.js";

/** Types of the language. `list` is a list of strings, `int` a whole number within ±(2^53 - 1). */
export type Type = "bool" | "string" | "int" | "list";

/** A value of the language; whole numbers only. */
export type Value = string | number | boolean | readonly string[];

/** The half-open range [start, end) of an expression's text, in UTF-16 code units. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** An expression whose types are known to fit: nothing in it can fail, it can only be unknown. */
export type Typed = ConstantNode | AttributeNode | ApplyNode | NotNode | LogicNode;

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

/** An operation on values that are all known; it is unknown as soon as one operand is. */
export interface ApplyNode extends Range {
  readonly kind: "apply";
  readonly type: Type;
  readonly operation: OperationName;
  readonly operands: readonly Typed[];
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
  }
}

/** The type of a value. */
export function typeOf(value: Value): Type {
  switch (typeof value) {
    case "string":
      return "string";
    case "number":
      return "int";
    case "boolean":
      return "bool";
    default:
      return "list";
  }
}
