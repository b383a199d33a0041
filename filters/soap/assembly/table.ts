import { Decimal } from "../../lib/decimal";
import { at, exists, none } from "../../lib/region";
import { NameTable } from "../../lib/table";
import { Text } from "../../lib/text";

// The tables of a `soap` policy, as `reader.ts` makes them from its configuration (`../module.ts`) and the converters use them. All of it is
// kept for the life of the VM. Lists are arrays of records (`at`) or of addresses (`pointerAt`), as their comments say.

export enum Form {
  String,
  Decimal,
  Integer,
  Double,
  Boolean,
  List,
  Union,
}

export enum JsonForm {
  String,
  Number,
  Boolean,
}

export enum Space {
  Preserve,
  Replace,
  Collapse,
}

/** What the lengths of a simple type count; of a list always items. */
export enum Unit {
  Characters,
  Hex,
  Base64,
}

@unmanaged
export class Simple {
  form: Form = Form.String;
  json: JsonForm = JsonForm.String;
  space: Space = Space.Collapse;
  unit: Unit = Unit.Characters;
  /** Addresses of automata (`lib/dfa.ts`), all of which must match. */
  patterns: usize = 0;
  patternCount: i32 = 0;
  /** Addresses of Text; the only values, if there are any. */
  values: usize = 0;
  valueCount: i32 = 0;
  /** There if they are many, and are compared as texts. */
  valueNames: NameTable = none<NameTable>();
  minLength: i32 = 0;
  /** -1: any. */
  maxLength: i32 = -1;
  /** The missing record where there is no bound. */
  least: Decimal = none<Decimal>();
  most: Decimal = none<Decimal>();
  minExclusive: bool = false;
  maxExclusive: bool = false;
  /** -1: any. */
  totalDigits: i32 = -1;
  fractionDigits: i32 = -1;
  /** Of a list. */
  item: Simple = none<Simple>();
  /** Of a union: addresses of Simple. */
  members: usize = 0;
  memberCount: i32 = 0;
}

@unmanaged
export class Attribute {
  name: Text = none<Text>();
  /** 0: none; else one more than the index in the list of namespaces. */
  namespace: i32 = 0;
  simple: Simple = none<Simple>();
  required: bool = false;
  default: Text = none<Text>();
  fixed: Text = none<Text>();
  /** ` name="` as it stands in a start tag, with a space in front and a prefix where it has a namespace. */
  open: Text = none<Text>();
  /** `"@name":` as it stands in JSON. */
  json: Text = none<Text>();
}

@unmanaged
export class Element {
  name: Text = none<Text>();
  /** As of an attribute. */
  namespace: i32 = 0;
  /** Either of them is there. */
  simple: Simple = none<Simple>();
  type: Complex = none<Complex>();
  min: i32 = 1;
  /** -1: any number. Not 1: an array in JSON. */
  max: i32 = 1;
  nillable: bool = false;
  default: Text = none<Text>();
  fixed: Text = none<Text>();
  /** `<n1:Name`, without what follows: attributes and `>`. */
  open: Text = none<Text>();
  /** `<n1:Name>` */
  plainOpen: Text = none<Text>();
  /** `</n1:Name>` */
  close: Text = none<Text>();
  /** `"Name":` as it stands in JSON. */
  json: Text = none<Text>();
}

export enum Order {
  /** The entry is an element. */
  Element,
  Sequence,
  Choice,
  All,
}

/** A particle of a content model: an element, or a group with the entries behind it. */
@unmanaged
export class Entry {
  order: Order = Order.Element;
  /** Of a group: how many entries after it belong to it, those of inner groups included. */
  span: i32 = 0;
  optional: bool = false;
  /** Of an element. */
  element: Element = none<Element>();
  /** Of an element: its place among those of the type, from 0; of a group that of the first element in it. */
  leaf: i32 = 0;
  /** The place after the last element of it. */
  leafEnd: i32 = 0;
  /** Where the walk goes on when this entry and all in it is done: past the other branches, if it is a branch of a choice. */
  after: i32 = 0;
  /** The entry of the group around it, or -1. */
  parent: i32 = -1;
  /** Whether it can be satisfied by nothing at all. */
  canBeEmpty: bool = false;
}

