import type { Type, Value } from "./tree.js";

/** What an operation takes, what it gives, and how it is computed; its name is its name in the predicate form too. */
export interface Operation {
  /** `infix` stands between its operands; `method` is written `a.name(b)`; `function` is written `name(a)`. */
  readonly forms: readonly Form[];
  readonly signatures: readonly Signature[];
  /** Undefined (unknown) if there is no result, or if the values have not the types of a signature. */
  apply(values: readonly Value[]): Value | undefined;
}

export type Form = "infix" | "method" | "function";

export interface Signature {
  readonly operands: readonly Type[];
  readonly result: Type;
}

const EQUAL = same("string", "int", "bool", "duration", "timestamp");
const ORDERED = same("string", "int", "duration", "timestamp");
const STRINGS = [{ operands: ["string", "string"], result: "bool" }] as const;

export const OPERATIONS = {
  "==": { forms: ["infix"], signatures: EQUAL, apply: ([a, b]) => equal(a, b) },
  "!=": { forms: ["infix"], signatures: EQUAL, apply: ([a, b]) => negated(equal(a, b)) },
  "<": { forms: ["infix"], signatures: ORDERED, apply: ([a, b]) => less(a, b) },
  "<=": { forms: ["infix"], signatures: ORDERED, apply: ([a, b]) => negated(less(b, a)) },
  ">": { forms: ["infix"], signatures: ORDERED, apply: ([a, b]) => less(b, a) },
  ">=": { forms: ["infix"], signatures: ORDERED, apply: ([a, b]) => negated(less(a, b)) },
  in: {
    forms: ["infix"],
    signatures: [
      { operands: ["string", "list"], result: "bool" },
      { operands: ["int", "ints"], result: "bool" },
    ],
    apply: ([a, b]) => (typeof b === "object" ? b.some((item) => item === a) : undefined),
  },
  startsWith: { forms: ["method"], signatures: STRINGS, apply: onStrings((a, b) => a.startsWith(b)) },
  endsWith: { forms: ["method"], signatures: STRINGS, apply: onStrings((a, b) => a.endsWith(b)) },
  contains: { forms: ["method"], signatures: STRINGS, apply: onStrings((a, b) => a.includes(b)) },
  size: {
    forms: ["method", "function"],
    signatures: [
      { operands: ["string"], result: "int" },
      { operands: ["list"], result: "int" },
      { operands: ["ints"], result: "int" },
    ],
    apply: ([a]) => (typeof a === "string" || typeof a === "object" ? [...a].length : undefined),
  },
  lowerAscii: {
    forms: ["method"],
    signatures: [{ operands: ["string"], result: "string" }],
    apply: ([a]) => (typeof a === "string" ? a.replace(/[A-Z]+/g, (capitals) => capitals.toLowerCase()) : undefined),
  },
  int: {
    forms: ["function"],
    signatures: [{ operands: ["string"], result: "int" }],
    apply: ([a]) => (typeof a === "string" ? integer(a) : undefined),
  },
  string: {
    forms: ["function"],
    signatures: [
      { operands: ["int"], result: "string" },
      { operands: ["bool"], result: "string" },
    ],
    apply: ([a]) => (typeof a === "number" || typeof a === "boolean" ? String(a) : undefined),
  },
} as const satisfies Readonly<Record<string, Operation>>;

export type OperationName = keyof typeof OPERATIONS;

const operationNames: readonly OperationName[] = [
  "==",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "in",
  "startsWith",
  "endsWith",
  "contains",
  "size",
  "lowerAscii",
  "int",
  "string",
];

/** Functions that take a constant which the compiler reads, or no value at all; the check knows each by itself. */
export const SPECIAL = {
  has: "function",
  cidr: "function",
  duration: "function",
  timestamp: "function",
  matches: "method",
} as const satisfies Readonly<Record<string, Form>>;

export type SpecialName = keyof typeof SPECIAL;

const specialNames: readonly SpecialName[] = ["has", "cidr", "duration", "timestamp", "matches"];

/** The operation of that name and form. */
export function operationNamed(name: string, form: Form): OperationName | undefined {
  return operationNames.find((known) => known === name && formsOf(known).includes(form));
}

export function specialNamed(name: string, form: Form): SpecialName | undefined {
  return specialNames.find((known) => known === name && SPECIAL[known] === form);
}

/** How a function is written, such as `a.contains(b)` or `size(a)`; undefined if there is none of the name. */
export function spelling(name: string): string | undefined {
  const special = specialNames.find((known) => known === name);
  if (special !== undefined)
    return {
      has: "has(a)",
      cidr: 'cidr(a, "10.0.0.0/8")',
      duration: 'duration("1s")',
      timestamp: 'timestamp("2026-01-31T00:00:00Z")',
      matches: 'a.matches("b")',
    }[special];
  const operation = operationNames.find((known) => known === name);
  if (operation === undefined || formsOf(operation).includes("infix")) return undefined;
  const one = signaturesOf(operation).every(({ operands }) => operands.length === 1);
  if (formsOf(operation).includes("function")) return `${operation}(a)`;
  return one ? `a.${operation}()` : `a.${operation}(b)`;
}

/** Names of the functions that can be called. */
export const functionNames: readonly string[] = [
  ...operationNames.filter((name) => !formsOf(name).includes("infix")),
  ...specialNames,
];

/** As the interface has them, without the literal types of the table. */
export function signaturesOf(name: OperationName): readonly Signature[] {
  return OPERATIONS[name].signatures;
}

function formsOf(name: OperationName): readonly Form[] {
  return OPERATIONS[name].forms;
}

function same(...types: readonly Type[]): readonly Signature[] {
  return types.map((type) => ({ operands: [type, type], result: "bool" }));
}

function onStrings(test: (a: string, b: string) => boolean): Operation["apply"] {
  return ([a, b]) => (typeof a === "string" && typeof b === "string" ? test(a, b) : undefined);
}

function equal(a: Value | undefined, b: Value | undefined): boolean | undefined {
  if (a === undefined || typeof a === "object" || typeof a !== typeof b) return undefined;
  return a === b;
}

/** Strings in the order of their code points, which is that of the bytes of their UTF-8. */
function less(a: Value | undefined, b: Value | undefined): boolean | undefined {
  if (typeof a === "number" && typeof b === "number") return a < b;
  if (typeof a !== "string" || typeof b !== "string") return undefined;
  return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0;
}

function negated(value: boolean | undefined): boolean | undefined {
  return value === undefined ? undefined : !value;
}

function integer(text: string): number | undefined {
  // Adding zero makes 0 of -0.
  const number = /^-?[0-9]+$/.test(text) ? Number(text) + 0 : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}
