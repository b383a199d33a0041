import type { Type, Value } from "./tree.js";

/** What an operation takes, what it gives, and how it is computed; its name is its name in the predicate form too. */
export interface Operation {
  /** `infix` stands between its operands; `method` is written `a.name(b)`, the receiver being the first operand. */
  readonly form: "infix" | "method";
  /** `same`: two operands of one type that is in `types`. `fixed`: operand n has the type `types[n]`. */
  readonly operands: "same" | "fixed";
  readonly types: readonly Type[];
  readonly result: Type;
  /** Undefined (unknown) if the values are not of the types above, which a checked expression does not have. */
  apply(values: readonly Value[]): Value | undefined;
}

const COMPARABLE = ["string", "int", "bool"] as const;

export const OPERATIONS = {
  "==": {
    form: "infix",
    operands: "same",
    types: COMPARABLE,
    result: "bool",
    apply: ([a, b]) => equal(a, b),
  },
  "!=": {
    form: "infix",
    operands: "same",
    types: COMPARABLE,
    result: "bool",
    apply([a, b]) {
      const same = equal(a, b);
      return same === undefined ? undefined : !same;
    },
  },
  in: {
    form: "infix",
    operands: "fixed",
    types: ["string", "list"],
    result: "bool",
    apply: ([a, b]) => (typeof a === "string" && typeof b === "object" ? b.includes(a) : undefined),
  },
  startsWith: {
    form: "method",
    operands: "fixed",
    types: ["string", "string"],
    result: "bool",
    apply: ([a, b]) => (typeof a === "string" && typeof b === "string" ? a.startsWith(b) : undefined),
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof OPERATIONS;

/** Operators and functions of the language that are not built yet. */
export const PLANNED_OPERATORS: readonly string[] = ["<", "<=", ">", ">=", "?:"];
export const PLANNED_FUNCTIONS: readonly string[] = [
  "cidr",
  "contains",
  "duration",
  "endsWith",
  "has",
  "int",
  "lowerAscii",
  "matches",
  "size",
  "string",
];

/** The built operation of that name and form. */
export function operationNamed(name: string, form: Operation["form"]): OperationName | undefined {
  for (const known of operationNames) if (known === name && OPERATIONS[known].form === form) return known;
  return undefined;
}

const operationNames: readonly OperationName[] = ["==", "!=", "in", "startsWith"];

/** Names of the functions that can be called today. */
export const functionNames: readonly string[] = operationNames.filter((name) => OPERATIONS[name].form !== "infix");

function equal(a: Value | undefined, b: Value | undefined): boolean | undefined {
  if (a === undefined || typeof a === "object" || typeof a !== typeof b) return undefined;
  return a === b;
}
