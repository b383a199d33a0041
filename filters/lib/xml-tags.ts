// Tags (section 3.1): which elements are open, and the one that was opened last.

import { bytesEqual } from "./bytes";
import { at } from "./region";
import { addAttribute, attributeCount, checkAttributes, clearAttributes, problemAttribute } from "./xml-attributes";
import { spaceEnd } from "./xml-characters";
import {
  XML_ERROR_DEPTH,
  XML_ERROR_END,
  XML_ERROR_NAME,
  XML_ERROR_PREFIX,
  XML_ERROR_SYNTAX,
  XML_ERROR_TAG,
  XML_OK,
} from "./xml-errors";
import { nameColon } from "./xml-names";
import { declareNamespace, endNamespaces, NO_NAMESPACE, namespaceCount, namespaceOf } from "./xml-namespaces";
import { cursor, fail, failed, hasFlag, limit, moveTo, takeName, XML_WITHOUT_NAMESPACES } from "./xml-source";
import { readValue, textCursor, textWritten } from "./xml-text";

const GREATER: u32 = 0x3e;
const SLASH: u32 = 0x2f;

/** An element that is open. */
@unmanaged
class Frame {
  name: usize = 0;
  length: i32 = 0;
  /** How many bindings of namespaces there were before it. */
  bindings: i32 = 0;
}

let frames: usize = 0;
let capacity: i32 = 0;
/** Elements that are open. */
export let depth: i32 = 0;
/** The tag that was read last was an empty one, whose end is still to be told. */
export let isEmpty: bool = false;

/** Of the start tag that was read last. */
export let localStart: usize = 0;
export let localLength: i32 = 0;
/** Its binding. */
export let namespace: i32 = NO_NAMESPACE;

/** Bytes of memory for elements up to `elements` deep. */
export function tagBytes(elements: i32): i32 {
  return elements * <i32>offsetof<Frame>();
}

export function initTags(space: usize, elements: i32): void {
  frames = space;
  capacity = elements;
  depth = 0;
  isEmpty = false;
  localStart = space;
  localLength = 0;
  namespace = NO_NAMESPACE;
}

/** The start tag or empty tag at the cursor. */
export function readStart(): i32 {
  const start = cursor + 1;
  const end = takeName(start);
  if (end === 0) return failed;
  if (depth >= capacity) return fail(XML_ERROR_DEPTH, cursor);
  const colon = !hasFlag(XML_WITHOUT_NAMESPACES) ? nameColon(start, end) : 0;
  if (colon === 1) return fail(XML_ERROR_NAME, start);
  const frame = at<Frame>(frames, depth);
  frame.name = start;
  frame.length = <i32>(end - start);
  frame.bindings = namespaceCount();
  depth++;
  clearAttributes();
  moveTo(end);
  if (end < limit && load<u8>(end) === GREATER) {
    moveTo(end + 1);
  } else {
    const error = readAttributes(frame.bindings);
    if (error !== XML_OK) return error;
  }
  return nameElement(start, end, colon);
}

function nameElement(start: usize, end: usize, colon: usize): i32 {
  localStart = colon === 0 ? start : colon + 1;
  localLength = <i32>(end - localStart);
  namespace = NO_NAMESPACE;
  if (hasFlag(XML_WITHOUT_NAMESPACES)) return XML_OK;
  namespace = namespaceOf(start, colon === 0 ? 0 : <i32>(colon - start));
  return namespace < 0 ? fail(XML_ERROR_PREFIX, start) : XML_OK;
}

/** The rest of a start tag, from behind its name on. */
function readAttributes(bindings: i32): i32 {
  while (true) {
    const next = spaceEnd(cursor, limit);
    if (next === limit) return fail(XML_ERROR_END, limit);
    const byte = <u32>load<u8>(next);
    if (byte === GREATER) {
      moveTo(next + 1);
      break;
    }
    if (byte === SLASH) {
      if (next + 1 === limit) return fail(XML_ERROR_END, limit);
      if (load<u8>(next, 1) !== GREATER) return fail(XML_ERROR_SYNTAX, next);
      moveTo(next + 2);
      isEmpty = true;
      break;
    }
    if (next === cursor) return fail(XML_ERROR_SYNTAX, next);
    moveTo(next);
    const error = readAttribute(bindings);
    if (error !== XML_OK) return error;
  }
  if (attributeCount() === 0) return XML_OK;
  const error = checkAttributes();
  return error === XML_OK ? XML_OK : fail(error, problemAttribute().name);
}

function readAttribute(bindings: i32): i32 {
  const start = cursor;
  const end = takeName(start);
  if (end === 0) return failed;
  const colon = !hasFlag(XML_WITHOUT_NAMESPACES) ? nameColon(start, end) : 0;
  if (colon === 1) return fail(XML_ERROR_NAME, start);
  moveTo(spaceEnd(end, limit));
  if (cursor === limit) return fail(XML_ERROR_END, limit);
  if (load<u8>(cursor) !== 0x3d) return fail(XML_ERROR_SYNTAX, cursor);
  moveTo(spaceEnd(cursor + 1, limit));
  if (cursor === limit) return fail(XML_ERROR_END, limit);
  const quote = <u32>load<u8>(cursor);
  if (quote !== 0x22 && quote !== 0x27) return fail(XML_ERROR_SYNTAX, cursor);
  const value = cursor + 1;
  const error = readValue(value, limit, quote);
  moveTo(textCursor());
  if (error !== XML_OK) return fail(error, cursor);
  return noteAttribute(start, end, colon, value, <i32>(textWritten() - value), bindings);
}

function noteAttribute(start: usize, end: usize, colon: usize, value: usize, length: i32, bindings: i32): i32 {
  const prefixEnd = colon === 0 ? end : colon;
  let error = XML_OK;
  if (!hasFlag(XML_WITHOUT_NAMESPACES) && prefixEnd - start === 5 && isXmlns(start)) {
    const prefix = colon === 0 ? end : colon + 1;
    error = declareNamespace(prefix, <i32>(end - prefix), value, length, bindings);
  } else {
    error = addAttribute(start, end, colon, value, length);
  }
  return error === XML_OK ? XML_OK : fail(error, start);
}

function isXmlns(start: usize): bool {
  return load<u32>(start) === 0x6e6c6d78 && load<u8>(start, 4) === 0x73;
}

/** The end tag at the cursor, of the element that is open. */
export function readEnd(): i32 {
  const frame = at<Frame>(frames, depth - 1);
  const start = cursor + 2;
  const end = start + <usize>frame.length;
  if (end >= limit) return fail(endsTooEarly(start, frame) ? XML_ERROR_END : XML_ERROR_TAG, start);
  if (!bytesEqual(start, frame.name, frame.length)) return fail(XML_ERROR_TAG, start);
  let close = end;
  if (load<u8>(close) !== GREATER) {
    close = spaceEnd(end, limit);
    if (close === limit) return fail(XML_ERROR_END, limit);
    if (load<u8>(close) !== GREATER) return fail(XML_ERROR_TAG, start);
  }
  moveTo(close + 1);
  closeElement();
  return XML_OK;
}

/** Whether what is left could be the beginning of the right end tag. */
function endsTooEarly(start: usize, frame: Frame): bool {
  return bytesEqual(start, frame.name, min(<i32>(limit - start), frame.length));
}

/** Ends the element that was opened last, and what it declared. */
export function closeElement(): void {
  isEmpty = false;
  depth--;
  const kept = at<Frame>(frames, depth).bindings;
  if (kept !== namespaceCount()) endNamespaces(kept);
}
