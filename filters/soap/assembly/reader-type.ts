import {
  arrayOf,
  documentIsWrong,
  firstElement,
  integerAt,
  integerOf,
  isObject,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
} from "../../lib/document";
import { at, exists, keepPointers, keepRecord, keepRecords, none, pointerAt, setPointer } from "../../lib/region";
import { addName, newNameTable } from "../../lib/table";
import { compose, keepComposed, keepLiteral, putByte, putDecimal, putLiteral, putText, Text } from "../../lib/text";
import { checkLexical } from "./lexical";
import { arrange } from "./reader-content";
import { isXmlNamespace } from "./reader-envelope";
import { flagOf, indexOf, indexOr, integerOr, LARGEST_INDEX, valueOr, xmlNameOf } from "./reader-values";
import { Attribute, Complex, Element, Entry, Order, Simple, Soap, slotCount } from "./table";

const MOST_ATTRIBUTES: i32 = 1024;
const MOST_ENTRIES: i32 = 4096;
/** The longest tag: `</n1024:` and a name of 256 bytes. */
const LONGEST_TAG: i32 = 288;

const UNSOUND: string = "has a default or fixed value that is none of its type";

/** Reads `types`; false, and a problem noted, if they are wrong. They refer to one another, so all records are there before one is read. */
export function readTypes(list: i32, soap: Soap): bool {
  const count = arrayOf(list, 0, <i32>LARGEST_INDEX);
  if (count < 0) return false;
  soap.types = keepRecords<Complex>(count);
  soap.typeCount = count;
  if (soap.types === 0) return refuse(list, "needs more memory than the module may have");
  let index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readType(node, at<Complex>(soap.types, index++), soap)) return false;
  }
  index = 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!checkConstants(node, at<Complex>(soap.types, index++))) return false;
  }
  return true;
}

/** Elements of complex types have values of their own where those have text: which of them do is known when all are read. */
function checkConstants(node: i32, type: Complex): bool {
  for (let i = 0; i < type.leafCount; i++) {
    if (!areConstantsSound(pointerAt<Element>(type.leaves, i))) return refuse(node, UNSOUND);
  }
  return true;
}

function areConstantsSound(element: Element): bool {
  if (exists(element.simple)) return true;
  return isSound(element.default, element.type.text) && isSound(element.fixed, element.type.text);
}

function isSound(value: Text, simple: Simple): bool {
  return !exists(value) || (exists(simple) && checkLexical(simple, value.start, value.length));
}

function readType(node: i32, type: Complex, soap: Soap): bool {
  if (!objectOf(node, "attributes text content")) return false;
  const text = indexOr(node, "text", soap.simpleCount);
  if (text >= 0) type.text = at<Simple>(soap.simples, text);
  const attributes = member(node, "attributes");
  if (attributes !== NOWHERE && !readAttributes(attributes, type, soap)) return false;
  const content = member(node, "content");
  if (content !== NOWHERE && text >= 0) return refuse(content, "cannot stand beside text");
  if (content !== NOWHERE && !readContent(content, type, soap)) return false;
  return !documentIsWrong() && nameMembers(node, type);
}

// ---- attributes

function readAttributes(list: i32, type: Complex, soap: Soap): bool {
  const count = arrayOf(list, 0, MOST_ATTRIBUTES);
  if (count < 0) return false;
  type.attributes = keepRecords<Attribute>(count);
  if (type.attributes === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readAttribute(node, at<Attribute>(type.attributes, type.attributeCount++), soap)) return false;
  }
  return true;
}

function readAttribute(node: i32, attribute: Attribute, soap: Soap): bool {
  if (!objectOf(node, "name ns simple required default fixed")) return false;
  attribute.name = xmlNameOf(node, "name");
  attribute.namespace = indexOr(node, "ns", soap.namespaceCount) + 1;
  attribute.required = flagOf(node, "required");
  const simple = requiredMember(node, "simple");
  const index = simple === NOWHERE ? -1 : indexOf(simple, soap.simpleCount);
  if (documentIsWrong()) return false;
  attribute.simple = at<Simple>(soap.simples, index);
  attribute.default = constantOr(node, "default", attribute.simple);
  attribute.fixed = constantOr(node, "fixed", attribute.simple);
  compose(LONGEST_TAG);
  putByte(0x20);
  if (isXmlNamespace(soap, attribute.namespace)) {
    putLiteral("xml:");
    putText(attribute.name);
  } else {
    putTag(attribute.namespace, attribute.name);
  }
  putLiteral('="');
  attribute.open = keepComposed();
  compose(LONGEST_TAG);
  putLiteral('"@');
  putText(attribute.name);
  putLiteral('":');
  attribute.json = keepComposed();
  return !documentIsWrong();
}

/** A default or fixed value, which is one of the type's. */
function constantOr(node: i32, name: string, simple: Simple): Text {
  const value = valueOr(node, name);
  if (exists(value) && !checkLexical(simple, value.start, value.length)) {
    refuse(member(node, name), "is no value of its type");
  }
  return value;
}

