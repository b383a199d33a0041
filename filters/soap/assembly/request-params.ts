import { byteFrom } from "../../lib/bytes";
import { isEncoded, percentDecode, percentDecodedLength } from "../../lib/percent";
import { arenaGiveBack, arenaTake, at, exists } from "../../lib/region";
import { textIs } from "../../lib/text";
import { utf8Valid } from "../../lib/utf8";
import { refuseParam, refuseQueryName } from "./request-problem";
import { addString, beginArray, beginParam, beginParams, endArray, paramNode, tapeEnd } from "./request-tape";
import { Binding, Operation, Param } from "./table";

// The parameters of the path (RFC 3986, section 3.3) and of the query (application/x-www-form-urlencoded), as strings behind the body on the tape.

const SLASH: u8 = 0x2f;
const AMPERSAND: u8 = 0x26;
const EQUALS: u8 = 0x3d;

let request: u32 = 0;

/** No fewer nodes than the parameters of a request can have. */
export function paramNodesAtMost(operation: Operation, query: usize, queryLength: i32): i32 {
  if (operation.paramCount === 0) return 0;
  let count = 2 * operation.paramCount + 1;
  const end = query + <usize>queryLength;
  for (let i = byteFrom(query, end, AMPERSAND); i < end; i = byteFrom(i + 1, end, AMPERSAND)) count++;
  return count;
}

/** Begins a request; bindings that it has something for are marked after this. */
export function beginSeen(): void {
  request++;
}

/** Notes that a binding, and all that it lies in, has something in this request. */
export function markSeen(binding: Binding): void {
  for (let around = binding; exists(around); around = around.parent) around.seen = request;
}

export function isSeen(binding: Binding): bool {
  return binding.seen === request;
}

/** Puts the parameters on the tape; false, and a problem noted, if one is not known, cannot be decoded or is given more than once. */
export function readParams(operation: Operation, path: usize, pathLength: i32, query: usize, queryLength: i32): bool {
  if (!areNamesKnown(operation, query, query + <usize>queryLength) || !beginParams(operation.paramCount)) return false;
  for (let i = 0; i < operation.paramCount; i++) {
    const param = at<Param>(operation.params, i);
    beginParam();
    const array = param.repeated ? beginArray() : 0;
    const isRead = exists(param.query)
      ? readQueryParam(param, query, query + <usize>queryLength)
      : readSegment(param, path, path + <usize>pathLength);
    if (!isRead) return false;
    if (param.repeated) endArray(array);
    if (paramNode(i) >= 0) markSeen(param.binding);
  }
  return true;
}

/** Whether the operation has every parameter of a query: one that it has not is a slip, which would otherwise go unseen. */
function areNamesKnown(operation: Operation, query: usize, end: usize): bool {
  for (let start = query; start < end; ) {
    const stop = byteFrom(start, end, AMPERSAND);
    const length = <i32>(byteFrom(start, stop, EQUALS) - start);
    if (stop > start && !isKnown(operation, start, length)) return refuseQueryName(start, length);
    start = stop + 1;
  }
  return true;
}

function isKnown(operation: Operation, start: usize, length: i32): bool {
  for (let i = 0; i < operation.paramCount; i++) {
    const param = at<Param>(operation.params, i);
    if (exists(param.query) && isNamed(param, start, length)) return true;
  }
  return false;
}

/** A path that has no such segment gives nothing; one that ends with a slash has an empty segment after it. */
function readSegment(param: Param, path: usize, end: usize): bool {
  let start = path + 1;
  for (let i = 0; i < param.segment; i++) {
    start = byteFrom(start, end, SLASH) + 1;
    if (start > end) return true;
  }
  return start > end || addDecoded(param, start, byteFrom(start, end, SLASH), false);
}

function readQueryParam(param: Param, query: usize, end: usize): bool {
  const first = tapeEnd();
  for (let start = query; start < end; ) {
    const stop = byteFrom(start, end, AMPERSAND);
    const nameEnd = byteFrom(start, stop, EQUALS);
    if (isNamed(param, start, <i32>(nameEnd - start))) {
      if (!param.repeated && tapeEnd() > first) return refuseParam(param, "is given more than once.");
      if (!addDecoded(param, nameEnd < stop ? nameEnd + 1 : stop, stop, true)) return false;
    }
    start = stop + 1;
  }
  return true;
}

/** Whether a name, as the query has it, is that of a parameter. */
function isNamed(param: Param, start: usize, length: i32): bool {
  if (!isEncoded(start, length, true)) return textIs(param.query, start, length);
  const bytes = percentDecodedLength(start, length);
  if (bytes !== param.query.length) return false;
  const name = arenaTake(<usize>bytes);
  if (name === 0) return false;
  percentDecode(start, length, name, true);
  arenaGiveBack(name);
  return textIs(param.query, name, bytes);
}

function addDecoded(param: Param, start: usize, end: usize, plusIsSpace: bool): bool {
  const length = <i32>(end - start);
  let value = start;
  let bytes = length;
  if (isEncoded(start, length, plusIsSpace)) {
    bytes = percentDecodedLength(start, length);
    value = bytes < 0 ? 0 : arenaTake(<usize>bytes);
    if (value !== 0) percentDecode(start, length, value, plusIsSpace);
  }
  if (value === 0 || !utf8Valid(value, bytes)) return refuseParam(param, "is not percent-encoded UTF-8.");
  addString(value, bytes);
  return true;
}
