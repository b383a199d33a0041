import { isVisibleAscii } from "../../lib/bytes";
import {
  arrayOf,
  documentIsWrong,
  firstElement,
  integerAt,
  integerOf,
  isBoolean,
  isTrue,
  keepString,
  member,
  NOWHERE,
  nextElement,
  objectOf,
  refuse,
  requiredMember,
  stringIs,
  stringLength,
  stringOf,
  stringStart,
} from "../../lib/document";
import { at, exists, keepRecords, none } from "../../lib/region";
import { sameText, Text } from "../../lib/text";
import { bindBody, bindParam, bindWhole, newBinding } from "./reader-binding";
import { writeEnvelope } from "./reader-envelope";
import { readLone } from "./reader-lone";
import { readLoneElement } from "./reader-type";
import { flagOf, integerOr, LONGEST_NAME, nameOf } from "./reader-values";
import { Element, Fault, Operation, Param, Soap, Version } from "./table";

const MEMBERS: string =
  "name version pin rest service input output oneWay body params unwrap success faults sender receiver addressing";
const MOST_PARAMS: i32 = 64;
const MOST_FAULTS: i32 = 64;
const DEEPEST_FIELD: i32 = 8;
const LAST_SEGMENT: i64 = 1023;
const LONGEST_PIN: i32 = 512;

/** Reads one of `operations`; false, and a problem noted, if it is wrong. */
export function readOperation(node: i32, operation: Operation, soap: Soap): bool {
  if (!objectOf(node, MEMBERS)) return false;
  operation.name = nameOf(node, "name");
  readVersion(requiredMember(node, "version"), operation);
  readPin(requiredMember(node, "pin"), operation);
  if (documentIsWrong() || !readLone(node, operation)) return false;
  operation.input = elementOr(node, "input", soap);
  operation.output = elementOr(node, "output", soap);
  // Nothing here depends on it, but it must be a flag.
  flagOf(node, "oneWay");
  operation.unwrap = flagOf(node, "unwrap");
  operation.success = integerOr(node, "success", 200, 299, 200);
  operation.sender = integerOr(node, "sender", 400, 599, 400);
  operation.receiver = integerOr(node, "receiver", 400, 599, 502);
  if (documentIsWrong()) return false;
  if (!readBody(member(node, "body"), operation) || !readParams(member(node, "params"), operation)) return false;
  if (!readFaults(member(node, "faults"), operation, soap)) return false;
  return writeEnvelope(node, operation, soap);
}

function readVersion(node: i32, operation: Operation): void {
  if (node === NOWHERE) return;
  if (stringIs(node, "1.1")) operation.version = Version.Soap11;
  else if (stringIs(node, "1.2")) operation.version = Version.Soap12;
  else refuse(node, 'must be "1.1" or "1.2"');
}

function readPin(node: i32, operation: Operation): void {
  if (node === NOWHERE || !stringOf(node, 1, LONGEST_PIN)) return;
  if (!isVisibleAscii(stringStart(node), stringLength(node))) refuse(node, "must be visible ASCII");
  operation.pin = keepString(node);
}

function elementOr(object: i32, name: string, soap: Soap): Element {
  const node = member(object, name);
  return node === NOWHERE ? none<Element>() : readLoneElement(node, soap);
}

/** `body`: false, or the field that it is. */
function readBody(node: i32, operation: Operation): bool {
  if (exists(operation.input)) operation.binding = newBinding();
  operation.takesBody = true;
  const isFalse = node !== NOWHERE && isBoolean(node) && !isTrue(node);
  if (isFalse) {
    operation.takesBody = false;
    return true;
  }
  if (node !== NOWHERE && isBoolean(node)) return refuse(node, "must be false or an object");
  if (node !== NOWHERE && !objectOf(node, "field")) return false;
  const field = node === NOWHERE ? NOWHERE : member(node, "field");
  if (field !== NOWHERE) {
    operation.bodyFieldLength = fieldOf(field);
    return operation.bodyFieldLength > 0 && bindBody(field, operation);
  }
  return !exists(operation.binding) || bindWhole(operation, operation.binding);
}

/** The number of names of a field; 0 and a problem if it is none. */
function fieldOf(list: i32): i32 {
  const count = arrayOf(list, 1, DEEPEST_FIELD);
  if (count < 0) return 0;
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!stringOf(node, 1, LONGEST_NAME)) return 0;
  }
  return count;
}

// ---- parameters

function readParams(list: i32, operation: Operation): bool {
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 0, MOST_PARAMS);
  if (count < 0) return false;
  operation.params = keepRecords<Param>(count);
  if (operation.params === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readParam(node, operation)) return false;
  }
  return true;
}

function readParam(node: i32, operation: Operation): bool {
  if (!objectOf(node, "segment query name field repeated")) return false;
  const index = operation.paramCount++;
  const param = at<Param>(operation.params, index);
  param.segment = integerOr(node, "segment", 0, LAST_SEGMENT, -1);
  param.query = nameOr(node, "query");
  param.name = nameOr(node, "name");
  param.repeated = flagOf(node, "repeated");
  const field = requiredMember(node, "field");
  if (documentIsWrong()) return false;
  if (param.segment >= 0 === exists(param.query)) return refuse(node, "must have a segment or a query");
  for (let i = 0; exists(param.query) && i < index; i++) {
    const other = at<Param>(operation.params, i).query;
    if (exists(other) && sameText(other, param.query)) return refuse(node, "has the query of a parameter before it");
  }
  if (fieldOf(field) === 0) return false;
  if (!exists(param.name)) param.name = exists(param.query) ? param.query : lastOf(field);
  return bindParam(field, operation, index, param);
}

function nameOr(object: i32, name: string): Text {
  return member(object, name) === NOWHERE ? none<Text>() : nameOf(object, name);
}

function lastOf(list: i32): Text {
  let last = firstElement(list);
  for (let node = last; node !== NOWHERE; node = nextElement(list, node)) last = node;
  return keepString(last);
}

// ---- faults

function readFaults(list: i32, operation: Operation, soap: Soap): bool {
  if (list === NOWHERE) return true;
  const count = arrayOf(list, 0, MOST_FAULTS);
  if (count < 0) return false;
  operation.faults = keepRecords<Fault>(count);
  if (operation.faults === 0) return refuse(list, "needs more memory than the module may have");
  for (let node = firstElement(list); node !== NOWHERE; node = nextElement(list, node)) {
    if (!readFault(node, at<Fault>(operation.faults, operation.faultCount++), soap)) return false;
  }
  return true;
}

function readFault(node: i32, fault: Fault, soap: Soap): bool {
  if (!objectOf(node, "name element status")) return false;
  fault.name = nameOf(node, "name");
  const element = requiredMember(node, "element");
  const status = requiredMember(node, "status");
  if (documentIsWrong() || !integerOf(status, 400, 599)) return false;
  fault.status = <u32>integerAt(status);
  fault.element = readLoneElement(element, soap);
  return exists(fault.element);
}
