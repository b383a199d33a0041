import { isVisibleAscii } from "./bytes";
import {
  JSON_ARRAY,
  JSON_FALSE,
  JSON_NAME,
  JSON_NODE_BYTES,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  JSON_TRUE,
  jsonErrorOffset,
  jsonInteger,
  jsonIsInteger,
  jsonLength,
  jsonNext,
  jsonParse,
  jsonStart,
  jsonType,
} from "./json";
import { arenaTake } from "./region";
import { compose, composedLength, hasByte, isLiteral, keepText, put, putDecimal, putLiteral, Text } from "./text";

// Strict reading of one JSON document into configuration. A node is an index into the tape; NOWHERE is none.
// The first thing that is wrong is noted with its node, everything after it is ignored, and `problem` tells
// it with the path of the node. One document at a time.

export const NOWHERE: i32 = -1;

const DEEPEST: i32 = 64;

let tape: usize = 0;

let wrongNode: i32 = NOWHERE;
let wrongMember: string = "";
let wrongMessage: string = "";
let wrongQuote: usize = 0;
let wrongQuoteLength: i32 = 0;
let wrong: bool = false;
let unreadable: bool = false;

/** Forgets the problem of the last document. */
export function beginDocument(): void {
  wrong = false;
  unreadable = false;
}

/** Reads a document in place: its bytes are given up. False, with a problem noted, if it is not JSON. */
export function openDocument(start: usize, length: i32): bool {
  const room = roomForNodes(start, length);
  tape = arenaTake(<usize>room * JSON_NODE_BYTES);
  if (tape === 0) return refuse(NOWHERE, "needs more memory than the module may have");
  const nodes = jsonParse(start, length, tape, room, DEEPEST);
  if (nodes > 0) return true;
  unreadable = true;
  return refuse(NOWHERE, "the configuration is not strict JSON, at byte ");
}

/** More nodes than the document can have: each begins it, or follows an opening bracket, a comma or a colon. */
function roomForNodes(start: usize, length: i32): i32 {
  let count = 2;
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(start + i);
    if (byte === 0x2c || byte === 0x3a || byte === 0x5b || byte === 0x7b) count++;
  }
  return count;
}

// ---- what is wrong

/** Notes that a node is wrong; always false, so that a reader can return it. */
export function refuse(node: i32, message: string): bool {
  return note(node, "", message, 0, 0);
}

/** The same, with bytes of the document in quotes after the message. */
export function refuseQuoting(node: i32, message: string, quoted: i32): bool {
  return note(node, "", message, jsonStart(tape, quoted), jsonLength(tape, quoted));
}

/** Notes that a member is wrong or missing. */
export function refuseMember(object: i32, name: string, message: string): bool {
  return note(object, name, message, 0, 0);
}

function note(node: i32, member: string, message: string, quote: usize, quoteLength: i32): bool {
  if (wrong) return false;
  wrong = true;
  wrongNode = node;
  wrongMember = member;
  wrongMessage = message;
  wrongQuote = quote;
  wrongQuoteLength = quoteLength;
  return false;
}

export function documentIsWrong(): bool {
  return wrong;
}

/** Composes `sluice: <path>: <message>` for the problem noted; see `composedStart`. */
export function composeProblem(): void {
  compose(1024);
  putLiteral("sluice: ");
  if (wrongNode >= 0) {
    putPath(wrongNode);
    if (wrongMember.length > 0) {
      if (wrongNode > 0) putLiteral(".");
      putLiteral(wrongMember);
    }
    if (wrongNode > 0 || wrongMember.length > 0) putLiteral(": ");
  }
  putLiteral(wrongMessage);
  if (unreadable) putDecimal(<u64>jsonErrorOffset());
  if (wrongQuote !== 0) {
    putLiteral(' "');
    putPrintable(wrongQuote, min(wrongQuoteLength, 64));
    putLiteral('"');
  }
}

/** Walks down from the root to the node: in each container the child that spans it. Empty for the root. */
function putPath(target: i32): void {
  let container = 0;
  while (container !== target && composedLength() < 512) {
    const isObject = jsonType(tape, container) === JSON_OBJECT;
    let child = container + 1;
    let index = 0;
    const end = jsonNext(tape, container);
    while (child < end) {
      const value = isObject ? child + 1 : child;
      if (target < jsonNext(tape, value)) break;
      child = jsonNext(tape, value);
      index++;
    }
    if (child >= end) return;
    if (isObject) {
      if (container > 0) putLiteral(".");
      putPrintable(jsonStart(tape, child), min(jsonLength(tape, child), 64));
      if (child === target) return;
      container = child + 1;
    } else {
      putLiteral("[");
      putDecimal(<u64>index);
      putLiteral("]");
      container = child;
    }
  }
}

/** Log lines stay one line, whatever the document says. */
function putPrintable(start: usize, length: i32): void {
  for (let i = 0; i < length; i++) {
    if (isVisibleAscii(start + i, 1)) put(start + i, 1);
    else putLiteral("?");
  }
}

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