@unmanaged
export class Complex {
  /** Records of Attribute. */
  attributes: usize = 0;
  attributeCount: i32 = 0;
  /** Simple content. */
  text: Simple = none<Simple>();
  /** Records of Entry; the first is a group that spans the others. None for empty content. */
  entries: usize = 0;
  entryCount: i32 = 0;
  /** Addresses of Element, in the order of the schema. */
  leaves: usize = 0;
  leafCount: i32 = 0;
  /** From members of JSON: an element to its leaf, `@name` to leafCount + its place, `$value` to leafCount + attributeCount. */
  members: NameTable = none<NameTable>();
}

/** Members that an object of a type can have in JSON: elements, attributes, `$value`. */
export function slotCount(type: Complex): i32 {
  return type.leafCount + type.attributeCount + 1;
}

/** The simple type of an attribute or of the text, by slot. */
export function simpleOfSlot(type: Complex, slot: i32): Simple {
  const attribute = slot - type.leafCount;
  return attribute === type.attributeCount ? type.text : at<Attribute>(type.attributes, attribute).simple;
}

@unmanaged
export class Param {
  /** As messages call it. */
  name: Text = none<Text>();
  /** Segment of the path, or -1. */
  segment: i32 = -1;
  /** Parameter of the query, or the missing text. */
  query: Text = none<Text>();
  repeated: bool = false;
  binding: Binding = none<Binding>();
}

/** A member of the input into which something goes that is not the whole body, or that the body goes into: a tree from the input on. */
@unmanaged
export class Binding {
  /** Place of the member in its type, as `Complex.members` has it; 0 for the input itself. */
  slot: i32 = 0;
  /** Index of the parameter that it is, or -1. */
  param: i32 = -1;
  /** It is what the client's body is. */
  isBody: bool = false;
  /** Its own members; the next member of the same object; the object. */
  first: Binding = none<Binding>();
  next: Binding = none<Binding>();
  parent: Binding = none<Binding>();
  /** The number of the last request that has something for it or in it. */
  seen: u32 = 0;
}

/** What is bound to a member of what a binding leads to, or the missing record; also if nothing is bound at all. */
export function boundMember(binding: Binding, slot: i32): Binding {
  let child = exists(binding) ? binding.first : binding;
  while (exists(child) && child.slot !== slot) child = child.next;
  return child;
}

@unmanaged
export class Fault {
  name: Text = none<Text>();
  element: Element = none<Element>();
  status: u32 = 0;
}

/** How an operation is asked for and the service asked, where no route of Envoy's says it. */
@unmanaged
export class Lone {
  method: Text = none<Text>();
  /** Addresses of Text; the missing text for a segment of any text. */
  segments: usize = 0;
  segmentCount: i32 = 0;
  path: Text = none<Text>();
  contentType: Text = none<Text>();
  /** The missing text where the content type has it. */
  soapAction: Text = none<Text>();
}

export enum Version {
  Soap11 = 11,
  Soap12 = 12,
}

@unmanaged
export class Operation {
  name: Text = none<Text>();
  version: Version = Version.Soap11;
  pin: Text = none<Text>();
  /** The missing record if the configuration says nothing of it. */
  lone: Lone = none<Lone>();
  input: Element = none<Element>();
  output: Element = none<Element>();
  takesBody: bool = true;
  /** How many names the field has that the body is; 0 for the whole input. */
  bodyFieldLength: i32 = 0;
  /** Records of Param. */
  params: usize = 0;
  paramCount: i32 = 0;
  unwrap: bool = false;
  success: u32 = 200;
  /** Records of Fault. */
  faults: usize = 0;
  faultCount: i32 = 0;
  sender: u32 = 400;
  receiver: u32 = 502;
  /** From the XML declaration to the `>` of the envelope's start tag, with the namespaces that its elements need as `n1`, `n2`, ... */
  envelope: Text = none<Text>();
  /** Missing if there is no input. */
  binding: Binding = none<Binding>();
  /** What the body is in that tree; missing if the operation takes none. */
  bodyBinding: Binding = none<Binding>();
  /** What is in the header for WS-Addressing up to the value of the identifier of the message; the missing text without it. */
  addressing: Text = none<Text>();
}

