import { Ajv, type ValidateFunction } from "ajv";
import type { JsonSchema } from "../../compiler/policy/json-schema.js";
import { moduleJsonSchema } from "../../compiler/policy/module-schema.js";
import { modules } from "../../filters/index.js";

export type ModuleName = keyof typeof modules;
export const MODULE_NAMES = ["guard", "auth", "rate-limit"] as const;

/** Schemas of the configurations of modules, by the names of their files in `schema/`. */
export const moduleSchemas: Readonly<Record<ModuleName, { file: string; schema: JsonSchema }>> = {
  guard: { file: "module", schema: moduleJsonSchema(modules.guard, "Configuration of guard.wasm") },
  auth: { file: "module-auth", schema: moduleJsonSchema(modules.auth, "Configuration of auth.wasm") },
  "rate-limit": {
    file: "module-rate-limit",
    schema: moduleJsonSchema(modules["rate-limit"], "Configuration of rate-limit.wasm"),
  },
};

// Tuples of one item and more, and parts of `anyOf` that say only which keys go together.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, strictTuples: false });
ajv.addKeyword({ keyword: "patternErrorMessage", schemaType: "string" });
const validators: Readonly<Record<ModuleName, ValidateFunction>> = {
  guard: ajv.compile(moduleSchemas.guard.schema),
  auth: ajv.compile(moduleSchemas.auth.schema),
  "rate-limit": ajv.compile(moduleSchemas["rate-limit"].schema),
};

/** The first fault that the schema of a module finds in a document, or nothing. */
export function faultBySchema(name: ModuleName, document: unknown): string | undefined {
  const validate = validators[name];
  if (validate(document)) return undefined;
  const [first] = validate.errors ?? [];
  return `${first?.instancePath} ${first?.message}`;
}

/** What only the module refuses, as JSON Schema cannot say it: the message of the module, and why. */
export const BEYOND: readonly (readonly [message: RegExp, why: string])[] = [
  [/^the configuration is not strict JSON/, "how JSON is written: duplicate members, lone surrogates, depth"],
  [/^the configuration is larger than 16 MiB/, "size"],
  [/: must be an integer$/, "how a number is written: 1.0 is 1 to a schema"],
  [/: is too (long|short)$/, "bytes, where a schema counts characters"],
  [/^(.*: )?needs more memory than the module may have$/, "memory"],
  [/: there already is a (consumer|policy|route) "/, "a name twice in a list of objects"],
  [/: has a rate already$/, "a tier twice in a list of objects"],
  [/: has the name of a rule before it$/, "a name twice in a list of objects"],
  [/: have too many credentials$/, "a sum over consumers"],
  [/: is a key that a consumer already has$/, "a key twice in lists of lists"],
  [/: the environment variable /, "the environment"],
  [/: no policy is named "/, "what a name refers to"],
  [/: is a second authenticate$/, "what a name refers to"],
  [/: must come before authorize$/, "what a name refers to, and order"],
  [/: counts by who calls, and no authenticate comes before it$/, "what a name refers to, and order"],
  [/: is one limit too many beside each other$/, "what a name refers to, and order"],
  [/: is more than a million a second$/, "a quotient"],
  [/: is too large for this rate$/, "a product"],
  [/: is one (name|header) too many$/, "a sum over policies"],
  [/: must be a range of addresses/, "which texts are ranges"],
  [/: must be an automaton in base64$/, "what base64 holds"],
  [/: has too many operations$/, "a sum over a predicate"],
];

/** Whether a message of a module, without `sluice: `, is of those that no schema can give. */
export function isBeyond(message: string): boolean {
  return BEYOND.some(([pattern]) => pattern.test(message));
}
