import { outputByte, outputText } from "../../lib/output";
import { at, exists, none } from "../../lib/region";
import { spaceEnd, trimmedEnd } from "../../lib/space";
import { Text, textIs } from "../../lib/text";
import { truthOf } from "../../lib/truth";
import { xmlAttributeCount, xmlAttributeNamespace } from "../../lib/xml";
import { attributeAt, XmlAttribute } from "../../lib/xml-attributes";
import { Answered, refuseAnswer } from "./answer-result";
import { writeConstant, writeValue } from "./answer-value";
import { AnswerNames, Attribute, Complex } from "./table";

// The attributes of the start tag that was read last. Declarations of namespaces are not among them.

let isNil: bool = false;

/** Whether the element says that it is nil. */
export function saysNil(): bool {
  return isNil;
}

/**
 * Takes what every element may have: attributes of XML Schema (`xsi:type` too: what it stands for is measured by the declared type, so another
 * type does no harm) and of XML, such as `xml:lang`. False, and the problem noted, if one of them is malformed.
 */
export function takeGeneral(names: AnswerNames): bool {
  isNil = false;
  for (let i = 0; i < xmlAttributeCount(); i++) {
    const attribute = attributeAt(i);
    const namespace = xmlAttributeNamespace(i);
    attribute.taken = namespace === names.xml || (namespace === names.instance && isInstance(attribute, names));
    if (!attribute.taken || namespace === names.xml || !is(attribute, names.nil)) continue;
    const truth = attributeTruth(attribute);
    if (truth < 0) return refuseAnswer(Answered.Nil);
    isNil = truth === 1;
  }
  return true;
}

function isInstance(attribute: XmlAttribute, names: AnswerNames): bool {
  if (is(attribute, names.nil) || is(attribute, names.type)) return true;
  return is(attribute, names.schemaLocation) || is(attribute, names.noNamespaceSchemaLocation);
}

function is(attribute: XmlAttribute, name: Text): bool {
  return textIs(name, attribute.local, attribute.localLength);
}

/** Whether all attributes are taken; else the problem is noted. */
export function areTaken(): bool {
  for (let i = 0; i < xmlAttributeCount(); i++) {
    if (!attributeAt(i).taken) return refuseAnswer(Answered.Attribute);
  }
  return true;
}

let isFirst: bool = true;

/** Whether `writeAttributes` wrote none. */
export function wroteNone(): bool {
  return isFirst;
}

/** Writes the declared attributes as the first members of an object, in the order of the schema; false, and the problem noted, if they do not fit. */
export function writeAttributes(type: Complex): bool {
  isFirst = true;
  for (let i = 0; i < type.attributeCount; i++) {
    const declared = at<Attribute>(type.attributes, i);
    const attribute = findAttribute(declared.name, declared.namespace);
    if (!(exists(attribute) ? writePresent(declared, attribute) : writeAbsent(declared))) return false;
  }
  return areTaken();
}

function writePresent(declared: Attribute, attribute: XmlAttribute): bool {
  attribute.taken = true;
  nameMember(declared);
  return writeValue(declared.simple, declared.fixed, attribute.value, attribute.valueLength);
}

function writeAbsent(declared: Attribute): bool {
  const constant = exists(declared.fixed) ? declared.fixed : declared.default;
  if (declared.required) return refuseAnswer(Answered.Missing);
  if (!exists(constant)) return true;
  nameMember(declared);
  writeConstant(declared.simple, constant);
  return true;
}

function nameMember(declared: Attribute): void {
  if (!isFirst) outputByte(0x2c);
  isFirst = false;
  outputText(declared.json);
}

/** The attribute with a name, or the missing record. */
export function findAttribute(name: Text, namespace: i32): XmlAttribute {
  for (let i = 0; i < xmlAttributeCount(); i++) {
    if (is(attributeAt(i), name) && xmlAttributeNamespace(i) === namespace) return attributeAt(i);
  }
  return none<XmlAttribute>();
}

/** The boolean that a value is: 1, 0, or -1 for one that is none. */
export function attributeTruth(attribute: XmlAttribute): i32 {
  const start = trimmedStart(attribute);
  return truthOf(start, trimmedLength(attribute, start));
}

/** Whether a value is a text, but for white space around it. */
export function attributeIs(attribute: XmlAttribute, text: Text): bool {
  const start = trimmedStart(attribute);
  return textIs(text, start, trimmedLength(attribute, start));
}

function trimmedStart(attribute: XmlAttribute): usize {
  return spaceEnd(attribute.value, attribute.value + <usize>attribute.valueLength);
}

function trimmedLength(attribute: XmlAttribute, start: usize): i32 {
  return <i32>(trimmedEnd(start, attribute.value + <usize>attribute.valueLength) - start);
}
