import type { AttributeNode, Range, Typed } from "../expression/tree.js";
import type { LogCondition } from "../plan/access-log.js";

/** A part that an access log cannot ask for. */
export interface Unsayable {
  readonly part: Range;
}

type Said = { readonly condition: LogCondition } | { readonly unsayable: readonly Unsayable[] };

type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** What the same comparison is with its sides exchanged, and denied. */
const EXCHANGED = { "==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
const DENIED = { "==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<" } as const;

const FORMS = { startsWith: "prefix", endsWith: "suffix", contains: "contains" } as const;

/** Envoy compares with 32 bits. */
const LARGEST = 2 ** 32 - 2;

/**
 * An expression as a condition of an access log. A line is written where the expression is true: where it is unknown, as a
 * comparison of a header that is not there, there is none, denied or not.
 *
 * @param denied whether the expression stands behind an odd number of `!`
 */
export function logCondition(tree: Typed, denied = false): Said {
  switch (tree.kind) {
    case "not":
      return logCondition(tree.operand, !denied);
    case "and":
    case "or":
      return several(
        (tree.kind === "and") === denied ? "any" : "all",
        tree.operands.map((one) => logCondition(one, denied)),
      );
    case "has": {
      const name = headerOf(tree.operand);
      return name === undefined ? unsayable(tree) : said({ test: "present", name, present: !denied });
    }
    case "apply":
      return applied(tree, denied) ?? unsayable(tree);
    case "constant":
    case "attribute":
    case "cidr":
    case "matches":
    case "choice":
      return unsayable(tree);
  }
}

function applied({ operation, operands }: Extract<Typed, { kind: "apply" }>, denied: boolean): Said | undefined {
  const [left, right] = operands;
  if (left === undefined || right === undefined) return undefined;
  switch (operation) {
    case "==":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      return (
        compared(left, denied ? DENIED[operation] : operation, right) ??
        compared(right, EXCHANGED[denied ? DENIED[operation] : operation], left)
      );
    case "in":
      return oneOf(left, right, denied);
    case "startsWith":
    case "endsWith":
    case "contains":
      return headerIs(left, right, FORMS[operation], denied);
    case "size":
    case "lowerAscii":
    case "int":
    case "string":
      return undefined;
  }
}

function compared(left: Typed, comparison: Comparison, right: Typed): Said | undefined {
  if (comparison === "==" || comparison === "!=") {
    const header = headerIs(left, right, "exact", comparison === "!=");
    if (header !== undefined) return header;
  }
  const test = numberOf(left);
  return test === undefined || right.kind !== "constant" || typeof right.value !== "number"
    ? undefined
    : numbered(test, comparison, right.value);
}

/** Envoy has neither `<` nor `>`; both are whole numbers. */
function numbered(test: "status" | "duration", comparison: Comparison, value: number): Said | undefined {
  const [compare, bound] = (
    {
      "==": ["eq", value],
      "!=": ["ne", value],
      "<": ["le", value - 1],
      "<=": ["le", value],
      ">": ["ge", value + 1],
      ">=": ["ge", value],
    } as const
  )[comparison];
  return bound < 0 || bound > LARGEST ? undefined : said({ test, compare, value: bound });
}

function oneOf(left: Typed, list: Typed, denied: boolean): Said | undefined {
  if (list.kind !== "constant" || typeof list.value !== "object" || list.value.length === 0) return undefined;
  const parts = list.value.map((value) => {
    const constant = { ...list, type: typeof value === "string" ? ("string" as const) : ("int" as const), value };
    return compared(left, denied ? "!=" : "==", constant);
  });
  const known = parts.filter((part) => part !== undefined);
  return known.length < parts.length ? undefined : several(denied ? "all" : "any", known);
}

function headerIs(
  left: Typed,
  right: Typed,
  form: "exact" | "prefix" | "suffix" | "contains",
  not: boolean,
): Said | undefined {
  const name = left.kind === "attribute" ? headerOf(left) : undefined;
  if (name === undefined || right.kind !== "constant" || typeof right.value !== "string") return undefined;
  // Envoy has no matcher for an empty part of a text, which every text has.
  return right.value === "" && form !== "exact"
    ? undefined
    : said({ test: "header", name, form, value: right.value, not });
}

function headerOf({ attribute, argument }: AttributeNode): string | undefined {
  if (attribute.name === "request.method") return ":method";
  return attribute.name === "request.headers" ? argument : undefined;
}

function numberOf(tree: Typed): "status" | "duration" | undefined {
  if (tree.kind !== "attribute") return undefined;
  switch (tree.attribute.name) {
    case "response.status":
      return "status";
    case "response.duration":
      return "duration";
    default:
      return undefined;
  }
}

function several(test: "all" | "any", parts: readonly Said[]): Said {
  const missing = parts.flatMap((part) => ("unsayable" in part ? part.unsayable : []));
  if (missing.length > 0) return { unsayable: missing };
  const of = parts.flatMap((part) => ("condition" in part ? [part.condition] : []));
  const [only, ...others] = of;
  return only !== undefined && others.length === 0 ? said(only) : said({ test, of });
}

function said(condition: LogCondition): Said {
  return { condition };
}

function unsayable({ start, end }: Range): Said {
  return { unsayable: [{ part: { start, end } }] };
}
