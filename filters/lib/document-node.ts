import { isVisibleAscii } from "./bytes";
import { NOWHERE, refuse, refuseMember, tape } from "./document-problem";
import {
  JSON_ARRAY,
  JSON_FALSE,
  JSON_NAME,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  JSON_TRUE,
  jsonInteger,
  jsonIsInteger,
  jsonLength,
  jsonNext,
  jsonStart,
  jsonType,
} from "./json";
import { hasByte, isLiteral, keepText, Text } from "./text";

// What the nodes of a document are, checked as they are read.

// ---- objects

/** Whether a node is an object that has no members but those named, separated by spaces. */
export function objectOf(node: i32, names: string): bool {
  if (jsonType(tape, node) !== JSON_OBJECT) return refuse(node, "must be an object");
  const end = jsonNext(tape, node);
  for (let name = node + 1; name < end; name = jsonNext(tape, name + 1)) {
    if (!isOneOf(name, names)) return refuse(name, "is not known here");
  }
  return true;
}

/** Whether the text of a node is one of the words of a list separated by spaces. */
function isOneOf(node: i32, words: string): bool {
  const start = jsonStart(tape, node);
  const length = jsonLength(tape, node);
  let word = 0;
  while (word < words.length) {
    let end = word;
    while (end < words.length && words.charCodeAt(end) !== 0x20) end++;
    if (end - word === length) {
      let i = 0;
      while (i < length && <i32>load<u8>(start + i) === words.charCodeAt(word + i)) i++;
      if (i === length) return true;
    }
    word = end + 1;
  }
  return false;
}

/** The value of a member, or NOWHERE. The object has passed `objectOf`. */
export function member(object: i32, name: string): i32 {
  const end = jsonNext(tape, object);
  for (let node = object + 1; node < end; node = jsonNext(tape, node + 1)) {
    if (isLiteral(jsonStart(tape, node), jsonLength(tape, node), name)) return node + 1;
  }
  return NOWHERE;
}

/** The same; without the member, NOWHERE and a problem. */
export function requiredMember(object: i32, name: string): i32 {
  const value = member(object, name);
  if (value === NOWHERE) refuseMember(object, name, "is missing");
  return value;
}

/** The name node of an object's only member; NOWHERE and a problem if there is not exactly one. */
export function onlyMember(object: i32): i32 {
  if (jsonType(tape, object) !== JSON_OBJECT || jsonLength(tape, object) !== 1) {
    refuse(object, "must be an object with one member");
    return NOWHERE;
  }
  return object + 1;
}

export function isObject(node: i32): bool {
  return jsonType(tape, node) === JSON_OBJECT;
}

/** The name node of an object's first member, or NOWHERE. */
export function firstMember(object: i32): i32 {
  return jsonLength(tape, object) > 0 ? object + 1 : NOWHERE;
}

/** The name node of the member after one of an object, or NOWHERE. */
export function nextMember(object: i32, name: i32): i32 {
  const next = jsonNext(tape, memberValue(name));
  return next < jsonNext(tape, object) ? next : NOWHERE;
}

/** The value of the member that a name node is of. */
export function memberValue(name: i32): i32 {
  return name + 1;
}

// ---- arrays

/** The number of elements; a problem and -1 if the node is no array or has fewer or more than allowed. */
export function arrayOf(node: i32, least: i32, most: i32): i32 {
  if (jsonType(tape, node) !== JSON_ARRAY) {
    refuse(node, "must be a list");
    return -1;
  }
  const count = jsonLength(tape, node);
  if (count < least) {
    refuse(node, "must not be empty");
    return -1;
  }
  if (count > most) {
    refuse(node, "has too many entries");
    return -1;
  }
  return count;
}

/** The first element of an array, or NOWHERE. */
export function firstElement(array: i32): i32 {
  return jsonLength(tape, array) > 0 ? array + 1 : NOWHERE;
}

/** The element after one of an array, or NOWHERE. */
export function nextElement(array: i32, element: i32): i32 {
  const next = jsonNext(tape, element);
  return next < jsonNext(tape, array) ? next : NOWHERE;
}

