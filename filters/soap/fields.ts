import { z } from "zod";
import type { Place } from "../../compiler/policy/issues.js";
import type { Path } from "../../compiler/syntax/document.js";
import type {
  AttributeModel,
  ComplexType,
  ElementModel,
  FaultModel,
  OperationModel,
  ServiceModel,
  SimpleType,
} from "./model.js";
import { builtinId, builtinTypes } from "./wsdl/builtin-types.js";

// A service without a WSDL: what its messages hold is said in the policy.

/** Words for types, and the types of XML Schema that they stand for. */
const TYPES = {
  string: "string",
  integer: "integer",
  decimal: "decimal",
  number: "double",
  boolean: "boolean",
  date: "date",
  dateTime: "dateTime",
  base64: "base64Binary",
} as const;

const TYPE = /^(string|integer|decimal|number|boolean|date|dateTime|base64)(\?|\[\])?$/;
const MEMBER = /^(\$value|@?[A-Za-z_\u0080-\uffff][A-Za-z0-9_.\u0080-\uffff-]{0,254}\??)$/;
const NAME = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_.\u0080-\uffff-]{0,254}$/;

const typeText = z
  .string()
  .regex(TYPE, `a type is ${Object.keys(TYPES).join(", ")}; \`?\` behind it: it may be absent; \`[]\`: it is an array`)
  .meta({ examples: ["string", "integer?", "dateTime[]"] });

/** What a member holds: a value, members of its own, or an array of what has these. */
type Field = string | Fields | Fields[];
interface Fields {
  [name: string]: Field;
}

const fields: z.ZodType<Fields> = z
  .lazy(() =>
    z.record(
      z
        .string()
        .regex(
          MEMBER,
          "a member is called as an element; `@name` is an attribute, `$value` the text, and `name?` may be absent",
        ),
      z.union([typeText, fields, z.array(fields).length(1)]),
    ),
  )
  .superRefine((members, context) => {
    for (const [name, message] of problemsOf(members)) context.addIssue({ code: "custom", path: [name], message });
  })
  .meta({ id: "soapFields", title: "fields" });

/** What one map may not hold, by member. */
function problemsOf(members: Fields): [string, string][] {
  const names = Object.keys(members);
  const seen = new Set<string>();
  return names.flatMap((name): [string, string][] => {
    const bare = bareName(name);
    const again = seen.has(bare);
    seen.add(bare);
    if (again) return [[name, `the member \`${bare}\` stands twice`]];
    const isPlain = typeof members[name] === "string" && !members[name].endsWith("[]");
    if (/^[@$]/.test(name) && !isPlain) return [[name, `\`${bare}\` is a single value, such as \`string\``]];
    const isAlone = name !== "$value" || names.every((other) => other === name || other.startsWith("@"));
    return isAlone ? [] : [[name, "beside the text of an element only its attributes are possible"]];
  });
}

const elementName = z.string().regex(NAME, "a name of XML without a prefix");

