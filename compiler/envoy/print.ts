import { createHash } from "node:crypto";
import {
  type DescField,
  type DescMessage,
  type JsonObject,
  type JsonValue,
  type MessageShape,
  toJson,
} from "@bufbuild/protobuf";
import { hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { dump, load } from "js-yaml";
import { registry } from "./registry.js";

/**
 * A message as a JSON object in Envoy's own spelling: proto field names in the order of their numbers, `"@type"` first,
 * map keys sorted. Equal messages give equal objects.
 * @throws Error if an `Any` holds a message that is not in the registry, or a value has no JSON form
 */
export function toObject<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): JsonObject {
  const json = toJson(schema, message, { registry, useProtoFieldName: true });
  return canonicalMessage(schema, asObject(json));
}

/**
 * A message as YAML text that Envoy reads. Equal messages give equal bytes; lines are not folded, nothing is anchored.
 * @throws Error as `toObject` does
 */
export function toYaml<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): string {
  return objectToYaml(toObject(schema, message));
}

/**
 * What `toYaml` printed, as plain data.
 * @throws YAMLException if the text is not YAML
 */
export function readYaml(text: string): unknown {
  return load(text);
}

/** The YAML of what `toObject` gave, or of several such objects put together. */
export function objectToYaml(object: JsonObject): string {
  const long: string[] = [];
  // A digest of the whole object: no text in it can hold the mark.
  const mark = `long-text-${createHash("sha256").update(JSON.stringify(object)).digest("hex")}`;
  const short = withoutLongTexts(object, (text) => `${mark}-${long.push(text) - 1}-`);
  const yaml = dump(short, { noRefs: true, lineWidth: -1, indent: 2 });
  return yaml.replace(new RegExp(`${mark}-([0-9]+)-`, "g"), (_, index: string) => doubleQuoted(long[Number(index)]));
}

/**
 * Characters from which on a text is not left to js-yaml: the regular expressions by which it chooses a style overflow
 * the stack on some millions.
 */
const LONG_TEXT = 100_000;

function withoutLongTexts(value: JsonValue, standIn: (text: string) => string): JsonValue {
  if (typeof value === "string") return value.length < LONG_TEXT ? value : standIn(value);
  if (Array.isArray(value)) return value.map((item) => withoutLongTexts(item, standIn));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, withoutLongTexts(item, standIn)]));
}

/** JSON's escapes are YAML's too; what YAML does not count as printable, or folds, is escaped beside (YAML 1.2, 5.1). */
function doubleQuoted(text = ""): string {
  return JSON.stringify(text).replace(
    /[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function canonicalMessage(schema: DescMessage, json: JsonObject): JsonObject {
  switch (schema.typeName) {
    case "google.protobuf.Any":
      return canonicalAny(json);
    case "google.protobuf.Struct":
      return sortedDeep(json);
    default: {
      const result: JsonObject = {};
      for (const field of [...schema.fields].sort((a, b) => a.number - b.number)) {
        const value = json[field.name];
        if (value !== undefined) result[field.name] = canonicalField(field, value);
      }
      return result;
    }
  }
}

function canonicalAny(json: JsonObject): JsonObject {
  const type = json["@type"];
  // An empty Any is printed as {}.
  if (typeof type !== "string") return json;
  const schema = registry.getMessage(type.slice(type.lastIndexOf("/") + 1));
  if (schema === undefined) throw new Error(`${type} is not in the registry`);
  // Proto3 JSON mapping: a message whose JSON is not an object of its fields goes under `value`.
  if (hasCustomJsonRepresentation(schema)) return { "@type": type, value: canonicalValue(schema, json.value ?? null) };
  return { "@type": type, ...canonicalMessage(schema, json) };
}

function canonicalField(field: DescField, value: JsonValue): JsonValue {
  switch (field.fieldKind) {
    case "scalar":
    case "enum":
      return value;
    case "message":
      return canonicalValue(field.message, value);
    case "list":
      if (field.listKind !== "message" || !Array.isArray(value)) return value;
      return value.map((item) => canonicalValue(field.message, item));
    case "map":
      return sorted(asObject(value), (item) =>
        field.mapKind === "message" ? canonicalValue(field.message, item) : item,
      );
  }
}

function canonicalValue(schema: DescMessage, value: JsonValue): JsonValue {
  if (schema.typeName === "google.protobuf.Value" || schema.typeName === "google.protobuf.ListValue") {
    return sortedValue(value);
  }
  if (!isObject(value)) return value;
  return canonicalMessage(schema, value);
}

function sortedValue(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sortedValue);
  return isObject(value) ? sortedDeep(value) : value;
}

function sortedDeep(object: JsonObject): JsonObject {
  return sorted(object, sortedValue);
}

function sorted(object: JsonObject, each: (value: JsonValue) => JsonValue): JsonObject {
  // By code unit, not by locale: the same bytes on every machine.
  const keys = Object.keys(object).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  // defineProperty semantics, so that a key named __proto__ stays a key.
  return Object.fromEntries(keys.map((key) => [key, each(object[key] ?? null)]));
}

function asObject(value: JsonValue | undefined): JsonObject {
  if (value === undefined || !isObject(value)) throw new Error("the message has no JSON object form");
  return value;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
