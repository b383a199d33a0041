import { diagnose } from "../../../compiler/diagnostics/diagnostic.js";
import type { SimpleType } from "../model.js";
import type { SchemaContext } from "./context.js";
import { attributeOf, childrenOf, XSD } from "./names.js";
import type { XmlAttribute, XmlElement } from "./xml.js";

type Bound = NonNullable<SimpleType["min"]>;

/** As many as the module tells apart. */
const MOST_VALUES = 4_096;
const LARGEST_LENGTH = 2_147_483_647;

const FACETS = [
  "length",
  "minLength",
  "maxLength",
  "pattern",
  "enumeration",
  "whiteSpace",
  "minInclusive",
  "minExclusive",
  "maxInclusive",
  "maxExclusive",
  "totalDigits",
  "fractionDigits",
] as const;

/** Facets among the children of `xsd:restriction`. */
export function facetsOf(restriction: XmlElement): XmlElement[] {
  return childrenOf(restriction, XSD, ...FACETS);
}

/** A type with the facets of a restriction of it, without what it is called. */
export function restrict(context: SchemaContext, base: SimpleType, restriction: XmlElement): SimpleType {
  let type = withWhiteSpace(context, base, restriction);
  const patterns: XmlAttribute[] = [];
  const values: XmlAttribute[] = [];
  for (const facet of facetsOf(restriction)) {
    const value = attributeOf(facet, "value");
    if (value === undefined) {
      context.report(diagnose("SL1113", { element: facet.local, attribute: "value" }, facet.span));
    } else if (facet.local === "pattern") patterns.push(value);
    else if (facet.local === "enumeration") values.push(value);
    else type = withFacet(context, type, facet.local, value);
  }
  const [first] = facetsOf(restriction);
  if (first !== undefined && values.length > MOST_VALUES)
    context.report(diagnose("SL1138", { what: "this type", limit: `${MOST_VALUES} values` }, first.span));
  return {
    ...type,
    // Patterns of one step are alternatives, those of several steps hold together (part 2, 4.3.4.3).
    patterns: [...type.patterns, ...readPatterns(context, patterns)],
    ...(values.length === 0 ? {} : { enumeration: [...new Set(values.map(({ value }) => spaced(value, type)))] }),
  };
}

/** The patterns of one step as one; none, with a warning, if one of them cannot be checked: what it takes would be refused. */
function readPatterns(context: SchemaContext, patterns: readonly XmlAttribute[]): string[] {
  const known = patterns.map((one) => readPattern(context, one));
  const [first] = patterns;
  if (first === undefined || known.includes(undefined)) return [];
  if (known.length === 1) return known.flatMap((one) => one ?? []);
  const all = known.map((one) => `(?:${one})`).join("|");
  if (context.patterns.fits(all)) return [all];
  const reason = "together with those beside it, it takes too many states";
  context.report(diagnose("SL1134", { pattern: first.value, how: "is not checked", reason }, first.span));
  return [];
}

/** What white space becomes before a value is looked at. */
export function spaced(value: string, { whiteSpace }: Pick<SimpleType, "whiteSpace">): string {
  if (whiteSpace === "preserve") return value;
  const replaced = value.replace(/[\t\n\r]/g, " ");
  return whiteSpace === "replace" ? replaced : replaced.replace(/ +/g, " ").replace(/^ | $/g, "");
}

/** The pattern in RE2's syntax; undefined, with a warning, if it cannot be checked. */
function readPattern(context: SchemaContext, { value, span }: XmlAttribute): string | undefined {
  const { re2, reason } = context.patterns.check(value);
  const how = re2 === undefined ? "is not checked" : "is checked loosely";
  if (reason !== undefined) context.report(diagnose("SL1134", { pattern: value, how, reason }, span));
  return re2;
}

function withWhiteSpace(context: SchemaContext, type: SimpleType, restriction: XmlElement): SimpleType {
  const facet = childrenOf(restriction, XSD, "whiteSpace").at(-1);
  const attribute = facet && attributeOf(facet, "value");
  const value = attribute?.value;
  if (attribute === undefined || value === undefined) return type;
  if (value === "preserve" || value === "replace" || value === "collapse") return { ...type, whiteSpace: value };
  context.badValue(attribute, "`preserve`, `replace` or `collapse`");
  return type;
}

