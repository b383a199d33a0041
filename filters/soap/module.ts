import { z } from "zod";
import type { BodyPart } from "../../compiler/policy/kind.js";
import { exactlyOneOf } from "../../compiler/policy/values.js";

// What `body.wasm` and `soap.wasm` read of a `soap` policy: the tables that `table.ts` makes of a model, and that `assembly/reader.ts` reads.

const lexical = z.string().max(65_536);
const localName = z.string().min(1).max(256);
/** A name that can stand in a tag (Namespaces in XML 1.0, NCName), as far as ASCII goes. */
const xmlName = localName.regex(/^[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9._\-\u0080-\u{10ffff}]*$/u);
const decimal = lexical.regex(/^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/);
/** 65,536 bytes in base64. */
const LONGEST_AUTOMATON = 87_384;
const index = z.int().min(0).max(65_535);

// What goes together is said for JSON Schema alone: the compiler writes what is right, and the module looks again.

/** Keys of which there are both or none. */
function together(one: string, other: string) {
  return { dependencies: { [one]: [other], [other]: [one] } };
}

/** A key that a form has, and no other form. */
function onlyOf(form: string, key: string) {
  return {
    if: { properties: { form: { const: form } } },
    // biome-ignore lint/suspicious/noThenProperty: a word of JSON Schema
    then: { required: [key] },
    else: { not: { required: [key] } },
  };
}

const simpleSchema = z
  .strictObject({
    json: z.enum(["string", "number", "boolean"]).describe("What JSON has for it; a list has an array of it."),
    form: z
      .enum(["string", "decimal", "integer", "double", "boolean", "list", "union"])
      .describe("Which values there are."),
    space: z
      .enum(["preserve", "replace", "collapse"])
      .optional()
      .meta({ default: "collapse" })
      .describe("What is done to white space before a value is looked at."),
    patterns: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z0-9+/]+={0,2}$/)
          .max(LONGEST_AUTOMATON),
      )
      .max(16)
      .optional()
      .describe("Automata, in base64, that all match the whole value."),
    values: z.array(lexical).min(1).max(4096).optional().describe("The only values."),
    minLength: z.int().min(0).max(2_147_483_647).optional().describe("The least length."),
    maxLength: z.int().min(0).max(2_147_483_647).optional().describe("The greatest length."),
    unit: z
      .enum(["characters", "hex", "base64"])
      .optional()
      .meta({ default: "characters" })
      .describe(
        "What lengths count, and which texts there are beside the facets: digits of bytes. Of a list always items.",
      ),
    min: decimal.optional().describe("A decimal number."),
    minExclusive: z.boolean().optional().describe("Whether `min` itself is none of the values."),
    max: decimal.optional().describe("A decimal number."),
    maxExclusive: z.boolean().optional().describe("Whether `max` itself is none of the values."),
    totalDigits: z
      .int()
      .min(1)
      .max(65_535)
      .optional()
      .describe("The most digits of a number, zeros at either end left out."),
    fractionDigits: z
      .int()
      .min(0)
      .max(65_535)
      .optional()
      .describe("The most digits behind the point, zeros at the end left out."),
    item: index.optional().describe("Of a list: the simple type of its items, no list itself."),
    members: z.array(index).min(1).max(64).optional().describe("Of a union: simple types, neither lists nor unions."),
  })
  .meta({ allOf: [onlyOf("list", "item"), onlyOf("union", "members")] });

const elementSchema = z
  .strictObject({
    name: xmlName.describe("Local name; in JSON the member."),
    ns: index.optional().describe("Which of `namespaces`; none without this key."),
    simple: index.optional().describe("Its simple type; it has this or `type`."),
    type: index.optional().describe("Its complex type."),
    min: z.int().min(0).max(65_535).optional().meta({ default: 1 }).describe("How often it occurs at least."),
    max: z
      .int()
      .min(-1)
      .max(65_535)
      .optional()
      .meta({ default: 1 })
      .describe("-1: any number. Not 1: an array in JSON."),
    nillable: z.boolean().optional().describe("Whether it can be nil: null in JSON."),
    default: lexical.optional().describe("What an empty element in an answer stands for."),
    fixed: lexical.optional().describe("Its only value."),
  })
  .meta(exactlyOneOf("simple", "type"));

