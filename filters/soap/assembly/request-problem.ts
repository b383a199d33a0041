import { JSON_ARRAY, JSON_NAME, JSON_OBJECT, jsonLength, jsonNext, jsonStart, jsonType } from "../../lib/json";
import { at, exists, none } from "../../lib/region";
import {
  compose,
  composedLength,
  composedStart,
  hasByte,
  put,
  putByte,
  putDecimal,
  putLiteral,
  putText,
  Text,
} from "../../lib/text";
import { utf8Valid } from "../../lib/utf8";
import { isInBody, paramOf, tape } from "./request-tape";
import { Operation, Param } from "./table";

// What is wrong with a request, for its problem document: a status, one sentence, and where it is in the client's own body (RFC 6901). Nothing of a
// value is told. A problem ends the work on a request, so the time that telling it takes does not count.

const LONGEST_DETAIL: i32 = 1024;
const LONGEST_POINTER: i32 = 4096;

let status: i32 = 0;
let detail: usize = 0;
let detailLength: i32 = 0;
let pointer: usize = 0;
let pointerLength: i32 = -1;
let operation: Operation = none<Operation>();

/** Forgets the problem of the last request. */
export function beginProblem(asked: Operation): void {
  status = 0;
  pointerLength = -1;
  operation = asked;
}

/** The status of the answer, or 0 if nothing is wrong. */
export function problemStatus(): i32 {
  return status;
}

export function detailStart(): usize {
  return detail;
}

export function detailBytes(): i32 {
  return detailLength;
}

/** The pointer into the client's body. */
export function pointerStart(): usize {
  return pointer;
}

/** Bytes of it, 0 for the whole body; -1 if the problem is nowhere in it. */
export function pointerBytes(): i32 {
  return pointerLength;
}

// ---- problems; each returns false

/** One that is nowhere in the body. */
export function refuseRequest(code: i32, message: string): bool {
  beginDetail();
  putLiteral(message);
  return endDetail(code);
}

/** A body that is no JSON, from some byte on. */
export function refuseText(message: string, offset: i32): bool {
  beginDetail();
  putLiteral("The body ");
  putLiteral(message);
  putLiteral(" at byte ");
  putDecimal(<u64>offset);
  putByte(0x2e);
  return endDetail(400);
}

export function refuseParam(param: Param, message: string): bool {
  beginDetail();
  putParam(param);
  putLiteral(message);
  return endDetail(400);
}

/** A parameter of the query that the operation does not have, by its name as it came; a name that is no UTF-8 is not told. */
export function refuseQueryName(start: usize, length: i32): bool {
  beginDetail();
  if (utf8Valid(start, length) && length < LONGEST_DETAIL / 2) {
    putLiteral('The query parameter "');
    put(start, length);
    putLiteral('" is not known.');
  } else putLiteral("A query parameter is not known.");
  return endDetail(400);
}

/** A value, or a member by the node of its name. `message` follows "The value " or "The path parameter "id" ". */
export function refuseNode(node: i32, message: string): bool {
  beginDetail();
  putSubject(node);
  putLiteral(message);
  endDetail(400);
  return pointTo(node);
}

/** The same with a number after the message, and a noun. */
export function refuseCount(node: i32, message: string, count: i32, noun: string): bool {
  beginDetail();
  putSubject(node);
  putLiteral(message);
  putDecimal(<u64>count);
  putLiteral(noun);
  endDetail(400);
  return pointTo(node);
}

/** A value that a parameter gives already. */
export function refuseGiven(node: i32, param: i32): bool {
  beginDetail();
  putSubject(node);
  putLiteral("is given by ");
  putKind(at<Param>(operation.params, param));
  putByte(0x2e);
  endDetail(400);
  return pointTo(node);
}

/** An object that lacks a member. */
export function refuseMissing(object: i32, prefix: string, name: Text): bool {
  beginDetail();
  putLiteral('The member "');
  putLiteral(prefix);
  putText(name);
  putLiteral('" is missing.');
  endDetail(400);
  if (!isInBody(object)) return false;
  beginPointer(object);
  addToken(prefix, name.start, name.length);
  return endPointer();
}

/** Begins a problem that is composed of several names; `endNames` ends it. */
export function beginNames(message: string): void {
  beginDetail();
  putLiteral(message);
}

export function addName(name: Text, isFirst: bool): void {
  putLiteral(isFirst ? '"' : ', "');
  putText(name);
  putByte(0x22);
}

export function endNames(message: string, node: i32): bool {
  putLiteral(message);
  endDetail(400);
  return isInBody(node) && pointTo(node);
}

// ---- details

function beginDetail(): void {
  compose(LONGEST_DETAIL);
}

/** One that is too long is cut: it says too much anyway. */
function endDetail(code: i32): bool {
  status = code;
  detail = composedStart();
  detailLength = composedLength();
  return false;
}

function putSubject(node: i32): void {
  const param = isInBody(node) ? -1 : paramOf(node);
  if (param >= 0) putParam(at<Param>(operation.params, param));
  else putLiteral(jsonType(tape, node) === JSON_NAME ? "The member " : "The value ");
}

function putParam(param: Param): void {
  putLiteral("The ");
  putKind(param);
  putByte(0x20);
}

function putKind(param: Param): void {
  putLiteral(exists(param.query) ? 'query parameter "' : 'path parameter "');
  putText(param.name);
  putByte(0x22);
}

// ---- pointers

function pointTo(node: i32): bool {
  if (!isInBody(node)) return false;
  beginPointer(node);
  return endPointer();
}

function endPointer(): bool {
  pointer = composedStart();
  pointerLength = composedLength();
  return false;
}

/** Composes the pointer to a node of the body: from the root on, in each container the child that spans it. */
function beginPointer(target: i32): void {
  compose(LONGEST_POINTER);
  let container = 0;
  while (container !== target) {
    const isObject = jsonType(tape, container) === JSON_OBJECT;
    if (!isObject && jsonType(tape, container) !== JSON_ARRAY) return;
    let child = container + 1;
    let index = 0;
    for (let left = jsonLength(tape, container); left > 1; left--) {
      const next = jsonNext(tape, isObject ? child + 1 : child);
      if (target < next) break;
      child = next;
      index++;
    }
    if (isObject) addToken("", jsonStart(tape, child), jsonLength(tape, child));
    else addIndex(index);
    if (child === target) return;
    container = isObject ? child + 1 : child;
  }
}

function addIndex(index: i32): void {
  if (LONGEST_POINTER - composedLength() < 16) return;
  putByte(0x2f);
  putDecimal(<u64>index);
}

/** RFC 6901, section 3. A pointer that gets too long ends at the container. */
function addToken(prefix: string, start: usize, length: i32): void {
  if (LONGEST_POINTER - composedLength() < 2 * length + 4) return;
  putByte(0x2f);
  putLiteral(prefix);
  for (let i = 0; i < length; i++) {
    const place = start + <usize>i;
    if (hasByte(place, 1, 0x7e)) putLiteral("~0");
    else if (hasByte(place, 1, 0x2f)) putLiteral("~1");
    else put(place, 1);
  }
}
