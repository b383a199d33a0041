import { Ajv, type ValidateFunction } from "ajv";
import { z } from "zod";
import type { JsonSchema } from "../../compiler/policy/json-schema.js";
import { readDocument, toValue, type Value } from "../../compiler/syntax/document.js";
import { SourceFile } from "../../compiler/syntax/source.js";
import { schemas } from "./documents.js";

// `oneOf` and `anyOf` only say which keys go together, so their parts repeat neither types nor properties.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
// For editors only.
ajv.addKeyword({ keyword: "patternErrorMessage", schemaType: "string" });
const validators: Readonly<Record<keyof typeof schemas, ValidateFunction>> = {
  gateway: ajv.compile(schemas.gateway),
  fragment: ajv.compile(schemas.fragment),
  test: ajv.compile(schemas.test),
};

const SORTS = { Gateway: "gateway", Fragment: "fragment", Test: "test" } as const;
const head = z
  .object({ kind: z.enum(["Gateway", "Fragment", "Test"]).catch("Gateway") })
  .loose()
  .catch({ kind: "Gateway" });

/**
 * What the JSON Schema of its kind says of a YAML text: each fault as `/place keyword`, sorted; a fault of a whole
 * mapping about one of its keys has that key in the place.
 */
export function faultsBySchema(text: string): string[] {
  const value = yamlValue(text);
  const validate = validators[SORTS[head.parse(value).kind]];
  if (validate(value)) return [];
  // Which keys an alternative lacks says no more than that none of the alternatives fits.
  const errors = (validate.errors ?? []).filter(({ schemaPath }) => !/\/(any|one)Of\/\d+\/required$/.test(schemaPath));
  const faults = errors.map(({ instancePath, keyword, params }) => {
    const key: unknown = params.additionalProperty ?? params.missingProperty ?? params.propertyName;
    return `${instancePath}${typeof key === "string" ? `/${key}` : ""} ${keyword}`;
  });
  return [...new Set(faults)].toSorted();
}

/** The value of a YAML text. */
export function yamlValue(text: string): Value {
  const { root } = readDocument(new SourceFile("file.yaml", text));
  if (root === undefined) throw new Error("this is not YAML as we read it");
  return toValue(root);
}

/** Paths of keys that a schema does not describe, `*` for free keys and items. */
export function keysWithoutDescription(schema: JsonSchema, path = ""): string[] {
  const parts: [string, JsonSchema | boolean | undefined, boolean][] = [
    ...Object.entries(schema.properties ?? {}).map(([key, part]): [string, typeof part, boolean] => [key, part, true]),
    ["*", schema.additionalProperties, true],
    ["*", Array.isArray(schema.items) ? undefined : schema.items, false],
    ...(schema.anyOf ?? []).map((part): [string, JsonSchema, boolean] => ["", part, false]),
  ];
  return parts.flatMap(([key, part, needed]) => {
    // A boolean forbids or allows all other keys, and an empty schema lets every value be there.
    if (part === undefined || typeof part === "boolean" || Object.keys(part).length === 0) return [];
    const inner = key === "" ? path : `${path}/${key}`;
    const own = needed && (part.description ?? "").trim() === "" ? [inner] : [];
    return [...own, ...keysWithoutDescription(part, inner)];
  });
}

/** Paths of mappings that let keys through which nobody described; other keys have to be refused. */
export function openMappings(schema: JsonSchema, path = ""): string[] {
  const own = schema.properties !== undefined && schema.additionalProperties !== false ? [path] : [];
  const inner = [
    ...Object.entries(schema.properties ?? {}),
    ["*", schema.additionalProperties] as const,
    ["*", Array.isArray(schema.items) ? undefined : schema.items] as const,
    ...(schema.anyOf ?? []).map((part) => ["", part] as const),
  ].flatMap(([key, part]) =>
    part === undefined || typeof part === "boolean" ? [] : openMappings(part, key === "" ? path : `${path}/${key}`),
  );
  return [...own, ...inner];
}
