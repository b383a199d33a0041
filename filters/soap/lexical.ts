import { type Automaton, accepts } from "../../compiler/expression/regex/automaton.js";
import { compileRegex } from "../../compiler/expression/regex/regex.js";
import type { Json } from "../../compiler/plan/plan.js";
import { compareDecimals, digitsOf, isDecimal, isInteger, plainText } from "./decimal.js";
import type { ServiceModel, SimpleType } from "./model.js";
import { spaced } from "./wsdl/facets.js";

// Values of simple types: between JSON and the texts of XML, and whether they are values at all. The module does the same
// over bytes; this is for mocks, tests and what is written for people.

/** A type of the model; it has all that it refers to. */
export function simpleOf(model: ServiceModel, id: string): SimpleType {
  const type = model.simpleTypes.get(id);
  if (type === undefined) throw new Error(`the model of ${model.name} has no simple type ${id}`);
  return type;
}

const NOT_FINITE: readonly Json[] = ["INF", "-INF", "NaN"];

/** What is wrong with a value of JSON for a simple type, as the end of a sentence about it; undefined if it is one. */
export function problemOf(model: ServiceModel, id: string, value: Json): string | undefined {
  const type = simpleOf(model, id);
  if (type.form === "list") return listProblem(model, type, value);
  const isNumber = typeof value === "number" || (type.form === "double" && NOT_FINITE.includes(value));
  if (type.json === "number" ? !isNumber : typeof value !== type.json) return `must be a ${type.json}`;
  return lexicalProblem(model, type, lexicalOf(model, id, value));
}

function listProblem(model: ServiceModel, type: SimpleType, value: Json): string | undefined {
  if (!Array.isArray(value)) return "must be an array";
  const item = type.item ?? "";
  for (const one of value) {
    const problem = problemOf(model, item, one);
    if (problem !== undefined) return `has an item that ${problem}`;
    // A list is split at white space.
    if (!/^[^ \t\r\n]+$/.test(lexicalOf(model, item, one))) return "has an item that must be a text without spaces";
  }
  return lengthProblem(type, value.length, "items") ?? facetProblem(type, lexicalOf(model, type.id, value));
}

/** The text of a value that fits the type. */
export function lexicalOf(model: ServiceModel, id: string, value: Json): string {
  const type = simpleOf(model, id);
  if (Array.isArray(value)) return value.map((one) => lexicalOf(model, type.item ?? "", one)).join(" ");
  if (typeof value === "number") return type.form === "double" ? String(value) : plainText(value);
  return spaced(String(value), type);
}

/** The value of a text that fits the type; undefined for one that does not. */
export function jsonOf(model: ServiceModel, id: string, text: string): Json | undefined {
  const type = simpleOf(model, id);
  const lexical = spaced(text, type);
  if (lexicalProblem(model, type, lexical) !== undefined) return undefined;
  if (type.form !== "list") return plainValue(type, lexical);
  const values = lexical === "" ? [] : lexical.split(" ").map((item) => jsonOf(model, type.item ?? "", item));
  return values.every((value) => value !== undefined) ? values : undefined;
}

function plainValue({ json }: SimpleType, lexical: string): Json {
  if (json === "boolean") return lexical === "true" || lexical === "1";
  return json === "number" && !NOT_FINITE.includes(lexical) ? Number(lexical) : lexical;
}

function lexicalProblem(model: ServiceModel, type: SimpleType, lexical: string): string | undefined {
  const problem = formProblem(model, type, lexical);
  if (problem !== undefined) return problem;
  if (type.form === "list") return lengthProblem(type, lexical === "" ? 0 : lexical.split(" ").length, "items");
  return (
    facetProblem(type, lexical) ?? (type.form === "string" ? textProblem(type, lexical) : boundProblem(type, lexical))
  );
}