/** The child of a Body or of a detail. */
const rootSchema = elementSchema.meta({
  allOf: [{ properties: { min: { const: 1 }, max: { const: 1 } } }],
});

/** Groups come before what is in them: `span` is how many entries after it belong to it, entries of groups in it included. */
const groupSchema = z
  .strictObject({
    group: z.enum(["sequence", "choice", "all"]).describe("All in order, one of them, or all."),
    span: z.int().min(0).max(4096).describe("How many of the entries after it belong to it."),
    optional: z.boolean().optional().describe("Whether it may be absent."),
  })
  .meta({ title: "policies[].soap.types[].content[] with group" });

const typeSchema = z
  .strictObject({
    attributes: z
      .array(
        z.strictObject({
          name: xmlName.describe("Local name; in JSON the member with `@` before it."),
          ns: index.optional().describe("Which of `namespaces`; none without this key."),
          simple: index.describe("Its simple type."),
          required: z.boolean().optional().describe("Whether it must be there."),
          default: lexical.optional().describe("What an answer without it stands for."),
          fixed: lexical.optional().describe("Its only value."),
        }),
      )
      .max(1024)
      .optional()
      .describe("No two have the same name."),
    text: index.optional().describe("Simple content: its simple type. In JSON the member `$value`."),
    content: z
      .array(z.union([groupSchema, elementSchema]))
      .max(4096)
      .optional()
      .describe("Begins with one group that spans all the rest."),
  })
  .meta({ not: { required: ["text", "content"] } });

const field = z.array(localName).min(1).max(8).describe("Names of members, from the outermost on.");

const headerText = z.string().regex(/^[ -~]{1,4096}$/);

const operationKeys = z.strictObject({
  name: localName.describe("As the service has it."),
  version: z.enum(["1.1", "1.2"]).describe("Of SOAP."),
  pin: z
    .string()
    .regex(/^[!-~]{1,512}$/)
    .describe("Value of the pin header, by which Envoy knows the request as converted."),
  rest: z
    .strictObject({
      method: z
        .string()
        .regex(/^[A-Z]{1,16}$/)
        .describe("In capital letters."),
      path: z
        .array(z.string().max(1024))
        .min(1)
        .max(64)
        .describe("Segments after the leading slash, as they are sent; `*` is one of any text."),
    })
    .optional()
    .describe("What clients ask for; `soap.wasm` alone reads it, elsewhere Envoy's route says it."),
  service: z
    .strictObject({
      path: z
        .string()
        .regex(/^\/[!-~]{0,2047}$/)
        .describe("With the query, if it has one."),
      contentType: headerText.describe("Of the request, with the action where SOAP 1.2 has it."),
      soapAction: headerText.optional().describe("The header of that name, with its quotes; none without this key."),
    })
    .optional()
    .describe("How the service is asked; `soap.wasm` alone reads it, elsewhere Envoy writes it."),
  input: rootSchema.optional().describe("Child of the Body; an empty Body without it."),
  output: rootSchema.optional().describe("The same of answers."),
  oneWay: z.boolean().optional().describe("Whether an answer says nothing."),
  body: z
    .union([z.literal(false), z.strictObject({ field: field.optional() })])
    .optional()
    .meta({ default: {} })
    .describe(
      "false: requests have no body of their own. `field`: the part of the input that the body is; all of it without.",
    ),
  params: z
    .array(
      z
        .strictObject({
          segment: z
            .int()
            .min(0)
            .max(1023)
            .optional()
            .describe("Which segment of the path, counted from 0 after the leading slash."),
          query: localName.optional().describe("Or which parameter of the query."),
          name: localName
            .optional()
            .describe(
              "What messages call it; without this key the parameter of the query, or the last name of the field.",
            ),
          field,
          repeated: z.boolean().optional().describe("An array, of as many values as are given."),
        })
        .meta(exactlyOneOf("segment", "query")),
    )
    .max(64)
    .optional()
    .describe("Parts of the path and of the query that are fields of the input."),
  unwrap: z.boolean().optional().describe("The answer is the value of the only child of the output."),
  success: z
    .int()
    .min(200)
    .max(299)
    .optional()
    .meta({ default: 200 })
    .describe("Status of an answer that is no fault."),
  faults: z
    .array(
      z.strictObject({
        name: localName.describe("Title of the problem."),
        element: rootSchema.describe("The child of the detail."),
        status: z.int().min(400).max(599).describe("Status of the answer."),
      }),
    )
    .max(64)
    .optional()
    .describe("Faults that the operation declares."),
  sender: z
    .int()
    .min(400)
    .max(599)
    .optional()
    .meta({ default: 400 })
    .describe("Status of other faults that blame the request."),
  receiver: z
    .int()
    .min(400)
    .max(599)
    .optional()
    .meta({ default: 502 })
    .describe("And of those that blame the service."),
  addressing: z
    .strictObject({ action: lexical.describe("`wsa:Action`."), to: lexical.describe("`wsa:To`.") })
    .optional()
    .describe("Headers of WS-Addressing 1.0; none without this key."),
});

