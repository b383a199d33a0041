/** One rule: whether a value satisfies it, and what it asks for. */
export interface Predicate {
  holds(value: unknown): boolean;
  asks: string;
}

/** A rule that the evaluator does not know: the schema moved on, the evaluator must follow. */
export class UnsupportedRule extends Error {}

/** A number as protobuf-es gives it. */
export function numberOf(value: unknown): number | bigint {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw new UnsupportedRule("number rule on what is no number");
}
