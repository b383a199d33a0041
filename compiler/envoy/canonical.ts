import { type DescField, isMessage, type JsonObject, type JsonValue, type Message, toJson } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { type Any, AnySchema, hasCustomJsonRepresentation } from "@bufbuild/protobuf/wkt";
import { unpacked } from "./any.js";
import { registry } from "./registry.js";

/** The objects of messages that were met before: one that stands in many places is converted once. */
type Made = Map<Message, JsonObject>;

/**
 * A message in ProtoJSON with Envoy's own spelling: proto field names in the order of their numbers, `"@type"` first,
 * keys of maps sorted. Parts that are the same message give the same object.
 * @throws Error if an `Any` holds a message that is not in the registry, or a value has no JSON form
 */
export function canonical(reflected: ReflectMessage, made: Made = new Map()): JsonValue {
  const { desc, message } = reflected;
  if (isMessage(message, AnySchema)) return anyObject(message, made);
  if (hasCustomJsonRepresentation(desc)) return sorted(toJson(desc, message));
  const before = made.get(message);
  if (before !== undefined) return before;
  const object = fieldsOf(reflected, {}, made);
  made.set(message, object);
  return object;
}

function anyObject(any: Any, made: Made): JsonObject {
  // An empty Any is printed as {}.
  if (any.typeUrl === "") return {};
  const message = unpacked(any, registry);
  const schema = message === undefined ? undefined : registry.getMessage(message.$typeName);
  if (message === undefined || schema === undefined) throw new Error(`${any.typeUrl} is not in the registry`);
  const reflected = reflect(schema, message);
  // Proto3 JSON mapping: a message whose JSON is not an object of its fields goes under `value`.
  if (hasCustomJsonRepresentation(schema)) return { "@type": any.typeUrl, value: canonical(reflected, made) };
  return fieldsOf(reflected, { "@type": any.typeUrl }, made);
}

function fieldsOf(reflected: ReflectMessage, object: JsonObject, made: Made): JsonObject {
  for (const field of reflected.sortedFields)
    if (reflected.isSet(field)) object[field.name] = fieldValue(reflected, field, made);
  return object;
}

function fieldValue(reflected: ReflectMessage, field: DescField, made: Made): JsonValue {
  switch (field.fieldKind) {
    case "scalar":
      return scalarValue(reflected.get(field));
    case "enum":
      return enumValue(field, reflected.get(field));
    case "message":
      return canonical(reflected.get(field), made);
    case "list":
      return Array.from(reflected.get(field), (item) => itemValue(field, item, made));
    case "map":
      return sortedEntries(
        Array.from(reflected.get(field), ([key, item]) => [String(key), itemValue(field, item, made)]),
      );
  }
}

function itemValue(field: DescField, item: unknown, made: Made): JsonValue {
  if (isReflectMessage(item)) return canonical(item, made);
  return typeof item === "number" && field.enum !== undefined ? enumValue(field, item) : scalarValue(item);
}

/** An unknown number stays one. */
function enumValue({ enum: type }: DescField, number: number): JsonValue {
  if (type?.typeName === "google.protobuf.NullValue") return null;
  return type?.value[number]?.name ?? number;
}

function scalarValue(value: unknown): JsonValue {
  if (typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  throw new Error(`a ${typeof value} has no JSON form`);
}

function sorted(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return sortedEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)]));
}

function sortedEntries(entries: [key: string, value: JsonValue][]): JsonObject {
  // By code unit, not by locale: the same bytes on every machine.
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // defineProperty semantics, so that a key named __proto__ stays a key.
  return Object.fromEntries(entries);
}
