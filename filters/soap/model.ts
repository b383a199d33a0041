import type { Span } from "../../compiler/syntax/source.js";

// A SOAP service as the rest of this kind sees it, whatever it was read from: a WSDL (`wsdl/`) or the fields of a policy
// (`fields.ts`). Types may refer to themselves, so they refer to each other by id.

export interface ServiceModel {
  /** As people know it: the name of the service in the WSDL. */
  name: string;
  /** The port of the WSDL that was chosen, and the names of its other SOAP ports; absent without a WSDL. */
  port?: string;
  otherPorts?: readonly string[];
  documentation?: string;
  version: SoapVersion;
  /** Path of the service's address, as requests to it have it. */
  path: string;
  /** The address as it is written, for `wsa:To`; absent without a WSDL. */
  address?: string;
  /** In the order of the WSDL; names are unique. */
  operations: readonly OperationModel[];
  /** Those that operations reach, by id. */
  types: ReadonlyMap<string, ComplexType>;
  simpleTypes: ReadonlyMap<string, SimpleType>;
}

export type SoapVersion = "1.1" | "1.2";

export interface OperationModel {
  name: string;
  origin: Span;
  documentation?: string;
  /** `SOAPAction`, or the parameter `action` of SOAP 1.2; may be empty. */
  action: string;
  /** The only child of the Body of requests: of rpc/literal the wrapper that the binding implies. Absent if the Body is empty. */
  input?: ElementModel;
  /** The same of answers. Absent with `oneWay`, and where the Body is empty. */
  output?: ElementModel;
  /** There is no answer but 202 or an empty 200. */
  oneWay: boolean;
  faults: readonly FaultModel[];
  /** There if the service wants WS-Addressing: the value of `wsa:Action`. */
  addressing?: { action: string };
}

export interface FaultModel {
  /** `wsdl:fault/@name`. */
  name: string;
  origin: Span;
  documentation?: string;
  /** The child of the detail. */
  element: ElementModel;
}

export interface ElementModel {
  kind: "element";
  /** Local name; also the name of the member in JSON. */
  name: string;
  /** Empty for none. */
  namespace: string;
  origin: Span;
  documentation?: string;
  type: TypeReference;
  min: number;
  max: number | "unbounded";
  nillable: boolean;
  /** Lexical values. */
  default?: string;
  fixed?: string;
}

export type TypeReference = { complex: string } | { simple: string };

export interface ComplexType {
  id: string;
  /** Absent for an anonymous one. */
  name?: string;
  namespace: string;
  origin: Span;
  documentation?: string;
  attributes: readonly AttributeModel[];
  /** Simple content: the id of its simple type. */
  text?: string;
  /** Element content, what it was extended by included; absent if there is none. */
  content?: GroupModel;
}

/**
 * Children in the order of the schema. A group with more than one child occurs once or not at all (`optional`): JSON cannot say the order of what is
 * repeated together, so a schema with such a group is refused. No two elements of one type have the same name.
 */
export interface GroupModel {
  kind: "group";
  order: "sequence" | "choice" | "all";
  optional: boolean;
  of: readonly (ElementModel | GroupModel)[];
}

export interface AttributeModel {
  /** Local name; the member in JSON is `@name`. */
  name: string;
  namespace: string;
  origin: Span;
  documentation?: string;
  simple: string;
  required: boolean;
  default?: string;
  fixed?: string;
}

/** What JSON has for it. A `number` is written with the digits that it has in XML, and the other way. */
export type JsonForm = "string" | "number" | "boolean";

export interface SimpleType {
  id: string;
  name?: string;
  namespace: string;
  origin: Span;
  documentation?: string;
  /** The built-in type that it comes from, such as `dateTime`; of a list or union the local name of that. */
  builtin: string;
  json: JsonForm;
  /** Which values there are beside the facets; `string` is any text. */
  form: "string" | "decimal" | "integer" | "double" | "boolean" | "list" | "union";
  whiteSpace: "preserve" | "replace" | "collapse";
  /** All of them must match the whole value: RE2 syntax, anchored by whoever uses them. */
  patterns: readonly string[];
  /** Lexical values; any if absent. */
  enumeration?: readonly string[];
  /** Characters; of `hexBinary` and `base64Binary` bytes; of a list items. */
  length?: { min?: number; max?: number };
  /** Bounds of decimals, integers and doubles, as decimal numbers. */
  min?: { value: string; exclusive: boolean };
  max?: { value: string; exclusive: boolean };
  totalDigits?: number;
  fractionDigits?: number;
  /** Of a list: id of the type of its items. In JSON it is an array. */
  item?: string;
  /** Of a union: ids, tried in order. In JSON it is a string. */
  members?: readonly string[];
}