function withFacet(context: SchemaContext, type: SimpleType, facet: string, attribute: XmlAttribute): SimpleType {
  switch (facet) {
    case "length":
    case "minLength":
    case "maxLength":
      return withLength(context, type, facet, attribute);
    case "totalDigits":
    case "fractionDigits":
      return withDigits(context, type, facet, attribute);
    case "minInclusive":
    case "minExclusive":
    case "maxInclusive":
    case "maxExclusive":
      return withBound(context, type, facet, attribute);
    default:
      return type;
  }
}

function wholeOf(context: SchemaContext, attribute: XmlAttribute, least: number): number | undefined {
  const text = attribute.value.trim();
  const value = /^\+?[0-9]{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least) return Math.min(value, LARGEST_LENGTH);
  context.badValue(attribute, `a whole number of at least ${least}`);
  return undefined;
}

function withLength(context: SchemaContext, type: SimpleType, facet: string, attribute: XmlAttribute): SimpleType {
  if (type.form !== "string" && type.form !== "list") return notOfThis(context, type, facet, attribute);
  const value = wholeOf(context, attribute, 0);
  if (value === undefined) return type;
  const { min, max } = type.length ?? {};
  const least = facet === "maxLength" ? min : Math.max(min ?? 0, value);
  const most = facet === "minLength" ? max : Math.min(max ?? value, value);
  if (least !== undefined && most !== undefined && least > most)
    context.report(
      diagnose("SL1135", { facet, reason: `no value has at least ${least} and at most ${most}` }, attribute.span),
    );
  return {
    ...type,
    length: { ...(least === undefined ? {} : { min: least }), ...(most === undefined ? {} : { max: most }) },
  };
}

function withDigits(
  context: SchemaContext,
  type: SimpleType,
  facet: "totalDigits" | "fractionDigits",
  attribute: XmlAttribute,
): SimpleType {
  if (type.form !== "decimal" && type.form !== "integer") return notOfThis(context, type, facet, attribute);
  const value = wholeOf(context, attribute, facet === "totalDigits" ? 1 : 0);
  if (value === undefined) return type;
  return { ...type, [facet]: Math.min(type[facet] ?? value, value, MOST_DIGITS) };
}

const MOST_DIGITS = 65_535;

function withBound(context: SchemaContext, type: SimpleType, facet: string, attribute: XmlAttribute): SimpleType {
  if (type.form === "string" && BOUNDED.has(type.builtin)) {
    context.report(diagnose("SL1142", { facet, type: type.builtin }, attribute.span));
    return type;
  }
  if (type.form !== "decimal" && type.form !== "integer" && type.form !== "double")
    return notOfThis(context, type, facet, attribute);
  const text = attribute.value.trim();
  // No number lies beyond an infinity, so it bounds nothing.
  if (type.form === "double" && /^-?INF$/.test(text)) return type;
  const value = decimalOf(text, type.form === "double");
  if (value === undefined) {
    context.badValue(attribute, "a number");
    return type;
  }
  const bound: Bound = { value, exclusive: facet.endsWith("Exclusive") };
  return facet.startsWith("min") ? { ...type, min: bound } : { ...type, max: bound };
}

/** Built-in types with an order that is not that of numbers. */
const BOUNDED: ReadonlySet<string> = new Set([
  "duration",
  "dateTime",
  "time",
  "date",
  "gYearMonth",
  "gYear",
  "gMonthDay",
  "gDay",
  "gMonth",
]);

function notOfThis(context: SchemaContext, type: SimpleType, facet: string, { span }: XmlAttribute): SimpleType {
  context.report(diagnose("SL1135", { facet, reason: `a type that comes from \`${type.builtin}\` has none` }, span));
  return type;
}

/** The greatest exponent of a double, and a little more. */
const MOST_ZEROS = 400;

/** A number without exponent, leading zeros and `+`. */
export function decimalOf(text: string, mayHaveExponent: boolean): string | undefined {
  const found = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?$/.exec(text);
  if (found === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent] = found;
  if (`${whole}${fraction}` === "" || (exponent !== undefined && !mayHaveExponent)) return undefined;
  const shift = Number(exponent ?? 0);
  if (Math.abs(shift) > MOST_ZEROS) return undefined;
  const digits = `${"0".repeat(Math.max(-shift, 0))}${whole}${fraction}${"0".repeat(Math.max(shift, 0))}`;
  const point = Math.max(-shift, 0) + whole.length + shift;
  const before = digits.slice(0, point).replace(/^0+(?=.)/, "") || "0";
  const after = digits.slice(point).replace(/0+$/, "");
  const value = after === "" ? before : `${before}.${after}`;
  return sign === "-" && /[1-9]/.test(value) ? `-${value}` : value;
}