function putTag(namespace: i32, name: Text): void {
  if (namespace > 0) {
    putByte(0x6e);
    putDecimal(<u64>namespace);
    putByte(0x3a);
  }
  putText(name);
}

// ---- elements

/** Reads an element on its own: the child of a body or of a fault's detail, or the missing record. */
export function readLoneElement(node: i32, soap: Soap): Element {
  const element = keepRecord<Element>();
  if (!readElement(node, element, soap)) return none<Element>();
  if (!areConstantsSound(element)) refuse(node, UNSOUND);
  else if (element.min !== 1 || element.max !== 1) refuse(node, "must occur once");
  return documentIsWrong() ? none<Element>() : element;
}

function readElement(node: i32, element: Element, soap: Soap): bool {
  if (!objectOf(node, "name ns simple type min max nillable default fixed")) return false;
  element.name = xmlNameOf(node, "name");
  element.namespace = indexOr(node, "ns", soap.namespaceCount) + 1;
  element.min = integerOr(node, "min", 0, LARGEST_INDEX, 1);
  element.max = integerOr(node, "max", -1, LARGEST_INDEX, 1);
  element.nillable = flagOf(node, "nillable");
  const simple = indexOr(node, "simple", soap.simpleCount);
  const type = indexOr(node, "type", soap.typeCount);
  if (documentIsWrong()) return false;
  if (simple >= 0 === type >= 0) return refuse(node, "must have a simple type or a complex one");
  if (element.max >= 0 && element.min > element.max) return refuse(node, "must occur more often than it may");
  if (simple >= 0) element.simple = at<Simple>(soap.simples, simple);
  else element.type = at<Complex>(soap.types, type);
  nameTags(element);
  return readConstants(node, element);
}

function readConstants(node: i32, element: Element): bool {
  if (exists(element.simple)) {
    element.default = constantOr(node, "default", element.simple);
    element.fixed = constantOr(node, "fixed", element.simple);
    return !documentIsWrong();
  }
  // The types may not be read yet, so whether it has text, and which, is not known.
  element.default = valueOr(node, "default");
  element.fixed = valueOr(node, "fixed");
  return !documentIsWrong();
}

function nameTags(element: Element): void {
  compose(LONGEST_TAG);
  putByte(0x3c);
  putTag(element.namespace, element.name);
  element.open = keepComposed();
  compose(LONGEST_TAG);
  putText(element.open);
  putByte(0x3e);
  element.plainOpen = keepComposed();
  compose(LONGEST_TAG);
  putLiteral("</");
  putTag(element.namespace, element.name);
  putByte(0x3e);
  element.close = keepComposed();
  compose(LONGEST_TAG);
  putByte(0x22);
  putText(element.name);
  putLiteral('":');
  element.json = keepComposed();
}

// ---- content

function readContent(list: i32, type: Complex, soap: Soap): bool {
  const count = arrayOf(list, 0, MOST_ENTRIES);
  if (count < 0) return false;
  if (count === 0) return true;
  type.entries = keepRecords<Entry>(count);
  type.leaves = keepPointers(count);
  if (type.entries === 0 || type.leaves === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readEntry(node, at<Entry>(type.entries, type.entryCount++), type, soap)) return false;
  }
  return arrange(list, type);
}

function readEntry(node: i32, entry: Entry, type: Complex, soap: Soap): bool {
  entry.parent = -1;
  if (isObject(node) && member(node, "group") !== NOWHERE) return readGroup(node, entry);
  entry.element = keepRecord<Element>();
  setPointer(type.leaves, type.leafCount++, entry.element);
  return readElement(node, entry.element, soap);
}

function readGroup(node: i32, entry: Entry): bool {
  if (!objectOf(node, "group span optional")) return false;
  const group = member(node, "group");
  const span = requiredMember(node, "span");
  if (stringIs(group, "sequence")) entry.order = Order.Sequence;
  else if (stringIs(group, "choice")) entry.order = Order.Choice;
  else if (stringIs(group, "all")) entry.order = Order.All;
  else return refuse(group, 'must be "sequence", "choice" or "all"');
  if (span === NOWHERE || !integerOf(span, 0, MOST_ENTRIES)) return false;
  entry.span = <i32>integerAt(span);
  entry.optional = flagOf(node, "optional");
  return !documentIsWrong();
}

/** The table from members of JSON to slots, as `Complex.members` says. */
function nameMembers(node: i32, type: Complex): bool {
  type.members = newNameTable(slotCount(type), true);
  if (!exists(type.members)) return refuse(node, "needs more memory than the module may have");
  let slot = 0;
  for (let i = 0; i < type.leafCount; i++) {
    const name = pointerAt<Element>(type.leaves, i).name;
    if (!addName(type.members, name, slot++)) return refuse(node, "has two elements of one name");
  }
  for (let i = 0; i < type.attributeCount; i++) {
    compose(LONGEST_TAG);
    putByte(0x40);
    putText(at<Attribute>(type.attributes, i).name);
    if (!addName(type.members, keepComposed(), slot++)) return refuse(node, "has two attributes of one name");
  }
  if (exists(type.text)) addName(type.members, keepLiteral("$value"), slot);
  return true;
}
