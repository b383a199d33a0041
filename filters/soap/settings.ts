import { z } from "zod";
import { type PathPattern, parsePath } from "../../compiler/policy/path.js";

// The keys of a `soap` policy that say how operations, faults and limits look to clients.

/** Methods that an operation can have; those of the first list bring no body. */
export const BODILESS = ["GET", "HEAD", "DELETE"] as const;
const METHODS: readonly string[] = [...BODILESS, "POST", "PUT", "PATCH"];

/** What clients ask for. */
export interface Rest {
  method: string;
  path: Extract<PathPattern, { form: "exact" | "template" }>;
}

const REST = /^([A-Z]+) +(\/\S*)$/;

const rest = z
  .string()
  .meta({ pattern: `^(${METHODS.join("|")}) +/\\S*$`, examples: ["GET /partners/{id}", "POST /partners"] })
  .transform((text, context): Rest => {
    const parsed = parseRest(text);
    if (typeof parsed !== "string") return parsed;
    context.addIssue({ code: "custom", message: parsed });
    return z.NEVER;
  });

function parseRest(text: string): Rest | string {
  const [, method = "", written = ""] = REST.exec(text) ?? [];
  if (method === "") return "an operation is a method and a path, such as `GET /partners/{id}`";
  if (!METHODS.includes(method)) return `the method of an operation is one of ${METHODS.join(", ")}`;
  const path = parsePath(written);
  if (typeof path === "string") return path;
  if (path.form === "exact") return { method, path };
  if (path.form !== "template" || path.rest) return "an operation has one path, without `**`";
  if (path.segments.some((segment) => "any" in segment)) return "a segment that differs has a name, such as `{id}`";
  return { method, path };
}

const fieldPath = z
  .string()
  .min(1)
  .max(1024)
  .meta({ examples: ["partner", "partner.address.city"] });

const parameter = z.string().regex(/^[A-Za-z0-9_.~@$-]{1,128}$/, "letters, digits, `_`, `-`, `.`, `~`, `@` and `$`");

const bind = z.strictObject({
  path: z
    .record(parameter, fieldPath.describe("A field of the input."))
    .optional()
    .describe("Fields that captures of the path are, by their names; without, a capture is the field of its name.")
    .meta({ examples: [{ id: "partner.id" }] }),
  query: z
    .record(parameter, fieldPath.describe("A field of the input."))
    .optional()
    .describe("Fields that parameters of the query are, by their names.")
    .meta({ examples: [{ q: "filter.text" }] }),
  body: fieldPath.optional().describe("The field that the body is; without, all that is no parameter."),
});

const operation = z.strictObject({
  rest: rest.describe("What clients ask for: a method and a path."),
  success: z
    .int()
    .min(200)
    .max(299)
    .optional()
    .describe("Status of answers without a fault; 200, and 202 where the service never answers."),
  bind: bind.optional().describe("Which part of a request is which field of the input."),
  unwrap: z
    .boolean()
    .optional()
    .describe(
      "Whether the answer is the value of the only field of the output, or null if that is absent; without, it is where the output has one field, of which null means one thing.",
    ),
});

export type OperationSpec = z.output<typeof operation>;

const operationName = z
  .string()
  .min(1)
  .max(256)
  .regex(/^[^\s\p{Cc}:/?#{}"]+$/u, "the name of an operation of the WSDL");

export const operationsSchema = z
  .record(
    operationName,
    z
      .union([rest.transform((asked): OperationSpec => ({ rest: asked })), operation])
      .describe("What clients ask for, or that and more."),
  )
  .describe("Operations that clients can call, by their names in the WSDL: `GET /partners/{id}`, or more about each.")
  .meta({ examples: [{ GetPartner: "GET /partners/{id}", CreatePartner: { rest: "POST /partners", success: 201 } }] });

export type OperationsSpec = z.output<typeof operationsSchema>;

export const faultsSchema = z
  .record(z.string().min(1).max(256), z.int().min(400).max(599).describe("Status of the fault."))
  .describe(
    "Statuses of declared faults, by their names in the WSDL. `default` is that of all others; without, 400 for those that blame the request, else 502.",
  )
  .meta({ examples: [{ PartnerNotFound: 404, default: 502 }] });

export type FaultsSpec = z.output<typeof faultsSchema>;

const UNITS = { "": 1, Ki: 1024, Mi: 1_048_576 } as const;
const MOST_BYTES = 16 * UNITS.Mi;

/** `256Ki`, `1Mi` or a number of bytes. */
const bytes = z
  .union([
    z.int().min(1),
    z.string().regex(/^[1-9][0-9]{0,8}(Ki|Mi)$/, "a size is a number of bytes, such as 256Ki or 1Mi"),
  ])
  .transform((size) => {
    if (typeof size === "number") return size;
    const unit = size.endsWith("Ki") ? "Ki" : "Mi";
    return Number.parseInt(size, 10) * UNITS[unit];
  })
  .refine((size) => size <= MOST_BYTES, "at most 16Mi");

export const limitsSchema = z
  .strictObject({
    body: bytes.optional().describe("Size of a body from a client; 256Ki. Beyond it a request gets 413."),
    response: bytes.optional().describe("Size of an answer of the service; 256Ki. Beyond it clients get 502."),
    depth: z.int().min(1).max(256).optional().describe("Objects or elements in one another; 32."),
    attributes: z.int().min(0).max(1024).optional().describe("Attributes of one element; 32."),
  })
  .describe("How much is read of a message.");

export type LimitsSpec = z.output<typeof limitsSchema>;

/** `limits` as the module has them. */
export function limitsOf(spec: LimitsSpec = {}) {
  const { body = 256 * UNITS.Ki, response = 256 * UNITS.Ki, depth = 32, attributes = 32 } = spec;
  return { request: body, response, depth, attributes, name: 1024, namespaces: 64 };
}
