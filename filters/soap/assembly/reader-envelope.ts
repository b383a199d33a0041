import {
  arrayOf,
  documentIsWrong,
  firstElement,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import {
  arenaGiveBack,
  arenaTakeZeroed,
  at,
  exists,
  indexAt,
  keepPointers,
  pointerAt,
  setPointer,
} from "../../lib/region";
import { addName, newNameTable } from "../../lib/table";
import { compose, isLiteral, keepComposed, keepLiteral, putDecimal, putLiteral, putText, Text } from "../../lib/text";
import { setWord, wordAt } from "../../lib/words";
import { keepEscaped, LONGEST_VALUE } from "./reader-values";
import { Attribute, Complex, Constants, Element, Operation, Soap, Version } from "./table";

// The beginning of a request, made once for each operation: the declarations of all namespaces that its input can reach.

const MOST_NAMESPACES: i32 = 1024;
const LONGEST_URI: i32 = 2048;
/** ` xmlns:n1024=""` */
const DECLARATION_BYTES: i32 = 16;
const ENVELOPE_BYTES: i32 = 256;

/** Reads `namespaces`; false, and a problem noted, if they are wrong. */
export function readNamespaces(list: i32, soap: Soap): bool {
  const count = arrayOf(list, 0, MOST_NAMESPACES);
  if (count < 0) return false;
  const names = newNameTable(count, false);
  soap.namespaces = keepPointers(count);
  soap.declarations = keepPointers(count);
  if (!exists(names) || soap.namespaces === 0 || soap.declarations === 0) {
    return refuse(list, "needs more memory than the module may have");
  }
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, LONGEST_URI)) return false;
    const uri = keepString(node);
    if (!addName(names, uri, 0)) return refuse(node, "stands there already");
    setPointer(soap.namespaces, soap.namespaceCount++, uri);
    const escaped = keepEscaped(node, uri.start, uri.length);
    if (!exists(escaped)) return false;
    setPointer(soap.declarations, soap.namespaceCount - 1, declaration(soap.namespaceCount, escaped));
  }
  return true;
}

/** Whether it is the namespace whose prefix is `xml` without a declaration, and that no other prefix may have (Namespaces in XML 1.0, section 3). */
export function isXmlNamespace(soap: Soap, namespace: i32): bool {
  if (namespace === 0) return false;
  const uri = pointerAt<Text>(soap.namespaces, namespace - 1);
  return isLiteral(uri.start, uri.length, "http://www.w3.org/XML/1998/namespace");
}

function declaration(number: i32, uri: Text): Text {
  compose(uri.length + DECLARATION_BYTES);
  putLiteral(" xmlns:n");
  putDecimal(<u64>number);
  putLiteral('="');
  putText(uri);
  putLiteral('"');
  return keepComposed();
}

/** Makes the texts that all requests have. */
export function fillConstants(constants: Constants): void {
  constants.headerOpen = keepLiteral("<soap:Header>");
  constants.addressedHeaderOpen = keepLiteral('<soap:Header xmlns:wsa="http://www.w3.org/2005/08/addressing">');
  constants.headerClose = keepLiteral("</soap:Header>");
  constants.bodyOpen = keepLiteral("<soap:Body>");
  constants.bodyClose = keepLiteral("</soap:Body></soap:Envelope>");
  constants.nil = keepLiteral(' xsi:nil="true"/>');
  constants.addressingClose = keepLiteral(
    "</wsa:MessageID><wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>",
  );
}

/** Makes `envelope` and `addressing` of an operation; false, and a problem noted, if memory is used up or XML cannot have a text. */
export function writeEnvelope(node: i32, operation: Operation, soap: Soap): bool {
  const words = soap.namespaceCount + 1 + 2 * soap.typeCount;
  reached = arenaTakeZeroed((<usize>words) << 2);
  if (reached === 0) return refuse(node, "needs more memory than the module may have");
  reachFrom(operation.input, soap);
  composeEnvelope(operation, soap);
  arenaGiveBack(reached);
  return writeAddressing(member(node, "addressing"), operation);
}

/** Words: which namespaces are reached, by one more than their index; 0 is for xsi. Then which types are, then those that are still to be looked at. */
let reached: usize = 0;
let waiting: i32 = 0;

function reachFrom(input: Element, soap: Soap): void {
  waiting = 0;
  if (exists(input)) reachElement(input, soap);
  while (waiting > 0) {
    waiting--;
    const type = at<Complex>(soap.types, wordAt(reached, soap.namespaceCount + 1 + soap.typeCount + waiting));
    for (let i = 0; i < type.attributeCount; i++) reachNamespace(at<Attribute>(type.attributes, i).namespace);
    for (let i = 0; i < type.leafCount; i++) reachElement(pointerAt<Element>(type.leaves, i), soap);
  }
}

function reachNamespace(namespace: i32): void {
  if (namespace > 0) setWord(reached, namespace, 1);
}

function reachElement(element: Element, soap: Soap): void {
  reachNamespace(element.namespace);
  if (element.nillable) setWord(reached, 0, 1);
  if (!exists(element.type)) return;
  const index = indexAt<Complex>(soap.types, element.type);
  const mark = soap.namespaceCount + 1 + index;
  if (wordAt(reached, mark) !== 0) return;
  setWord(reached, mark, 1);
  setWord(reached, soap.namespaceCount + 1 + soap.typeCount + waiting, index);
  waiting++;
}

function composeEnvelope(operation: Operation, soap: Soap): void {
  let length = ENVELOPE_BYTES;
  for (let i = 0; i < soap.namespaceCount; i++) {
    if (wordAt(reached, i + 1) !== 0) length += pointerAt<Text>(soap.declarations, i).length;
  }
  compose(length);
  putLiteral('<?xml version="1.0" encoding="UTF-8"?><soap:Envelope xmlns:soap="');
  if (operation.version === Version.Soap12) putLiteral("http://www.w3.org/2003/05/soap-envelope");
  else putLiteral("http://schemas.xmlsoap.org/soap/envelope/");
  putLiteral('"');
  if (wordAt(reached, 0) !== 0) putLiteral(' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"');
  for (let i = 0; i < soap.namespaceCount; i++) {
    if (wordAt(reached, i + 1) !== 0 && !isXmlNamespace(soap, i + 1)) putText(pointerAt<Text>(soap.declarations, i));
  }
  putLiteral(">");
  operation.envelope = keepComposed();
}

/** WS-Addressing 1.0, SOAP Binding: action, destination, and the beginning of the identifier, a UUID. */
function writeAddressing(node: i32, operation: Operation): bool {
  if (node === NOWHERE) return true;
  if (!objectOf(node, "action to")) return false;
  const actionNode = requiredMember(node, "action");
  const toNode = requiredMember(node, "to");
  if (documentIsWrong() || !stringOf(actionNode, 0, LONGEST_VALUE) || !stringOf(toNode, 0, LONGEST_VALUE)) return false;
  const action = keepEscaped(actionNode, stringStart(actionNode), stringLength(actionNode));
  const to = keepEscaped(toNode, stringStart(toNode), stringLength(toNode));
  if (documentIsWrong()) return false;
  compose(action.length + to.length + ENVELOPE_BYTES);
  putLiteral('<wsa:Action soap:mustUnderstand="1">');
  putText(action);
  putLiteral('</wsa:Action><wsa:To soap:mustUnderstand="1">');
  putText(to);
  putLiteral("</wsa:To><wsa:MessageID>urn:uuid:");
  operation.addressing = keepComposed();
  return true;
}