export function isArray(node: i32): bool {
  return jsonType(tape, node) === JSON_ARRAY;
}

// ---- values

export function isString(node: i32): bool {
  return jsonType(tape, node) === JSON_STRING || jsonType(tape, node) === JSON_NAME;
}

export function isBoolean(node: i32): bool {
  return jsonType(tape, node) === JSON_TRUE || jsonType(tape, node) === JSON_FALSE;
}

export function isTrue(node: i32): bool {
  return jsonType(tape, node) === JSON_TRUE;
}

export function isNumber(node: i32): bool {
  return jsonType(tape, node) === JSON_NUMBER;
}

/** Whether a node is a number without fraction or exponent, within 2^53 - 1 either way. */
export function isInteger(node: i32): bool {
  return isNumber(node) && jsonIsInteger(tape, node);
}

export function integerAt(node: i32): i64 {
  return jsonInteger(tape, node);
}

/** Address and length of the bytes of a string or member name; valid until the next callback. */
export function stringStart(node: i32): usize {
  return jsonStart(tape, node);
}

export function stringLength(node: i32): i32 {
  return jsonLength(tape, node);
}

export function stringIs(node: i32, literal: string): bool {
  return isString(node) && isLiteral(jsonStart(tape, node), jsonLength(tape, node), literal);
}

/** Whether a node is a string of a length in bytes within bounds. */
export function stringOf(node: i32, least: i32, most: i32): bool {
  if (jsonType(tape, node) !== JSON_STRING) return refuse(node, "must be a string");
  if (jsonLength(tape, node) < least) return refuse(node, "is too short");
  if (jsonLength(tape, node) > most) return refuse(node, "is too long");
  return true;
}

/** Whether a node is true or false. */
export function booleanOf(node: i32): bool {
  return isBoolean(node) || refuse(node, "must be true or false");
}

/** Whether a node is an integer within bounds, both allowed. */
export function integerOf(node: i32, least: i64, most: i64): bool {
  if (!isInteger(node)) return refuse(node, "must be an integer");
  const value = jsonInteger(tape, node);
  if (value < least) return refuse(node, "is too small");
  if (value > most) return refuse(node, "is too large");
  return true;
}

/** The bytes of a string for the life of the VM. */
export function keepString(node: i32): Text {
  return keepText(jsonStart(tape, node), jsonLength(tape, node));
}

/** Whether a string is a name as policies and rules have it: `[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`. */
export function policyNameOf(node: i32): bool {
  if (!stringOf(node, 1, 63)) return false;
  const start = jsonStart(tape, node);
  const length = jsonLength(tape, node);
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + i);
    const letterOrDigit = byte - 0x61 < 26 || byte - 0x30 < 10;
    const inner = i > 0 && i < length - 1;
    if (!letterOrDigit && !(inner && byte === 0x2d)) {
      return refuse(node, "must be lower-case letters, digits and inner hyphens");
    }
  }
  return true;
}

/** Whether a string can stand in a header and in a list joined by commas: visible ASCII without comma. */
export function identityOf(node: i32): bool {
  if (!stringOf(node, 1, 256)) return false;
  const start = jsonStart(tape, node);
  const length = jsonLength(tape, node);
  if (!isVisibleAscii(start, length)) return refuse(node, "must be visible ASCII");
  return !hasByte(start, length, 0x2c) || refuse(node, "must not contain a comma");
}

/** Whether a string is one of visible ASCII. */
export function visibleOf(node: i32, most: i32): bool {
  if (!stringOf(node, 1, most)) return false;
  return isVisibleAscii(jsonStart(tape, node), jsonLength(tape, node)) || refuse(node, "must be visible ASCII");
}

/** Whether a string can be the path of a request. */
export function pathOf(node: i32, most: i32): bool {
  if (!visibleOf(node, most)) return false;
  return hasByte(jsonStart(tape, node), 1, 0x2f) || refuse(node, "must begin with a slash");
}
