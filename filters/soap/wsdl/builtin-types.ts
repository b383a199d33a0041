import type { Span } from "../../../compiler/syntax/source.js";
import type { SimpleType } from "../model.js";
import { XSD } from "./names.js";
import { NAME_CHARACTER, NAME_START, NC_CHARACTER, NC_START } from "./pattern-classes.js";

// The built-in types of XML Schema 1.0, part 2. Patterns are in RE2 syntax; they say what the lexical space is as far as a
// regular expression can: that there is no 30th of February is left to the service.

type Builtin = Pick<SimpleType, "json" | "form" | "whiteSpace"> & Partial<Omit<SimpleType, "id" | "builtin">>;

const text = (...patterns: string[]): Builtin => ({ json: "string", form: "string", whiteSpace: "collapse", patterns });

const integer = (min?: string, max?: string): Builtin => ({
  json: "number",
  form: "integer",
  whiteSpace: "collapse",
  ...(min === undefined ? {} : { min: { value: min, exclusive: false } }),
  ...(max === undefined ? {} : { max: { value: max, exclusive: false } }),
});

const list = (item: string): Builtin => ({
  json: "string",
  form: "list",
  whiteSpace: "collapse",
  item: builtinId(item),
  length: { min: 1 },
});

const ZONE = "(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))?";
const YEAR = "-?(?:[1-9][0-9]{3,}|0[0-9]{3})";
const MONTH = "(?:0[1-9]|1[0-2])";
const DAY = "(?:0[1-9]|[12][0-9]|3[01])";
const TIME = "(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]+)?|24:00:00(?:\\.0+)?)";

const SECONDS = "[0-9]+(?:\\.[0-9]+)?S";
const CLOCK = `T(?:[0-9]+H(?:[0-9]+M)?(?:${SECONDS})?|[0-9]+M(?:${SECONDS})?|${SECONDS})`;
const DAYS = "(?:[0-9]+Y(?:[0-9]+M)?(?:[0-9]+D)?|[0-9]+M(?:[0-9]+D)?|[0-9]+D)";
const DURATION = `-?P(?:${DAYS}(?:${CLOCK})?|${CLOCK})`;

/** Each character may have a space behind it, but for the last. */
const B64 = "[A-Za-z0-9+/] ?";
const BASE64 = `(?:(?:${B64}){4})*(?:(?:${B64}){3}[A-Za-z0-9+/]|(?:${B64}){2}[AEIMQUYcgkosw048] ?=|${B64}[AQgw] ?= ?=)?`;

const NC_NAME = `${NC_START}${NC_CHARACTER}*`;

const TYPES: Readonly<Record<string, Builtin>> = {
  anySimpleType: { json: "string", form: "string", whiteSpace: "preserve" },
  string: { json: "string", form: "string", whiteSpace: "preserve" },
  normalizedString: { json: "string", form: "string", whiteSpace: "replace" },
  token: text(),
  language: text("[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*"),
  Name: text(`${NAME_START}${NAME_CHARACTER}*`),
  NCName: text(NC_NAME),
  ID: text(NC_NAME),
  IDREF: text(NC_NAME),
  IDREFS: list("IDREF"),
  ENTITY: text(NC_NAME),
  ENTITIES: list("ENTITY"),
  NMTOKEN: text(`${NAME_CHARACTER}+`),
  NMTOKENS: list("NMTOKEN"),
  QName: text(`(?:${NC_NAME}:)?${NC_NAME}`),
  anyURI: text(),
  hexBinary: text("(?:[0-9a-fA-F]{2})*"),
  base64Binary: text(BASE64),
  boolean: { json: "boolean", form: "boolean", whiteSpace: "collapse" },
  float: { json: "number", form: "double", whiteSpace: "collapse" },
  double: { json: "number", form: "double", whiteSpace: "collapse" },
  decimal: { json: "number", form: "decimal", whiteSpace: "collapse" },
  integer: integer(),
  nonPositiveInteger: integer(undefined, "0"),
  negativeInteger: integer(undefined, "-1"),
  nonNegativeInteger: integer("0"),
  positiveInteger: integer("1"),
  long: integer("-9223372036854775808", "9223372036854775807"),
  int: integer("-2147483648", "2147483647"),
  short: integer("-32768", "32767"),
  byte: integer("-128", "127"),
  unsignedLong: integer("0", "18446744073709551615"),
  unsignedInt: integer("0", "4294967295"),
  unsignedShort: integer("0", "65535"),
  unsignedByte: integer("0", "255"),
  duration: text(DURATION),
  dateTime: text(`${YEAR}-${MONTH}-${DAY}T${TIME}${ZONE}`),
  time: text(`${TIME}${ZONE}`),
  date: text(`${YEAR}-${MONTH}-${DAY}${ZONE}`),
  gYearMonth: text(`${YEAR}-${MONTH}${ZONE}`),
  gYear: text(`${YEAR}${ZONE}`),
  gMonthDay: text(`--${MONTH}-${DAY}${ZONE}`),
  gDay: text(`---${DAY}${ZONE}`),
  // The first edition wrote `--05--`.
  gMonth: text(`--${MONTH}(?:--)?${ZONE}`),
};

export const BUILTIN_NAMES: readonly string[] = Object.keys(TYPES);

export function builtinId(name: string): string {
  return `xsd:${name}`;
}

/**
 * A built-in type, and before it that of its items if it is a list.
 *
 * @param origin who refers to it
 */
export function builtinTypes(name: string, origin: Span): SimpleType[] | undefined {
  const found = Object.hasOwn(TYPES, name) ? TYPES[name] : undefined;
  if (found === undefined) return undefined;
  const item = found.item?.slice(builtinId("").length);
  const type: SimpleType = { id: builtinId(name), name, namespace: XSD, origin, builtin: name, patterns: [], ...found };
  return [...(item === undefined ? [] : (builtinTypes(item, origin) ?? [])), type];
}