function formProblem(model: ServiceModel, type: SimpleType, lexical: string): string | undefined {
  switch (type.form) {
    case "string":
      return characterProblem(lexical);
    case "decimal":
      return isDecimal(lexical) ? undefined : "must be a decimal number";
    case "integer":
      return isInteger(lexical) ? undefined : "must be a whole number";
    case "double":
      return /^([+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?|-?INF|NaN)$/.test(lexical)
        ? undefined
        : "must be a number";
    case "boolean":
      return /^(true|false|0|1)$/.test(lexical) ? undefined : "must be true or false";
    case "list": {
      const items = lexical === "" ? [] : lexical.split(" ");
      return items.every((item) => jsonOf(model, type.item ?? "", item) !== undefined) ? undefined : "must be a list";
    }
    case "union":
      return type.members?.some((member) => jsonOf(model, member, lexical) !== undefined)
        ? undefined
        : "must be a value of one of its types";
  }
}

/** XML 1.0, section 2.2. */
function characterProblem(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what XML cannot have
  return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u.test(text)
    ? "has a character that XML cannot carry"
    : undefined;
}

function facetProblem(type: SimpleType, lexical: string): string | undefined {
  if (type.enumeration !== undefined && !isListed(type, type.enumeration, lexical))
    return `must be one of ${type.enumeration.map((one) => `\`${one}\``).join(", ")}`;
  const pattern = type.patterns.find((one) => !matches(one, lexical));
  return pattern === undefined ? undefined : `must match \`${pattern}\``;
}

function isListed({ form, whiteSpace }: SimpleType, values: readonly string[], lexical: string): boolean {
  const isNumber = form === "decimal" || form === "integer" || form === "double";
  return values.some((value) => {
    const own = spaced(value, { whiteSpace });
    return own === lexical || (isNumber && compareDecimals(own, lexical) === 0);
  });
}

const automata = new Map<string, Automaton | undefined>();

/** The automaton of a pattern that stands for the whole value; undefined for one that would be too large, which no policy compiles with. */
export function automatonOf(pattern: string): Automaton | undefined {
  if (automata.has(pattern)) return automata.get(pattern);
  const compiled = compileRegex(`^(?:${pattern})$`, { left: 8_000_000 });
  const automaton = "reason" in compiled ? undefined : compiled;
  automata.set(pattern, automaton);
  return automaton;
}

function matches(pattern: string, lexical: string): boolean {
  const automaton = automatonOf(pattern);
  return automaton === undefined || accepts(automaton, Buffer.from(lexical));
}

function textProblem(type: SimpleType, lexical: string): string | undefined {
  if (type.builtin === "hexBinary")
    return /^([0-9a-fA-F]{2})*$/.test(lexical)
      ? lengthProblem(type, lexical.length / 2, "bytes")
      : "must be pairs of hexadecimal digits";
  if (type.builtin === "base64Binary") {
    const digits = lexical.replaceAll(" ", "");
    return /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(digits)
      ? lengthProblem(type, Buffer.from(digits, "base64").length, "bytes")
      : "must be Base64";
  }
  return lengthProblem(type, [...lexical].length, "characters");
}

function lengthProblem({ length }: SimpleType, count: number, unit: string): string | undefined {
  const { min, max } = length ?? {};
  if (min !== undefined && count < min) return `must have at least ${min} ${unit}`;
  return max !== undefined && count > max ? `must have at most ${max} ${unit}` : undefined;
}

function boundProblem(type: SimpleType, lexical: string): string | undefined {
  const { min, max, totalDigits, fractionDigits } = type;
  if (min !== undefined && !isOnSide(lexical, min, 1))
    return `must be ${min.exclusive ? "greater than" : "at least"} ${min.value}`;
  if (max !== undefined && !isOnSide(lexical, max, -1))
    return `must be ${max.exclusive ? "less than" : "at most"} ${max.value}`;
  const digits = digitsOf(lexical);
  if (totalDigits !== undefined && digits.total > totalDigits) return `must have at most ${totalDigits} digits`;
  return fractionDigits !== undefined && digits.fraction > fractionDigits
    ? `must have at most ${fractionDigits} digits behind the point`
    : undefined;
}

/** @param side 1 of a lower bound, -1 of an upper one */
function isOnSide(lexical: string, { value, exclusive }: { value: string; exclusive: boolean }, side: 1 | -1): boolean {
  if (NOT_FINITE.includes(lexical)) return lexical === (side === 1 ? "INF" : "-INF");
  const order = (compareDecimals(lexical, value) ?? 0) * side;
  return exclusive ? order > 0 : order >= 0;
}
