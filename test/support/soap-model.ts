import { SourceFile, type Span } from "../../compiler/syntax/source.js";
import type {
  AttributeModel,
  ComplexType,
  ElementModel,
  FaultModel,
  GroupModel,
  OperationModel,
  ServiceModel,
  SimpleType,
  TypeReference,
} from "../../filters/soap/model.js";

// Models of SOAP services made by hand.

export const NAMESPACE = "http://example.com/crm";

const wsdl = new SourceFile("crm.wsdl", "<definitions/>\n");

export const origin: Span = { source: wsdl, start: 0, end: 14 };

type Particle = ElementModel | GroupModel;

export function simpleType(id: string, more: Partial<SimpleType> = {}): SimpleType {
  const base = { id, name: id, namespace: "http://www.w3.org/2001/XMLSchema", origin, builtin: id };
  return { ...base, json: "string", form: "string", whiteSpace: "preserve", patterns: [], ...more };
}

/** Those that the models here use. */
export const SIMPLE_TYPES: readonly SimpleType[] = [
  simpleType("string"),
  simpleType("int", {
    json: "number",
    form: "integer",
    whiteSpace: "collapse",
    min: { value: "-2147483648", exclusive: false },
    max: { value: "2147483647", exclusive: false },
  }),
  simpleType("decimal", { json: "number", form: "decimal", whiteSpace: "collapse" }),
  simpleType("double", { json: "number", form: "double", whiteSpace: "collapse" }),
  simpleType("boolean", { json: "boolean", form: "boolean", whiteSpace: "collapse" }),
  simpleType("date", { whiteSpace: "collapse", patterns: ["[0-9]{4}-[0-9]{2}-[0-9]{2}"] }),
  simpleType("ints", {
    name: "ints",
    namespace: NAMESPACE,
    json: "number",
    form: "list",
    whiteSpace: "collapse",
    item: "int",
  }),
  simpleType("status", { namespace: NAMESPACE, builtin: "string", enumeration: ["active", "gone"] }),
  simpleType("currency", {
    namespace: NAMESPACE,
    builtin: "string",
    patterns: ["[A-Z]{3}"],
    length: { min: 3, max: 3 },
  }),
  simpleType("code", {
    namespace: NAMESPACE,
    builtin: "token",
    form: "union",
    whiteSpace: "collapse",
    members: ["int", "status"],
  }),
  simpleType("bytes", { namespace: NAMESPACE, builtin: "base64Binary", whiteSpace: "collapse", length: { max: 16 } }),
];

/** `name: type` of an element: a simple type by its id, a complex one by `#id`. */
export function element(name: string, type: string, more: Partial<ElementModel> = {}): ElementModel {
  const reference: TypeReference = type.startsWith("#") ? { complex: type.slice(1) } : { simple: type };
  const base = { kind: "element" as const, name, namespace: NAMESPACE, origin, type: reference };
  return { ...base, min: 1, max: 1, nillable: false, ...more };
}

export function group(order: GroupModel["order"], of: Particle[], optional = false): GroupModel {
  return { kind: "group", order, optional, of };
}

export function attribute(name: string, simple: string, more: Partial<AttributeModel> = {}): AttributeModel {
  return { name, namespace: "", origin, simple, required: false, ...more };
}

/** A complex type with a sequence, if there are particles. */
export function complexType(id: string, of: Particle[] | GroupModel, more: Partial<ComplexType> = {}): ComplexType {
  const content = Array.isArray(of) ? (of.length === 0 ? {} : { content: group("sequence", of) }) : { content: of };
  return { id, name: id, namespace: NAMESPACE, origin, attributes: [], ...content, ...more };
}

export function fault(name: string, type: string): FaultModel {
  return { name, origin, element: element(name, type) };
}

export function operation(name: string, more: Partial<OperationModel> = {}): OperationModel {
  return { name, origin, action: `urn:${name}`, oneWay: false, faults: [], ...more };
}

export function service(
  operations: OperationModel[],
  types: ComplexType[] = [],
  more: Partial<ServiceModel> = {},
): ServiceModel {
  return {
    name: "Crm",
    version: "1.1",
    path: "/services/crm",
    address: "http://crm.example.com/services/crm",
    operations,
    types: new Map(types.map((one) => [one.id, one])),
    simpleTypes: new Map(SIMPLE_TYPES.map((one) => [one.id, one])),
    ...more,
  };
}

/** A service with something of everything that a schema can say. */
export function crm(more: Partial<ServiceModel> = {}): ServiceModel {
  const types = [
    complexType("GetPartner", [element("id", "int"), element("fields", "string", { min: 0, max: "unbounded" })]),
    complexType("GetPartnerResponse", [element("partner", "#Partner")]),
    complexType("CreatePartner", [element("partner", "#Partner"), element("dryRun", "boolean", { min: 0 })]),
    complexType("CreatePartnerResponse", [element("id", "int"), element("created", "date")]),
    complexType("FindPartners", [
      element("filter", "#Filter", { min: 0 }),
      element("limit", "int", { min: 0 }),
      element("ids", "ints", { min: 0 }),
    ]),
    complexType("FindPartnersResponse", [element("partner", "#Partner", { min: 0, max: "unbounded" })]),
    complexType("Filter", [element("text", "string", { min: 0 }), element("status", "status", { min: 0 })]),
    complexType(
      "Partner",
      [
        element("id", "int", { min: 0 }),
        element("name", "string"),
        element("birthday", "date", { nillable: true }),
        element("balance", "#Amount", { min: 0 }),
        element("status", "status", { default: "active" }),
        group("choice", [element("phone", "string"), element("mail", "string")], true),
        element("tags", "string", { min: 0, max: 5 }),
        element("code", "code", { min: 0 }),
        element("photo", "bytes", { min: 0 }),
        element("parent", "#Partner", { min: 0 }),
      ],
      { attributes: [attribute("version", "int"), attribute("lang", "string", { default: "en" })] },
    ),
    complexType("Amount", [], { text: "decimal", attributes: [attribute("currency", "currency", { required: true })] }),
    complexType("NotFound", [element("id", "int"), element("hint", "string", { min: 0 })]),
    complexType("Empty", []),
  ];
  const partnerNotFound = fault("PartnerNotFound", "#NotFound");
  return service(
    [
      operation("GetPartner", {
        documentation: "One partner by number.",
        input: element("GetPartner", "#GetPartner"),
        output: element("GetPartnerResponse", "#GetPartnerResponse"),
        faults: [partnerNotFound],
      }),
      operation("CreatePartner", {
        input: element("CreatePartner", "#CreatePartner"),
        output: element("CreatePartnerResponse", "#CreatePartnerResponse"),
        faults: [fault("Duplicate", "string")],
      }),
      operation("FindPartners", {
        input: element("FindPartners", "#FindPartners"),
        output: element("FindPartnersResponse", "#FindPartnersResponse"),
      }),
      operation("Ping", { action: "", input: element("Ping", "#Empty"), output: element("Pong", "#Empty") }),
      operation("Double", { input: element("Double", "int"), output: element("Doubled", "int") }),
      operation("Notify", { input: element("Notify", "string"), oneWay: true }),
    ],
    types,
    more,
  );
}
