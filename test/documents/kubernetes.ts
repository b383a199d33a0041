import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";

const schemaFile = z.object({
  resource: z.object({
    group: z.string(),
    kind: z.string(),
    versions: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
});

const PATH = join(packageRoot(), "test", "corpora", "istio-wasm-plugin.json");

/**
 * What is wrong with a Kubernetes resource by the schema of its definition, every object closed: a published schema lets
 * unknown fields pass, and the API server drops them without a word. CEL rules (`x-kubernetes-validations`) are not run.
 */
export function resourceFaults(resource: unknown): string[] {
  const { group, kind, versions } = schemaFile.parse(JSON.parse(readFileSync(PATH, "utf8"))).resource;
  const head = z.object({ apiVersion: z.string(), kind: z.string() }).loose().safeParse(resource);
  if (!head.success) return ["apiVersion and kind are missing"];
  const version = head.data.apiVersion.startsWith(`${group}/`) ? head.data.apiVersion.slice(group.length + 1) : "";
  const schema = versions[version];
  if (schema === undefined || head.data.kind !== kind)
    return [`no schema of ${head.data.apiVersion} ${head.data.kind}`];

  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const metadata = {
    type: "object",
    properties: { name: { type: "string" }, namespace: { type: "string" } },
    required: ["name"],
    additionalProperties: false,
  };
  const { properties } = z.object({ properties: z.record(z.string(), z.unknown()) }).parse(schema);
  const whole = { ...schema, properties: { ...properties, apiVersion: {}, kind: {}, metadata } };
  const valid = ajv.validate(z.record(z.string(), z.unknown()).parse(closed(whole)), resource);
  return valid
    ? []
    : (ajv.errors ?? []).map(
        ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
      );
}

/** A schema in which objects have the properties that it lists and no others. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== "object" || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  const open = "additionalProperties" in inner || inner["x-kubernetes-preserve-unknown-fields"] === true;
  return typeof inner.properties === "object" && inner.type === "object" && !open
    ? { ...inner, additionalProperties: false }
    : inner;
}
