import { z } from "zod";

// What `body.wasm` and `soap.wasm` read of a `soap` policy: the tables that `table.ts` makes of a model, and that `assembly/reader.ts` reads.

const lexical = z.string().max(65_536);
const localName = z.string().min(1).max(256);
/** A name that can stand in a tag (Namespaces in XML 1.0, NCName), as far as ASCII goes. */
const xmlName = localName.regex(/^[A-Za-z_\u0080-\u{10ffff}][A-Za-z0-9._\-\u0080-\u{10ffff}]*$/u);
const decimal = lexical.regex(/^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$/);
const index = z.int().min(0).max(65_535);

export const simpleSchema = z.strictObject({
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
    .array(z.string().regex(/^[A-Za-z0-9+/]+={0,2}$/))
    .max(16)
    .optional()
    .describe("Automata that all match the whole value."),
  values: z.array(lexical).min(1).max(4096).optional().describe("The only values."),
  minLength: z.int().min(0).max(2_147_483_647).optional(),
  maxLength: z.int().min(0).max(2_147_483_647).optional(),
  unit: z
    .enum(["characters", "hex", "base64"])
    .optional()
    .meta({ default: "characters" })
    .describe(
      "What lengths count, and which texts there are beside the facets: digits of bytes. Of a list always items.",
    ),
  min: decimal.optional().describe("A decimal number."),
  minExclusive: z.boolean().optional(),
  max: decimal.optional(),
  maxExclusive: z.boolean().optional(),
  totalDigits: z.int().min(1).max(65_535).optional(),
  fractionDigits: z.int().min(0).max(65_535).optional(),
  item: index.optional().describe("Of a list: the simple type of its items, no list itself."),
  members: z.array(index).min(1).max(64).optional().describe("Of a union: simple types, neither lists nor unions."),
});

export const elementSchema = z.strictObject({
  name: xmlName,
  ns: index.optional().describe("Which of `namespaces`; none without this key."),
  simple: index.optional().describe("Its simple type; it has this or `type`."),
  type: index.optional().describe("Its complex type."),
  min: z.int().min(0).max(65_535).optional().meta({ default: 1 }),
  max: z.int().min(-1).max(65_535).optional().meta({ default: 1 }).describe("-1: any number. Not 1: an array in JSON."),
  nillable: z.boolean().optional(),
  default: lexical.optional(),
  fixed: lexical.optional(),
});

/** Groups come before what is in them: `span` is how many entries after it belong to it, entries of groups in it included. */
const groupSchema = z.strictObject({
  group: z.enum(["sequence", "choice", "all"]),
  span: z.int().min(0).max(4096),
  optional: z.boolean().optional(),
});

export const typeSchema = z.strictObject({
  attributes: z
    .array(
      z.strictObject({
        name: xmlName,
        ns: index.optional(),
        simple: index,
        required: z.boolean().optional(),
        default: lexical.optional(),
        fixed: lexical.optional(),
      }),
    )
    .max(1024)
    .optional(),
  text: index.optional().describe("Simple content: its simple type. In JSON the member `$value`."),
  content: z
    .array(z.union([groupSchema, elementSchema]))
    .max(4096)
    .optional()
    .describe("Begins with one group that spans all the rest."),
});

const field = z.array(localName).min(1).max(8).describe("Names of members, from the outermost on.");

const headerText = z.string().regex(/^[ -~]{1,4096}$/);

export const operationSchema = z.strictObject({
  name: localName,
  version: z.enum(["1.1", "1.2"]),
  pin: z
    .string()
    .regex(/^[!-~]{1,512}$/)
    .describe("Value of the pin header, by which Envoy knows the request as converted."),
  rest: z
    .strictObject({
      method: z.string().regex(/^[A-Z]{1,16}$/),
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
      path: z.string().regex(/^\/[!-~]{0,2047}$/),
      contentType: headerText,
      soapAction: headerText.optional(),
    })
    .optional()
    .describe("How the service is asked; `soap.wasm` alone reads it, elsewhere Envoy writes it."),
  input: elementSchema.optional().describe("Child of the Body; an empty Body without it."),
  output: elementSchema.optional(),
  oneWay: z.boolean().optional(),
  body: z
    .union([z.literal(false), z.strictObject({ field: field.optional() })])
    .optional()
    .meta({ default: {} })
    .describe(
      "false: requests have no body of their own. `field`: the part of the input that the body is; all of it without.",
    ),
  params: z
    .array(
      z.strictObject({
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
      }),
    )
    .max(64)
    .optional(),
  unwrap: z.boolean().optional().describe("The answer is the value of the only child of the output."),
  success: z.int().min(200).max(299).optional().meta({ default: 200 }),
  faults: z
    .array(z.strictObject({ name: localName, element: elementSchema, status: z.int().min(400).max(599) }))
    .max(64)
    .optional(),
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
  addressing: z.strictObject({ action: lexical, to: lexical }).optional(),
});

export const soapConfigSchema = z.strictObject({
  namespaces: z.array(z.string().min(1).max(2048)).max(1024).describe("URIs, each once."),
  simples: z.array(simpleSchema).max(65_535),
  types: z.array(typeSchema).max(65_535),
  operations: z.array(operationSchema).min(1).max(1024),
  security: z
    .strictObject({
      user: z
        .string()
        .regex(/^env:./s)
        .optional(),
      password: z
        .string()
        .regex(/^env:./s)
        .optional(),
      digest: z.boolean().optional(),
      timestampSeconds: z.int().min(1).max(86_400).optional().describe("How long a message is good."),
    })
    .optional(),
  limits: z.strictObject({
    request: z.int().min(1).max(16_777_216).describe("Bytes of a body from a client."),
    response: z.int().min(1).max(16_777_216).describe("And from a service."),
    depth: z.int().min(1).max(256).describe("Of elements or members in one another."),
    attributes: z.int().min(0).max(1024).describe("Of one element."),
    name: z.int().min(1).max(65_536).describe("Bytes of a name."),
    namespaces: z.int().min(1).max(1024).describe("Declarations in force at once."),
  }),
});

export type SoapConfig = z.output<typeof soapConfigSchema>;
export type SimpleConfig = z.output<typeof simpleSchema>;
export type TypeConfig = z.output<typeof typeSchema>;
export type ElementConfig = z.output<typeof elementSchema>;
export type OperationConfig = z.output<typeof operationSchema>;