@unmanaged
export class Security {
  /** The missing text without a UsernameToken. */
  user: Text = none<Text>();
  password: Text = none<Text>();
  digest: bool = false;
  /** 0: no Timestamp. */
  timestampSeconds: i32 = 0;
  /** What stands between the parts that differ from message to message, as `reader-security.ts` makes it. */
  open: Text = none<Text>();
  timestampOpen: Text = none<Text>();
  timestampMiddle: Text = none<Text>();
  timestampClose: Text = none<Text>();
  /** Up to the digest; of a password in text all of the token. */
  token: Text = none<Text>();
  tokenNonce: Text = none<Text>();
  tokenCreated: Text = none<Text>();
  tokenClose: Text = none<Text>();
  close: Text = none<Text>();
}

@unmanaged
export class Limits {
  request: i32 = 0;
  response: i32 = 0;
  depth: i32 = 0;
  attributes: i32 = 0;
  name: i32 = 0;
  namespaces: i32 = 0;
}

/** Texts that all operations have. */
@unmanaged
export class Constants {
  headerOpen: Text = none<Text>();
  /** With the namespace of WS-Addressing. */
  addressedHeaderOpen: Text = none<Text>();
  headerClose: Text = none<Text>();
  bodyOpen: Text = none<Text>();
  /** From the end of the body to that of the document. */
  bodyClose: Text = none<Text>();
  /** ` xsi:nil="true"/>` */
  nil: Text = none<Text>();
  /** After the identifier of the message. */
  addressingClose: Text = none<Text>();
}

/** What answers have beside what the types say: numbers of namespaces, and local names. */
@unmanaged
export class AnswerNames {
  /** From names of namespaces to their numbers: of those of the policy one more than their index, as elements have them. */
  known: NameTable = none<NameTable>();
  soap11: i32 = 0;
  soap12: i32 = 0;
  instance: i32 = 0;
  xml: i32 = 0;
  security: i32 = 0;
  addressing: i32 = 0;
  oldAddressing: i32 = 0;
  envelope: Text = none<Text>();
  header: Text = none<Text>();
  body: Text = none<Text>();
  fault: Text = none<Text>();
  code11: Text = none<Text>();
  detail11: Text = none<Text>();
  code12: Text = none<Text>();
  value12: Text = none<Text>();
  detail12: Text = none<Text>();
  client: Text = none<Text>();
  sender: Text = none<Text>();
  mustUnderstand: Text = none<Text>();
  actor: Text = none<Text>();
  role: Text = none<Text>();
  next11: Text = none<Text>();
  next12: Text = none<Text>();
  ultimate: Text = none<Text>();
  encodingStyle: Text = none<Text>();
  nil: Text = none<Text>();
  type: Text = none<Text>();
  schemaLocation: Text = none<Text>();
  noNamespaceSchemaLocation: Text = none<Text>();
  securityHeader: Text = none<Text>();
  /** `"$value":` as it stands in JSON. */
  value: Text = none<Text>();
}

@unmanaged
export class Soap {
  /** Addresses of Text. */
  namespaces: usize = 0;
  namespaceCount: i32 = 0;
  /** Records of Operation. */
  operations: usize = 0;
  operationCount: i32 = 0;
  /** Records of Simple and of Complex. */
  simples: usize = 0;
  simpleCount: i32 = 0;
  types: usize = 0;
  typeCount: i32 = 0;
  /** Addresses of Text: ` xmlns:n1="URI"` of each namespace. */
  declarations: usize = 0;
  /** From names to indexes of operations. */
  names: NameTable = none<NameTable>();
  /** The missing record if there is none. */
  security: Security = none<Security>();
  limits: Limits = none<Limits>();
  constants: Constants = none<Constants>();
  answers: AnswerNames = none<AnswerNames>();
  /** What the walk through a request works on: as many records of Frame as may be open at once, and the words of all their slots. */
  frames: usize = 0;
  frameCount: i32 = 0;
  slots: usize = 0;
}