const operationSchema = operationKeys.meta(together("rest", "service"));

export const soapConfigSchema = z.strictObject({
  namespaces: z.array(z.string().min(1).max(2048)).max(1024).meta({ uniqueItems: true }).describe("URIs, each once."),
  simples: z.array(simpleSchema).max(65_535).describe("Simple types."),
  types: z.array(typeSchema).max(65_535).describe("Complex types."),
  operations: z.array(operationSchema).min(1).max(1024).describe("No two have the same name."),
  security: z
    .strictObject({
      user: z
        .string()
        .regex(/^env:./s)
        .max(1024)
        .optional()
        .describe("Variable with the user of a UsernameToken; there is a password as well, or neither."),
      password: z
        .string()
        .regex(/^env:./s)
        .max(1024)
        .optional()
        .describe("Variable with the password."),
      digest: z.boolean().optional().describe("Whether a digest of the password is sent in its place."),
      timestampSeconds: z.int().min(1).max(86_400).optional().describe("How long a message is good."),
    })
    .meta({
      ...together("user", "password"),
      allOf: [{ anyOf: [{ required: ["user"] }, { properties: { digest: { const: false } } }] }],
    })
    .optional()
    .describe("Headers of WS-Security 1.0; none without this key."),
  limits: z
    .strictObject({
      request: z.int().min(1).max(16_777_216).describe("Bytes of a body from a client."),
      response: z.int().min(1).max(16_777_216).describe("And from a service."),
      depth: z.int().min(1).max(256).describe("Of elements or members in one another."),
      attributes: z.int().min(0).max(1024).describe("Of one element."),
      name: z.int().min(1).max(65_536).describe("Bytes of a name."),
      namespaces: z.int().min(1).max(1024).describe("Declarations in force at once."),
    })
    .describe("What a message may have at most."),
});

export const inBody: BodyPart = {
  config: soapConfigSchema,
  alone: soapConfigSchema.extend({
    operations: z
      .array(operationKeys.required({ rest: true, service: true }))
      .min(1)
      .max(1024)
      .describe(soapConfigSchema.shape.operations.description ?? ""),
  }),
};

export type SoapConfig = z.output<typeof soapConfigSchema>;
export type SimpleConfig = z.output<typeof simpleSchema>;
export type TypeConfig = z.output<typeof typeSchema>;
export type ElementConfig = z.output<typeof elementSchema>;
export type OperationConfig = z.output<typeof operationSchema>;
