import { Ajv, type ValidateFunction } from "ajv";
import type { JsonSchema } from "../../compiler/policy/json-schema.js";
import { bodyModuleJsonSchema, moduleJsonSchema } from "../../compiler/policy/module-schema.js";
import { modules } from "../../filters/index.js";

export type ModuleName = keyof typeof modules;
/** Modules that look at a request before it goes on, and those of the body stage. */
export const GUARD_NAMES = ["guard", "auth", "rate-limit", "tracing"] as const;
export const BODY_NAMES = ["body", "soap"] as const;
export const MODULE_NAMES = [...GUARD_NAMES, ...BODY_NAMES] as const;
export type GuardName = (typeof GUARD_NAMES)[number];
type BodyName = (typeof BODY_NAMES)[number];

export function isBodyName(name: ModuleName): name is BodyName {
  return BODY_NAMES.some((one) => one === name);
}

/** Schemas of the configurations of modules, by the names of their files in `schema/`. */
export const moduleSchemas: Readonly<Record<ModuleName, { file: string; schema: JsonSchema }>> = {
  guard: { file: "module", schema: moduleJsonSchema(modules.guard, "Configuration of guard.wasm") },
  auth: { file: "module-auth", schema: moduleJsonSchema(modules.auth, "Configuration of auth.wasm") },
  "rate-limit": {
    file: "module-rate-limit",
    schema: moduleJsonSchema(modules["rate-limit"], "Configuration of rate-limit.wasm"),
  },
  tracing: { file: "module-tracing", schema: moduleJsonSchema(modules.tracing, "Configuration of tracing.wasm") },
  body: { file: "module-body", schema: bodyModuleJsonSchema(modules.body, "Configuration of body.wasm", "config") },
  soap: { file: "module-soap", schema: bodyModuleJsonSchema(modules.soap, "Configuration of soap.wasm", "alone") },
};

// Tuples of one item and more, and parts of `anyOf` that say only which keys go together.
const ajv = new Ajv({ strict: true, strictTypes: false, strictRequired: false, strictTuples: false });
ajv.addKeyword({ keyword: "patternErrorMessage", schemaType: "string" });
const validators: Readonly<Record<ModuleName, ValidateFunction>> = {
  guard: ajv.compile(moduleSchemas.guard.schema),
  auth: ajv.compile(moduleSchemas.auth.schema),
  "rate-limit": ajv.compile(moduleSchemas["rate-limit"].schema),
  tracing: ajv.compile(moduleSchemas.tracing.schema),
  body: ajv.compile(moduleSchemas.body.schema),
  soap: ajv.compile(moduleSchemas.soap.schema),
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
  [/^(.*: |the configuration )?needs more memory than the module may have$/, "memory"],
  [/: there already is a (cluster|consumer|policy|route|tag) "/, "a name twice in a list of objects"],
  [/: has a rate already$/, "a tier twice in a list of objects"],
  [/: is a second window of the same period$/, "a period twice in a list of objects, in whole seconds"],
  [/: has the name of a rule before it$/, "a name twice in a list of objects"],
  [/: must be "filterState" where a signature covers content-digest/, "members of objects that lie in different lists"],
  [/: have too many credentials$/, "a sum over consumers"],
  [/: is a key that a consumer already has$/, "a key twice in lists of lists"],
  [/: is a subject that a consumer already is$/, "a subject twice in lists of lists"],
  [/: has a header that is listed already$/, "a name twice in a list of objects"],
  [/: is a key (that cannot be used|with|whose algorithm)/, "which texts are good keys"],
  [/: must be longer than refreshMs$/, "a comparison of two numbers"],
  [/: must be of public keys, as a service publishes no secrets$/, "what a member beside it says"],
  [/: is one set of keys too many$/, "a sum over policies"],
  [/: the environment variable /, "the environment"],
  [/: no policy is named "/, "what a name refers to"],
  [/: is a second authenticate$/, "what a name refers to"],
  [/: must come before authorize$/, "what a name refers to, and order"],
  [/: counts by who calls, and no authenticate comes before it$/, "what a name refers to, and order"],
  [/: is one limit too many beside each other$/, "what a name refers to, and order"],
  [/: is more than a million a second$/, "a quotient"],
  [/: is too large for this rate$/, "a product"],
  [/: is the number of no (exporter|condition)$/, "what a number refers to"],
  [/: must come first, as it traces all that follows$/, "what a name refers to, and order"],
  [/: is one (name|header) too many$/, "a sum over policies"],
  [/: must be a range of addresses/, "which texts are ranges"],
  [/: must be an automaton in base64$/, "what base64 holds"],
  [/: has too many operations$/, "a sum over a predicate"],
  [/: there already is a tag "/, "a name twice in a list of objects"],
  [/: is the number of no (exporter|condition)$/, "what a number refers to"],
  [/: must come first, as it traces all that follows$/, "what a name refers to, and order"],
  [/: has the name of an operation before it$/, "a name twice in a list of objects"],
  [/: has the query of a parameter before it$/, "a name twice in a list of objects"],
  [/: has two (elements|attributes) of one name$/, "a name twice in a list of objects"],
  [/: refers to nothing$/, "what a number refers to"],
  [/: is a list of lists$/, "what a number refers to"],
  [/: is a union of what is no plain type$/, "what a number refers to"],
  [/: is no value of its type$/, "what a number refers to, and which texts are values"],
  [/: has a default or fixed value that is none of its type$/, "what a number refers to, and which texts are values"],
  [/: names no member of the input$/, "what a name refers to"],
  [/: lies in what is no object$/, "what a name refers to"],
  [/: leads to what is no simple value$/, "what a name refers to"],
  [/: takes one value only$/, "what a name refers to"],
  [/: is bound twice$/, "what a name refers to"],
  [/: must occur more often than it may$/, "a comparison of two numbers"],
  [/: must begin with a group that spans all the rest$/, "the length of a list"],
  [/: has a group that goes beyond the group around it$/, "sums over a list"],
  [/: has a character that XML cannot have$/, "which characters XML has"],
];

/** Whether a message of a module, without `sluice: `, is of those that no schema can give. */
export function isBeyond(message: string): boolean {
  return BEYOND.some(([pattern]) => pattern.test(message));
}
