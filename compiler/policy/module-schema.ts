import { z } from "zod";
import { type Callers, predicateSchemas } from "../expression/predicate-schema.js";
import { MOST_COLLECTORS } from "../plan/tracing.js";
import { SOUND_VERIFIER } from "../plan/verifier.js";
import { USER } from "./credentials.js";
import { type JsonSchema, jsonSchemaOf } from "./json-schema.js";
import type { BodyPart, ModulePart, PolicyKind } from "./kind.js";
import { MOST_COUNTED } from "./metrics.js";
import { exactlyOneOf, identity, NAME, name } from "./values.js";

// The configuration document of a module (filters/modules/README.md, filters/modules/body/README.md), as the module itself reads it.

const results = [
  "consumer",
  "tier",
  "groups",
  "decision",
  "ratelimit",
  "ratelimit-policy",
  "shadow",
  "claims",
  "path",
  "cookie",
  "x-ratelimit",
] as const;

/**
 * The schema of the configuration of a module that carries out some kinds. It takes all that the module takes, but for the spelling of
 * the JSON; `BEYOND` in test/support/module-schema.ts lists what only the module refuses.
 *
 * @param kinds those of the module; others are left out
 */
export function moduleJsonSchema(kinds: readonly PolicyKind[], title: string): JsonSchema {
  const parts = kinds.flatMap((kind) => (kind.inModule === undefined ? [] : [{ ...kind, part: kind.inModule }]));
  const identifies = parts.some(({ part }) => part.identifies);
  const callers: Callers = identifies ? "known" : "handed-on";
  const policies = parts.map((kind) => policySchema(kind, callers));
  const told = parts.filter(({ part }) => part.tellsByFilterState).map((kind) => kind.name);
  const writes = parts.some(({ part }) => !part.tellsByFilterState);
  const exporting = parts.some(({ part }) => part.exports);
  const document = z
    .strictObject({
      version: z.literal(1).describe("Of this form of the document."),
      results: z
        .literal(writes ? ["filterState", "headers"] : ["filterState"])
        .describe(
          writes
            ? `\`filterState\`: Envoy writes headers from it. \`headers\`: the module itself ${identifies ? "clears and writes identity headers and removes credentials" : "writes them"}.`
            : "What was found out is left in filter state; Envoy writes headers from it.",
        ),
      consumers: identifies ? consumers : nobody,
      ...(identifies ? { countedConsumers } : {}),
      ...(exporting ? { exporters, clusters } : {}),
      policies: z.array(oneOf(policies, title)).max(1024).describe("What routes may run, each of one kind."),
      routes: routesOf([...results, ...parts.flatMap(({ part }) => part.tells ?? [])], exporting),
    })
    .meta(writes && told.length > 0 ? noHeadersBeside(told) : {});
  return jsonSchemaOf(document, title);
}

/**
 * The schema of the configuration of a module of the body stage, as `moduleJsonSchema` is of the others.
 *
 * @param part `config` behind routes that say which operation a request is for, `alone` of a module on its own
 */
export function bodyModuleJsonSchema(kinds: readonly PolicyKind[], title: string, part: keyof BodyPart): JsonSchema {
  const carriedOut = kinds.flatMap(({ name, inBody }) => (inBody?.[part] === undefined ? [] : [name]));
  const policies = kinds.flatMap(({ name: kind, summary, inBody }) => {
    const config = inBody?.[part];
    if (config === undefined) return [];
    const named = name.describe("Shown in decisions and counters, once in the document.");
    const members = { name: named, [kind]: config.describe(sentence(summary)) };
    return [z.strictObject(members).meta({ title: `policies[] with ${kind}` })];
  });
  const document = z.strictObject({
    version: z.literal(1).describe("Of this form of the document."),
    traced: z
      .boolean()
      .optional()
      .meta({ default: false })
      .describe("Whether it leaves in filter state how long its work took, for spans of the guard."),
    policies: z
      .array(oneOf(policies, title))
      .min(1)
      .max(1024)
      .meta(carriedOut.length < 2 ? {} : { anyOf: carriedOut.map((kind) => ({ items: { required: [kind] } })) })
      .describe(carriedOut.length < 2 ? "What is converted." : "What is converted, or compared: all of one kind."),
  });
  return jsonSchemaOf(document, title);
}

