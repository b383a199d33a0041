import type { Json, JsonObject } from "../../../compiler/plan/plan.js";

// YAML as people write it, of data that we made: blocks outside, and a line for what fits into one.

const WIDEST = 116;

/** Words that YAML or its readers take for something else than a text. */
const RESERVED = /^(true|false|null|yes|no|on|off|y|n|nan|inf)$/i;
const PLAIN_KEY = /^[A-Za-z_$@][A-Za-z0-9_.$-]*$/;
const PLAIN_TEXT = /^(\.\/|[A-Za-z/])([A-Za-z0-9_./{}:-]| (?! ))*[A-Za-z0-9_./}]$|^[A-Za-z]$/;

function yamlKey(key: string): string {
  return PLAIN_KEY.test(key) && !key.startsWith("@") && !RESERVED.test(key) ? key : JSON.stringify(key);
}

/** A text without quotes where no reader can take it for something else; in `{}` and `[]` braces need them. */
function yamlText(text: string, inFlow: boolean): string {
  if (!PLAIN_TEXT.test(text) || RESERVED.test(text) || text.includes(": ") || (inFlow && /[{}]/.test(text)))
    return quoted(text);
  return text;
}

/** As JSON, with what YAML does not print. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A value in one line. */
export function yamlFlow(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(yamlFlow).join(", ")}]`;
  if (typeof value === "string") return yamlText(value, true);
  if (value === null || typeof value !== "object") return String(value);
  const entries = Object.entries(value).map(([key, inner]) => `${yamlKey(key)}: ${yamlFlow(inner)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

/** Lines of a mapping, each with the indent. */
export function yamlBlock(value: JsonObject, indent: number): string[] {
  const space = " ".repeat(indent);
  return Object.entries(value).flatMap(([key, inner]) => {
    const name = `${space}${yamlKey(key)}:`;
    if (typeof inner === "string") return [`${name} ${yamlText(inner, false)}`];
    const line = `${name} ${yamlFlow(inner)}`;
    if (line.length <= WIDEST || inner === null || typeof inner !== "object") return [line];
    if (!Array.isArray(inner)) return [name, ...yamlBlock(inner, indent + 2)];
    return [name, ...inner.flatMap((item) => yamlItem(item, indent + 2))];
  });
}

/** Lines of one item of a list. */
export function yamlItem(item: Json, indent: number): string[] {
  const space = " ".repeat(indent);
  const line = `${space}- ${yamlFlow(item)}`;
  if (line.length <= WIDEST || typeof item !== "object" || item === null) return [line];
  if (Array.isArray(item))
    return item.length === 0 ? [line] : [`${space}-`, ...item.flatMap((one) => yamlItem(one, indent + 2))];
  const [first = "", ...rest] = yamlBlock(item, indent + 2);
  return [`${space}- ${first.trimStart()}`, ...rest];
}
