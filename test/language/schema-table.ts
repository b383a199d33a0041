import { z } from "zod";
import { type JsonSchema, jsonSchemaOf } from "../../compiler/policy/json-schema.js";
import * as values from "../../compiler/policy/values.js";

const titlesOf = z.record(z.string(), z.object({ title: z.string().optional() })).default({});

type Part = JsonSchema | boolean;

/** One table of the reference: the keys of a mapping. */
interface Section {
  /** `routes[].match`; empty for the file itself. */
  path: string;
  schema: JsonSchema;
}

/** Words for texts of a form of their own, by the pattern of the form; the reference tells the forms at its beginning. */
const FORMS: ReadonlyMap<string | undefined, string> = new Map(
  (
    [
      [values.name, "name"],
      [values.duration, "duration"],
      [values.hostPort, "address"],
      [values.headerName, "header name"],
      [values.headerValue, "header value"],
      [values.httpMethod, "method"],
      [values.apiKeyReference, "secret"],
      [values.identity, "identity"],
    ] as const
  ).map(([schema, word]) => [jsonSchemaOf(schema, "").pattern, word]),
);

/**
 * The keys of a schema, in one table for each mapping; a mapping that stands in two places gets one table.
 *
 * @param notes what else there is to say before the table of a path
 */
export function schemaTables(schema: JsonSchema, notes: ReadonlyMap<string, string> = new Map()): string {
  const sections = new Map<string, Section>();
  collect({ path: "", schema: withoutReferences(schema) }, sections);
  return [...sections.values()].map((section) => table(section, sections, notes.get(section.path))).join("\n");
}

/** A schema with the titles of definitions in the place of references to them: those have a chapter of their own. */
function withoutReferences(schema: JsonSchema): JsonSchema {
  const { definitions, ...rest } = schema;
  const titles = titlesOf.parse(definitions);
  const titleOf = (reference: string) => titles[reference.replace("#/definitions/", "")]?.title;
  return { ...rest, ...replaced(rest, titleOf) };
}

