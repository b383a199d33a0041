import { z } from "zod";
import { catalog } from "../diagnostics/catalog.js";
import { policy as anyPolicy, gatewaySchema, MOST_POLICIES } from "./gateway.js";
import type { PolicyKind } from "./kind.js";
import { name } from "./values.js";

/** A JSON Schema, or a part of one. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/** What an included file may hold beside its head. */
const FRAGMENT_SECTIONS = ["listeners", "services", "consumers", "policies", "routes", "include"] as const;

/**
 * The schema of a policy file, for editors. It refuses less than `sluice check` and nothing that the command takes: what
 * needs a reader of its own, such as an expression, or two places of a file is left to the command.
 */
export function gatewayJsonSchema(kinds: readonly PolicyKind[]): JsonSchema {
  const schema = jsonSchemaOf(withPolicies(kinds), "Sluice gateway");
  return "include" in gatewaySchema.shape ? withIncludes(schema) : schema;
}

/** The schema of a file that is named under `include`. */
export function fragmentJsonSchema(kinds: readonly PolicyKind[]): JsonSchema {
  const { apiVersion, ...shape } = withPolicies(kinds).shape;
  const sections = Object.entries(shape).filter(([key]) => isSection(key));
  const fragment = z.strictObject({
    apiVersion,
    kind: z.literal("Fragment").describe("What the file is: a part of a gateway, which names it under `include`."),
    ...Object.fromEntries(sections.map(([key, section]) => [key, section.optional()])),
  });
  return unbounded(jsonSchemaOf(fragment, "Sluice fragment"));
}

/**
 * What a schema takes, in draft 07, which every editor reads.
 *
 * @throws Error if a part of the schema has no counterpart in JSON Schema
 */
export function jsonSchemaOf(schema: z.ZodType, title: string): JsonSchema {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: "draft-7",
    io: "input",
    // Left out by itself where a value is transformed, as if the examples were of the result.
    override: ({ zodSchema, jsonSchema }) => {
      if (jsonSchema.pattern !== undefined) Object.assign(jsonSchema, patternMessage(zodSchema));
      const examples = z.globalRegistry.get(zodSchema)?.examples;
      if (Array.isArray(examples)) jsonSchema.examples = examples;
    },
  });
  return { ...($schema === undefined ? {} : { $schema }), title, ...rest };
}

/** Texts of which no form takes both. */
const ODD_TEXTS = ["\u0000", ""];

/** What yaml-language-server shows instead of the pattern; validators do not look at it. */
function patternMessage(schema: z.core.$ZodType): { patternErrorMessage?: string } {
  const [issue] = ODD_TEXTS.flatMap((text) => z.safeParse(schema, text).error?.issues ?? []);
  if (issue === undefined) return {};
  if (issue.code === "custom" && issue.params?.privateKey === true)
    return { patternErrorMessage: catalog.SL0623.message };
  if (issue.code === "custom" && issue.params?.verifier === true)
    return { patternErrorMessage: catalog.SL0232.message };
  if (issue.code === "custom" && issue.params?.literalSecret === true)
    return { patternErrorMessage: catalog.SL0204.message };
  return issue.code === "custom" || issue.code === "invalid_format" ? { patternErrorMessage: issue.message } : {};
}

/** The gateway, in which each policy is a mapping with exactly one kind. */
function withPolicies(kinds: readonly PolicyKind[]) {
  const policy = z
    .strictObject({
      ...anyPolicy.shape,
      ...Object.fromEntries(kinds.map((kind) => [kind.name, described(kind)])),
    })
    .describe(`One policy, of exactly one kind: ${kinds.map((kind) => kind.name).join(", ")}.`)
    .meta({ oneOf: kinds.map((kind) => ({ required: [kind.name] })) });
  const description = gatewaySchema.shape.policies.description ?? "";
  return z.strictObject({
    ...gatewaySchema.shape,
    policies: z.record(name, policy).meta({ maxProperties: MOST_POLICIES }).default({}).describe(description),
  });
}

function described({ schema, summary }: PolicyKind) {
  return schema.optional().describe(`${summary.slice(0, 1).toUpperCase()}${summary.slice(1)}.`);
}

/** What an included file brings need not stand in the file that names it, and a section may be empty there. */
function withIncludes(schema: JsonSchema): JsonSchema {
  const required = schema.required ?? [];
  const sections = required.filter(isSection);
  return {
    ...unbounded(schema),
    required: required.filter((key) => !isSection(key)),
    anyOf: [{ required: sections }, { required: ["include"] }],
  };
}

/** Without the least size of a section: another file may fill it. */
function unbounded(schema: JsonSchema): JsonSchema {
  const properties = Object.entries(schema.properties ?? {}).map(([key, property]) => {
    if (!isSection(key) || key === "include" || typeof property === "boolean") return [key, property];
    const { minItems, minProperties, ...rest } = property;
    return [key, rest];
  });
  return { ...schema, properties: Object.fromEntries(properties) };
}

function isSection(key: string): boolean {
  return FRAGMENT_SECTIONS.some((section) => section === key);
}
