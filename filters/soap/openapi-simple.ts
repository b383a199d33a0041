import type { Json, JsonObject } from "../../compiler/plan/plan.js";
import { jsonOf, simpleOf } from "./lexical.js";
import type { ServiceModel, SimpleType } from "./model.js";

// JSON Schema (2020-12) of simple types, as far as it can say what XML Schema says.

const FORMATS: Readonly<Record<string, string>> = {
  int: "int32",
  long: "int64",
  float: "float",
  double: "double",
  anyURI: "uri-reference",
};

/** Patterns beyond this length are those of the names of XML: nobody reads them. */
const LONGEST_PATTERN = 500;

/** The schema of the values that JSON has for a simple type; `null` among them if it is nillable. */
export function simpleSchemaOf(model: ServiceModel, id: string, nillable = false): JsonObject {
  const type = simpleOf(model, id);
  const enumerated = enumerationOf(model, type);
  if (type.form === "double" && enumerated === undefined && type.min === undefined && type.max === undefined)
    return double(type, nillable);
  const typed = nillable ? [jsonType(type), "null"] : jsonType(type);
  return {
    type: typed,
    ...described(type),
    ...formatOf(type),
    ...(type.form === "list" ? itemsOf(model, type) : lengthsOf(type)),
    ...(enumerated === undefined ? patternsOf(type) : { enum: nillable ? [...enumerated, null] : enumerated }),
    ...boundsOf(type),
  };
}

function double(type: SimpleType, nillable: boolean): JsonObject {
  const forms: Json[] = [
    { type: "number", ...formatOf(type) },
    { type: "string", enum: ["INF", "-INF", "NaN"] },
  ];
  return { ...described(type), anyOf: nillable ? [...forms, { type: "null" }] : forms };
}

function jsonType({ form, json }: SimpleType): string {
  if (form === "list") return "array";
  return form === "integer" ? "integer" : json;
}

function described({ documentation }: SimpleType): JsonObject {
  return documentation === undefined ? {} : { description: documentation };
}

function formatOf({ builtin, form }: SimpleType): JsonObject {
  if (form === "list" || form === "union") return {};
  if (builtin === "base64Binary") return { contentEncoding: "base64" };
  if (builtin === "hexBinary") return { contentEncoding: "base16" };
  const format = Object.hasOwn(FORMATS, builtin) ? FORMATS[builtin] : undefined;
  return format === undefined ? {} : { format };
}

function itemsOf(model: ServiceModel, { item = "", length }: SimpleType): JsonObject {
  return {
    items: simpleSchemaOf(model, item),
    ...(length?.min === undefined ? {} : { minItems: length.min }),
    ...(length?.max === undefined ? {} : { maxItems: length.max }),
  };
}

/** Bytes of `hexBinary` and `base64Binary` as characters. */
function lengthsOf({ builtin, length, form }: SimpleType): JsonObject {
  if (form !== "string" || length === undefined) return {};
  const characters = (bytes: number) =>
    builtin === "hexBinary" ? 2 * bytes : builtin === "base64Binary" ? 4 * Math.ceil(bytes / 3) : bytes;
  // Base64 may have spaces.
  const max = builtin === "base64Binary" ? undefined : length.max;
  return {
    ...(length.min === undefined ? {} : { minLength: characters(length.min) }),
    ...(max === undefined ? {} : { maxLength: characters(max) }),
  };
}

function enumerationOf(model: ServiceModel, type: SimpleType): Json[] | undefined {
  const values = type.enumeration?.flatMap((text) => jsonOf(model, type.id, text) ?? []);
  if (values === undefined || type.form === "list") return undefined;
  return [...new Set(values)];
}

function patternsOf({ patterns }: SimpleType): JsonObject {
  const [first, ...others] = patterns.flatMap((pattern) => ecmaPattern(pattern) ?? []);
  if (first === undefined) return {};
  return others.length === 0 ? { pattern: first } : { allOf: [first, ...others].map((pattern) => ({ pattern })) };
}

/** A pattern of RE2 in the dialect of JSON Schema (ECMA-262); undefined where that has no words for it. */
function ecmaPattern(pattern: string): string | undefined {
  const text = `^(?:${pattern.replace(/\\x\{([0-9A-Fa-f]+)\}/g, "\\u{$1}").replace(/\\p([A-Z])/gi, "\\p{$1}")})$`;
  if (text.length > LONGEST_PATTERN) return undefined;
  try {
    return new RegExp(text, "u").source === "" ? undefined : text;
  } catch {
    return undefined;
  }
}

function boundsOf({ min, max }: SimpleType): JsonObject {
  return {
    ...(min === undefined ? {} : bound(min.value, min.exclusive ? "exclusiveMinimum" : "minimum")),
    ...(max === undefined ? {} : bound(max.value, max.exclusive ? "exclusiveMaximum" : "maximum")),
  };
}

/** A bound that JavaScript cannot hold, such as that of `long`, would be another one. */
function bound(text: string, key: string): JsonObject {
  const value = Number(text);
  const isExact = Number.isSafeInteger(value) || (Math.abs(value) < 1e15 && /\./.test(text));
  return isExact ? { [key]: value } : {};
}