function oneOf<Schema extends z.ZodType>([first, ...rest]: readonly Schema[], title: string): z.ZodType {
  if (first === undefined) throw new Error(`${title}: a module carries out one kind at least`);
  return rest.length === 0 ? first : z.union([first, ...rest]);
}

function sentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`;
}

/** Kinds whose results only filter state has. */
function noHeadersBeside(kinds: readonly string[]) {
  const others = { not: { anyOf: kinds.map((kind) => ({ required: [kind] })) } };
  const either = [
    { properties: { results: { const: "filterState" } } },
    { properties: { policies: { items: others } } },
  ];
  return { allOf: [{ anyOf: either }] };
}

/** Texts of tokens that name somebody. */
const claimed = z
  .string()
  .min(1)
  .max(1024)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  .regex(/^[^\u0000-\u001f\u007f]*$/);

const consumers = z
  .array(
    z.strictObject({
      name: identity.describe("Visible ASCII without comma, of one consumer only."),
      tier: identity.optional().describe("For rates and rules."),
      groups: z.array(identity).max(64).optional().describe("For rules."),
      credentials: z
        .array(
          z
            .strictObject({
              apiKey: z
                .string()
                .max(1024)
                .regex(/^(sha256:[0-9a-f]{64}$|env:.)/s)
                .optional()
                .describe(
                  "`env:` and a variable that `vm_config.environment_variables` lets through, or `sha256:` and 64 lower-case hexadecimal digits. Every key once.",
                ),
              basic: z
                .strictObject({
                  user: z
                    .string()
                    .regex(USER)
                    .describe("Without colon and control characters, of one credential only."),
                  verifier: z
                    .string()
                    .regex(SOUND_VERIFIER)
                    .describe("What `sluice hash` writes of the password, of 2,000 to 20,000 rounds."),
                })
                .optional()
                .describe("A user with a password."),
              certificate: z
                .strictObject({
                  san: z
                    .string()
                    .regex(/^[!-~]{1,2048}$/)
                    .describe(
                      "The one URI in it or, without a URI, its one DNS name in small letters. Every name once.",
                    ),
                })
                .optional()
                .describe("A client certificate, by the name in it."),
              hmac: z
                .strictObject({
                  keyId: z
                    .string()
                    .regex(/^[!#-[\]-~]{1,256}$/)
                    .describe("How signatures name the secret. Every name once."),
                  secret: z
                    .string()
                    .max(1024)
                    .regex(/^env:./s)
                    .describe(
                      "`env:` and a variable that `vm_config.environment_variables` lets through; its value may be `base64:` and bytes in base64.",
                    ),
                })
                .optional()
                .describe("A secret of HTTP message signatures."),
              jwt: z
                .strictObject({
                  subject: claimed.describe(
                    "What the claim says that names a consumer. Every subject of an issuer once.",
                  ),
                  issuer: claimed.optional().describe("Only tokens by this issuer; those of any without this key."),
                })
                .optional()
                .describe("Who the consumer is to an issuer of tokens."),
            })
            .meta(exactlyOneOf("apiKey", "basic", "certificate", "hmac", "jwt")),
        )
        .max(64)
        .describe("Any of them will do."),
    }),
  )
  .max(65_535)
  .describe("Who may call.");

const nobody = z.array(z.never()).max(0).describe("Empty: this module looks at no credential.");

const pattern = z
  .string()
  .min(1)
  .max(4096)
  .optional()
  .describe("What its spans are named by, behind the method: `/orders/{id}`; the method alone without this key.");

const countedConsumers = z
  .int()
  .min(1)
  .max(MOST_COUNTED)
  .optional()
  .describe(
    "Counts requests by consumer, as `sluice_consumers.<consumer>.{allowed,denied}`: so many of the first ones by name, all others together as `_other`.",
  );

const exporters = z
  .array(
    z.strictObject({
      cluster: z.string().min(1).max(1024).describe("Envoy's name of the cluster that takes spans."),
      authority: z
        .string()
        .regex(/^[!-~]{1,260}$/)
        .describe("The `Host` that it is asked for."),
      path: z
        .string()
        .regex(/^\/[!-~]{0,1023}$/)
        .describe("Where it takes them."),
      format: z.enum(["zipkin", "otlp"]).describe("As Zipkin v2 in JSON, or as OpenTelemetry by HTTP."),
      service: z
        .string()
        .regex(/^[ -~]{1,63}$/)
        .describe("`service.name` of the spans."),
    }),
  )
  .min(1)
  .max(MOST_COLLECTORS)
  .optional()
  .describe("Where spans go; policies refer to them by number, from 0.");

const clusters = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(1024).describe("What Envoy calls the cluster, each once."),
      service: z.string().min(1).max(1024).describe("What spans call the service behind it."),
    }),
  )
  .min(1)
  .max(65_536)
  .optional()
  .describe("Services that spans know by another name than that of their cluster, where somebody else names clusters.");

const routesOf = (told: readonly string[], exporting: boolean) =>
  z
    .array(
      z.strictObject({
        name: z
          .string()
          .min(1)
          .max(1024)
          .describe("Envoy's name of the route; `*`, which may stand alone only, is every route, named or not."),
        names: z
          .array(z.string().min(1).max(1024))
          .min(1)
          .max(65_536)
          .meta({ uniqueItems: true })
          .optional()
          .describe(
            "Further names that Envoy has for the route, where whoever configures it chooses them; policies, counters and spans know it by `name`.",
          ),
        as: z
          .string()
          .min(1)
          .max(1024)
          .optional()
          .describe("Beside `*`: the name that limits count under which are counted by route."),
        run: z
          .array(z.string().regex(NAME))
          .max(64)
          .meta({ uniqueItems: true })
          .describe("Names of policies, in the order of execution."),
        tell: z
          .array(z.enum(told))
          .max(told.length)
          .meta({ uniqueItems: true })
          .optional()
          .describe("Results that something reads when a request passes; all of them without this key."),
        params: z
          .record(z.string(), z.int().min(0).max(1023).describe("Which segment."))
          .optional()
          .describe("Names of segments of the path, counted from 0 after the leading slash."),
        ...(exporting ? { pattern } : {}),
      }),
    )
    .min(1)
    .max(65_536)
    .meta({ allOf: [{ anyOf: [{ maxItems: 1 }, { items: { properties: { name: { not: { const: "*" } } } } }] }] })
    .describe("What runs where. A request on a route that is not listed is refused.");

function policySchema({ name: kind, summary, part }: PolicyKind & { part: ModulePart }, callers: Callers) {
  return z
    .strictObject({
      name: name.describe("Shown in decisions, counters and answers."),
      ...(part.alone ? {} : conductOf(part, callers)),
      [kind]: part.config(predicateSchemas[callers]).describe(sentence(summary)),
    })
    .meta({ title: `policies[] with ${kind}` });
}

function conductOf(part: ModulePart, callers: Callers) {
  return {
    mode: z
      .enum(["enforce", "shadow"])
      .optional()
      .meta({ default: "enforce" })
      .describe("`shadow`: decides, counts and tells, and lets every request pass."),
    when: predicateSchemas[part.identifies ? "unknown" : callers].condition
      .optional()
      .describe("The policy applies to requests for which this is true."),
    onError: z
      .literal(part.mayOpen ? ["allow", "deny"] : ["deny"])
      .optional()
      .meta({ default: part.mayOpen ? "allow" : "deny" })
      .describe("What becomes of a request that the policy cannot judge."),
  };
}
