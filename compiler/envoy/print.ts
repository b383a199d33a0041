import type { DescMessage, JsonObject, JsonValue, MessageShape } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { dump, load } from "js-yaml";
import { canonical } from "./canonical.js";

/**
 * A message as a JSON object in Envoy's own spelling: proto field names in the order of their numbers, `"@type"` first,
 * map keys sorted. Equal messages give equal objects.
 * @throws Error if an `Any` holds a message that is not in the registry, or a value has no JSON form
 */
export function toObject<Desc extends DescMessage>(schema: Desc, message: MessageShape<Desc>): JsonObject {
  const object = canonical(reflect(schema, message));
  if (isCollection(object) && !Array.isArray(object)) return object;
  throw new Error("the message has no JSON object form");
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
  return `${new Printer().value(object, "")}\n`;
}

type Collection = JsonObject | JsonValue[];

/**
 * Writes blocks as js-yaml does, byte for byte, and leaves it to js-yaml how texts and keys are quoted. For a whole
 * configuration js-yaml would build a tree of its own, and write again what stands in every route.
 */
class Printer {
  private readonly keys = new Map<string, string>();
  private readonly scalars = new Map<JsonValue, string>();
  /** Collections that were met, from the second time on with what was written for them. */
  private readonly met = new Map<Collection, { indent: string; text: string | undefined }>();

  /** @param indent of the lines after the first */
  value(value: JsonValue, indent: string): string {
    if (!isCollection(value)) return this.scalar(value, indent);
    if (Array.isArray(value)) return value.length === 0 ? "[]" : this.once(value, indent);
    return hasEntries(value) ? this.once(value, indent) : "{}";
  }

  private once(value: Collection, indent: string): string {
    const before = this.met.get(value);
    if (before?.text !== undefined && before.indent === indent) return before.text;
    const text = this.block(value, indent);
    this.met.set(value, { indent, text: before === undefined ? undefined : text });
    return text;
  }

  private block(value: Collection, indent: string): string {
    const lines = Array.isArray(value)
      ? value.map((item) => `- ${this.value(item, `${indent}  `)}`)
      : Object.entries(value).map(([key, item]) => this.entry(key, item, indent));
    return lines.join(`\n${indent}`);
  }

  private entry(key: string, item: JsonValue, indent: string): string {
    const inner = `${indent}  `;
    const written = this.key(key);
    const text = this.value(item, inner);
    // A key that has line breaks or is very long stands by itself.
    if (written.startsWith("? ")) return `${indented(written, indent)}\n${indent}: ${text}`;
    return isCollection(item) && hasEntries(item) ? `${written}:\n${inner}${text}` : `${written}: ${text}`;
  }

  private key(key: string): string {
    let written = this.keys.get(key);
    if (written === undefined) {
      written = asYaml({ [key]: 0 }).replace(/\n?: 0\n$/, "");
      this.keys.set(key, written);
    }
    return written;
  }

  private scalar(value: string | number | boolean | null, indent: string): string {
    if (typeof value === "string") {
      if (PLAIN.test(value)) return value;
      if (value.length >= LONG_TEXT) return doubleQuoted(value);
    }
    let written = this.scalars.get(value);
    if (written === undefined) {
      // Something follows, or a text that ends in empty lines would end the document too.
      written = asYaml([value, 0]).slice("- ".length, -"\n- 0\n".length);
      this.scalars.set(value, written);
    }
    return written.includes("\n") ? indented(written, indent.slice(2)) : written;
  }
}

/** Most texts of a configuration: such as need no quotes, and are surely no number, date or word like `yes`. */
const PLAIN = /^(?!(?:true|false|yes|no|on|off|null|y|n)$)[a-z/_](?:[a-z0-9_/.+^*()|$~=[\]-]|:(?=[a-z0-9/]))*$/i;

function asYaml(value: JsonValue): string {
  return dump(value, { noRefs: true, lineWidth: -1, indent: 2 });
}

/** Moves the lines after the first to the right; empty ones stay empty. */
function indented(text: string, indent: string): string {
  return text.replace(/\n(?=[^\n])/g, `\n${indent}`);
}

function hasEntries(value: Collection): boolean {
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/**
 * Characters from which on a text is not left to js-yaml: the regular expressions by which it chooses a style overflow
 * the stack on some millions.
 */
const LONG_TEXT = 100_000;

/** JSON's escapes are YAML's too; what YAML does not count as printable, or folds, is escaped beside (YAML 1.2, 5.1). */
function doubleQuoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]/g,
    (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function isCollection(value: JsonValue): value is Collection {
  return typeof value === "object" && value !== null;
}
