import { equals, fromJson, isMessage, type JsonObject, type JsonValue, type Message } from "@bufbuild/protobuf";
import { type Any, AnySchema, anyUnpack, hasCustomJsonRepresentation, UInt32ValueSchema } from "@bufbuild/protobuf/wkt";
import { unpacked } from "../any.js";
import { canonical } from "../canonical.js";
import { registry } from "../registry.js";
import type { Located, Tree, Violation } from "./located.js";

/**
 * The verified message must survive being printed and read again, with whatever its `Any`s hold.
 *
 * @param printed the JSON form of the whole, where it is at hand
 */
export function roundTrip({ all }: Tree, printed?: JsonValue): Violation[] {
  const [whole] = all;
  const problem = whole === undefined ? undefined : problemOf(whole, printed);
  if (problem === undefined) return [];
  // The whole is broken where its innermost broken message is.
  for (const located of all.toReversed()) {
    const message = problemOf(located);
    if (message !== undefined) return [{ path: located.path, message }];
  }
  return [{ path: "", message: problem }];
}

function problemOf({ message, reflected }: Located, printed?: JsonValue): string | undefined {
  const schema = reflected.desc;
  try {
    const json = printed ?? canonical(reflected);
    if (comesBack(message, json)) return undefined;
    // Slower, and exact: what is written in two ways may mean the same.
    const again = fromJson(schema, json, { registry });
    if (equals(schema, message, again, { registry, unpackAny: true, unknown: true })) return undefined;
    return "does not come back the same from its JSON form";
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * Whether a message is read from a JSON form as it is, to the last member.
 * @throws Error if it cannot be read
 */
function comesBack(message: Message, json: JsonValue): boolean {
  const schema = registry.getMessage(message.$typeName);
  if (schema === undefined) return false;
  const inner: JsonObject[] = [];
  const again = fromJson(schema, withoutAnys(json, inner), { registry });
  return isSame(message, again, inner);
}

/**
 * A JSON form with the number of each `Any` in its place, as one that is quickly read: as it stands, what it holds would
 * be encoded once it is read. Those are read by themselves.
 */
function withoutAnys(json: JsonValue, anys: JsonObject[]): JsonValue {
  if (Array.isArray(json)) return json.map((item) => withoutAnys(item, anys));
  if (typeof json !== "object" || json === null) return json;
  if (typeof json["@type"] === "string") {
    anys.push(json);
    return { "@type": NUMBER, value: anys.length - 1 };
  }
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, withoutAnys(value, anys)]));
}

const NUMBER = "type.googleapis.com/google.protobuf.UInt32Value";

/** Messages are plain objects: two of one type with the same members are equal. */
function isSame(one: unknown, other: unknown, anys: readonly JsonObject[]): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  if (one instanceof Uint8Array || other instanceof Uint8Array)
    return one instanceof Uint8Array && other instanceof Uint8Array && Buffer.compare(one, other) === 0;
  if (isMessage(one, AnySchema)) return isMessage(other, AnySchema) && holdsWhatWasPrinted(one, other, anys);
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => Object.hasOwn(other, key) && isSame(Reflect.get(one, key), Reflect.get(other, key), anys))
  );
}

/** @param read what stands in its place, as `withoutAnys` has it */
function holdsWhatWasPrinted(any: Any, read: Any, anys: readonly JsonObject[]): boolean {
  if (any.typeUrl === "") return read.typeUrl === "" && any.value.length === 0;
  const message = unpacked(any, registry);
  const index = anyUnpack(read, UInt32ValueSchema)?.value;
  const json = index === undefined ? undefined : anys[index];
  if (message === undefined || json === undefined) return false;
  const { "@type": url, ...members } = json;
  const schema = registry.getMessage(message.$typeName);
  const isValue = schema !== undefined && hasCustomJsonRepresentation(schema);
  return url === any.typeUrl && comesBack(message, isValue ? (json.value ?? null) : members);
}