function replaced(part: JsonSchema, titleOf: (reference: string) => string | undefined): JsonSchema {
  const inner = (one: JsonSchema | boolean) => (typeof one === "boolean" ? one : replaced(one, titleOf));
  const [only] = part.allOf ?? [];
  const reference = part.$ref ?? (typeof only === "object" ? only.$ref : undefined);
  const title = reference === undefined ? part.title : titleOf(reference);
  const { items, properties, anyOf } = part;
  return {
    ...part,
    ...(title === undefined ? {} : { title }),
    ...(items === undefined || Array.isArray(items) ? {} : { items: inner(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map((one) => replaced(one, titleOf)) }),
    ...(properties === undefined
      ? {}
      : { properties: Object.fromEntries(Object.entries(properties).map(([key, one]) => [key, inner(one)])) }),
  };
}

function collect(section: Section, sections: Map<string, Section>): void {
  const id = JSON.stringify(section.schema);
  if (sections.has(id)) return;
  sections.set(id, section);
  for (const [key, property] of Object.entries(section.schema.properties ?? {}))
    for (const inner of mappingsIn(property, joined(section.path.replace(/ .*/, ""), key))) collect(inner, sections);
}

/** Mappings with keys of their own at a value, in its items or under its free keys. */
function mappingsIn(part: Part | undefined, path: string): Section[] {
  if (part === undefined || typeof part === "boolean") return [];
  const alternatives = (part.anyOf ?? []).flatMap((inner) => mappingsIn(inner, path));
  const own = part.properties === undefined ? [] : [{ path: part.title ?? path, schema: part }];
  const items = Array.isArray(part.items) ? [] : mappingsIn(part.items, `${path}[]`);
  const free = part.properties === undefined ? mappingsIn(part.additionalProperties, joined(path, "<name>")) : [];
  return [...own, ...items, ...free, ...alternatives];
}

function joined(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function table({ path, schema }: Section, sections: ReadonlyMap<string, Section>, note = ""): string {
  const rows = Object.entries(schema.properties ?? {}).map(([key, property]) => {
    if (typeof property === "boolean") throw new Error(`${path}.${key} takes anything or nothing`);
    return [`\`${key}\``, typeOf(property, sections), absence(key, property, schema), meaning(property)]
      .map(cell)
      .join(" | ");
  });
  const title = path === "" ? [] : [`### \`${path}\``, ""];
  const said = `${path === "" ? "" : aboutMapping(schema)} ${note}`.trim();
  const about = said === "" ? [] : [said, ""];
  const head = ["| key | value | default | meaning |", "|---|---|---|---|"];
  return [...title, ...about, ...head, ...rows.map((row) => `| ${row} |`), ""].join("\n");
}

/** What holds without the key. */
function absence(key: string, property: JsonSchema, { required = [], anyOf = [] }: JsonSchema): string {
  if (required.includes(key)) return "required";
  if (anyOf.length > 0 && anyOf[0]?.required?.includes(key)) return "required, here or in an included file";
  return property.default === undefined ? "" : code(property.default);
}

function aboutMapping({ description = "", oneOf = [] }: JsonSchema): string {
  const keys = oneOf.flatMap((one) => one.required ?? []).map((key) => `\`${key}\``);
  if (keys.length === 0 || /exactly one/.test(description)) return description;
  return `${description} Exactly one of ${keys.slice(0, -1).join(", ")} and ${keys.at(-1)}.`.trim();
}

function meaning({ description = "", examples = [] }: JsonSchema): string {
  const shown = examples.map(code).join(", ");
  return shown === "" ? description : `${description} Such as ${shown}.`;
}

/** What a value is, in words: `list of 1 to 64 texts`. */
function typeOf(part: Part | undefined, sections: ReadonlyMap<string, Section>): string {
  if (part === undefined || typeof part === "boolean") return "any value";
  if (part.anyOf !== undefined) return part.anyOf.map((inner) => typeOf(inner, sections)).join(", or ");
  if (part.const !== undefined) return code(part.const);
  if (part.enum !== undefined) return part.enum.map(code).join(", ");
  switch (part.type) {
    case "string": {
      const form = FORMS.get(part.pattern);
      if (form !== undefined) return form;
      return part.maxLength === undefined ? "text" : `text of at most ${number(part.maxLength)} characters`;
    }
    case "integer":
      return `whole number${range(part.minimum, part.maximum)}`;
    case "boolean":
      return "`true` or `false`";
    case "array": {
      const items = Array.isArray(part.items) ? undefined : part.items;
      return `list${count(part.minItems, part.maxItems)}: ${typeOf(items, sections)}`;
    }
    case "object":
      return mapping(part, sections);
    case undefined:
      return part.title ?? "any value";
    default:
      return "any value";
  }
}

function mapping(part: JsonSchema, sections: ReadonlyMap<string, Section>): string {
  if (part.properties === undefined)
    return `mapping of ${atMost(part.maxProperties)}${keyForm(part)}s to ${typeOf(part.additionalProperties, sections)}`;
  const told = sections.get(JSON.stringify(part));
  return told === undefined ? "mapping" : `[mapping](#${anchor(told.path)})`;
}

function keyForm({ propertyNames }: JsonSchema): string {
  return (typeof propertyNames === "object" ? FORMS.get(propertyNames.pattern) : undefined) ?? "text";
}

function atMost(most: number | undefined): string {
  return most === undefined ? "" : `at most ${number(most)} `;
}

/** How many items. */
function count(least: number | undefined, most: number | undefined): string {
  return range(least, most).replace(/^,/, " of");
}

function range(lowest: number | undefined, highest: number | undefined): string {
  const least = lowest === Number.MIN_SAFE_INTEGER ? undefined : lowest;
  const most = highest === Number.MAX_SAFE_INTEGER ? undefined : highest;
  if (least !== undefined && most !== undefined) return `, ${number(least)} to ${number(most)}`;
  if (most !== undefined) return `, at most ${number(most)}`;
  return least === undefined ? "" : `, at least ${number(least)}`;
}

function number(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** As GitHub makes them from headings. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

/** A value as it is written in YAML. */
export function code(value: unknown): string {
  return `\`${flow(value)}\``;
}

function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => `${key}: ${flow(inner)}`);
    return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
  }
  if (typeof value !== "string") return JSON.stringify(value);
  if (value.includes('"')) return `'${value}'`;
  return /^[\d.]+$|^[*[{]|[:#,]( |$)/.test(value) ? JSON.stringify(value) : value;
}

/** A table. Cells are Markdown, but for bars. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head.map(cell), head.map(() => "---"), ...rows.map((row) => row.map(cell))];
  return `${lines.map((line) => `| ${line.join(" | ")} |`).join("\n")}\n`;
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