const operation = z.strictObject({
  action: z
    .string()
    .regex(/^[!#-~]{0,1024}$/, "an action is a URI, without quotes around it")
    .default("")
    .describe("`SOAPAction` of requests, or the parameter `action` of SOAP 1.2.")
    .meta({ examples: ["urn:partners#GetPartner"] }),
  requestElement: elementName
    .optional()
    .describe("The element in the Body of requests; by default it is called as the operation."),
  responseElement: elementName
    .optional()
    .describe("The element in the Body of answers; by default it is called as the operation, with `Response` behind."),
  request: fields.default({}).describe("What requests hold, in the order that the service wants."),
  response: fields.default({}).describe("What answers hold."),
  faults: z
    .record(elementName, fields.describe("What the detail of the fault holds."))
    .default({})
    .describe("Faults by the name of the element in their detail, and what it holds."),
});

export const fieldsSchema = z
  .strictObject({
    namespace: z.string().max(2048).default("").describe("Namespace of the elements; none by default."),
    qualified: z
      .boolean()
      .default(true)
      .describe("Whether elements inside of others have the namespace too, or only the outermost."),
    version: z.enum(["1.1", "1.2"]).default("1.1").describe("Which SOAP the service speaks."),
    path: z
      .string()
      .regex(/^\/[!-~]{0,2047}$/, "a path begins with `/`")
      .default("/")
      .describe("Path of requests to the service."),
    operations: z
      .record(elementName, operation.describe("What a request and its answers hold."))
      .refine((operations) => Object.keys(operations).length > 0, "at least one operation is needed")
      .describe("What the service can do."),
  })
  .describe("A small SOAP service without a WSDL: what its messages hold.");

export type FieldsSpec = z.output<typeof fieldsSchema>;

/**
 * The service that a policy describes itself.
 *
 * @param name of the service for people
 * @param place where a path below the specification stands in the file
 */
export function modelOfFields(spec: FieldsSpec, name: string, place: Place): ServiceModel {
  const types = new FieldTypes(spec, place);
  const operations = Object.entries(spec.operations).map(([operationName, one]): OperationModel => {
    const at = ["operations", operationName];
    return {
      name: operationName,
      origin: place(at, "key"),
      action: one.action,
      input: types.root(one.requestElement ?? operationName, one.request, [...at, "request"]),
      output: types.root(one.responseElement ?? `${operationName}Response`, one.response, [...at, "response"]),
      oneWay: false,
      faults: Object.entries(one.faults).map(([fault, detail]): FaultModel => {
        const path = [...at, "faults", fault];
        return { name: fault, origin: place(path, "key"), element: types.root(fault, detail, path) };
      }),
    };
  });
  const { version, path } = spec;
  return { name, version, path, operations, types: types.complex, simpleTypes: types.simple };
}

/** The name of a member without what says that it may be absent. */
function bareName(name: string): string {
  return name.replace(/\?$/, "");
}

class FieldTypes {
  readonly complex = new Map<string, ComplexType>();
  readonly simple = new Map<string, SimpleType>();
  private readonly spec: FieldsSpec;
  private readonly place: Place;

  constructor(spec: FieldsSpec, place: Place) {
    this.spec = spec;
    this.place = place;
  }

  /** The element of a Body, or of the detail of a fault. */
  root(name: string, members: Fields, path: Path): ElementModel {
    return {
      kind: "element",
      name,
      namespace: this.spec.namespace,
      origin: this.place(path, "key"),
      type: this.complexType(members, path),
      min: 1,
      max: 1,
      nillable: false,
    };
  }

  private complexType(members: Fields, path: Path): { complex: string } {
    const id = path.slice(1).join("/");
    const entries = Object.entries(members);
    const text = members.$value;
    const of = entries.flatMap(([name, field]) =>
      /^[@$]/.test(name) ? [] : [this.element(name, field, [...path, name])],
    );
    this.complex.set(id, {
      id,
      namespace: this.spec.namespace,
      origin: this.place(path, "key"),
      attributes: entries.flatMap(([name, field]) =>
        name.startsWith("@") && typeof field === "string" ? [this.attribute(name, field, [...path, name])] : [],
      ),
      ...(typeof text === "string" ? { text: this.simpleType(text, [...path, "$value"]) } : {}),
      ...(of.length === 0 ? {} : { content: { kind: "group", order: "sequence", optional: false, of } }),
    });
    return { complex: id };
  }

  private element(name: string, field: Field, path: Path): ElementModel {
    const isArray = Array.isArray(field) || (typeof field === "string" && field.endsWith("[]"));
    const isOptional = isArray || name.endsWith("?") || (typeof field === "string" && field.endsWith("?"));
    return {
      kind: "element",
      name: bareName(name),
      namespace: this.spec.qualified ? this.spec.namespace : "",
      origin: this.place(path, "key"),
      type: this.typeOf(field, path),
      min: isOptional ? 0 : 1,
      max: isArray ? "unbounded" : 1,
      nillable: false,
    };
  }

  private typeOf(field: Field, path: Path): ElementModel["type"] {
    if (typeof field === "string") return { simple: this.simpleType(field, path) };
    if (!Array.isArray(field)) return this.complexType(field, path);
    return this.complexType(field[0] ?? {}, [...path, 0]);
  }

  private attribute(name: string, type: string, path: Path): AttributeModel {
    return {
      name: bareName(name).slice(1),
      namespace: "",
      origin: this.place(path, "key"),
      simple: this.simpleType(type, path),
      required: !name.endsWith("?") && !type.endsWith("?"),
    };
  }

  private simpleType(text: string, path: Path): string {
    const word = text.replace(/(\?|\[\])$/, "");
    const name = Object.entries(TYPES).find(([known]) => known === word)?.[1] ?? "string";
    const id = builtinId(name);
    const [type] = builtinTypes(name, this.place(path)) ?? [];
    if (type !== undefined && !this.simple.has(id)) this.simple.set(id, type);
    return id;
  }
}
