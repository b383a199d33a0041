import type { Range } from "./tree.js";

/** An expression as it is written, before anything is known of names and types. Ranges include an operand's parentheses. */
export type Syntax =
  | LiteralSyntax
  | NameSyntax
  | SelectSyntax
  | IndexSyntax
  | CallSyntax
  | ListSyntax
  | LogicSyntax
  | OperatorSyntax
  | ForeignSyntax;

export interface LiteralSyntax extends Range {
  readonly kind: "literal";
  readonly value: string | bigint | boolean;
}

export interface NameSyntax extends Range {
  readonly kind: "name";
  readonly name: string;
}

export interface SelectSyntax extends Range {
  readonly kind: "select";
  readonly operand: Syntax;
  readonly field: string;
}

export interface IndexSyntax extends Range {
  readonly kind: "index";
  readonly operand: Syntax;
  readonly index: Syntax;
}

/** `name(arguments)`, or `receiver.name(arguments)`. */
export interface CallSyntax extends Range {
  readonly kind: "call";
  readonly name: string;
  readonly nameRange: Range;
  readonly receiver: Syntax | undefined;
  readonly operands: readonly Syntax[];
}

export interface ListSyntax extends Range {
  readonly kind: "list";
  readonly items: readonly Syntax[];
}

/** `a && b && c` has three operands. */
export interface LogicSyntax extends Range {
  readonly kind: "logic";
  readonly operator: "&&" | "||";
  readonly operands: readonly Syntax[];
}

/** Every other operator, by its sign; `?:` for the conditional. */
export interface OperatorSyntax extends Range {
  readonly kind: "operator";
  readonly operator: string;
  readonly operatorRange: Range;
  readonly operands: readonly Syntax[];
}

/** What CEL has and the language never will, by the words for it. */
export interface ForeignSyntax extends Range {
  readonly kind: "foreign";
  readonly construct: string;
}
