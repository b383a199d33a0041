import { at } from "./region";
import { SF_BYTES, SF_DECIMAL, SF_FALSE, SF_INTEGER, SF_STRING, SF_TRUE, SfNode } from "./structured-fields";
import { put, putByte } from "./text";

// Structured fields in the one form that RFC 8941, section 4.1 has for them, put at the end of the text that is composed. What was read is in that form but
// for zeros and spaces that need not be there, and for parameters that are true.

const ZERO: u8 = 0x30;
const MINUS: u8 = 0x2d;
const POINT: u8 = 0x2e;
const SPACE: u8 = 0x20;
const QUOTE: u8 = 0x22;
const COLON: u8 = 0x3a;
const SEMICOLON: u8 = 0x3b;
const EQUALS: u8 = 0x3d;
const QUESTION: u8 = 0x3f;
const OPEN: u8 = 0x28;
const CLOSE: u8 = 0x29;

/** Puts an inner list with its parameters (4.1.1.1). */
export function putInnerList(tape: usize, list: i32): void {
  putByte(OPEN);
  let item = list + 1;
  for (let left = at<SfNode>(tape, list).length; left > 0; left--) {
    putItem(tape, item);
    item = at<SfNode>(tape, item).next;
    if (left > 1) putByte(SPACE);
  }
  putByte(CLOSE);
  putParameters(tape, item, at<SfNode>(tape, list).next);
}

/** Puts an item with its parameters (4.1.3). */
export function putItem(tape: usize, item: i32): void {
  putBareItem(at<SfNode>(tape, item));
  putParameters(tape, item + 1, at<SfNode>(tape, item).next);
}

/** 4.1.1.2 */
function putParameters(tape: usize, from: i32, to: i32): void {
  for (let key = from; key < to; key += 2) {
    const name = at<SfNode>(tape, key);
    const value = at<SfNode>(tape, key + 1);
    putByte(SEMICOLON);
    put(name.start, name.length);
    if (value.type === SF_TRUE) continue;
    putByte(EQUALS);
    putBareItem(value);
  }
}

/** 4.1.3.1 */
function putBareItem(item: SfNode): void {
  switch (item.type) {
    case SF_INTEGER:
    case SF_DECIMAL:
      putNumber(item);
      break;
    case SF_STRING:
      putBetween(QUOTE, item);
      break;
    case SF_BYTES:
      putBetween(COLON, item);
      break;
    case SF_TRUE:
    case SF_FALSE:
      putByte(QUESTION);
      putByte(item.type === SF_TRUE ? ZERO + 1 : ZERO);
      break;
    default:
      put(item.start, item.length);
  }
}

function putBetween(mark: u8, item: SfNode): void {
  putByte(mark);
  put(item.start, item.length);
  putByte(mark);
}

/** A number without zeros before it, or behind it but for one after the point; 0 has no sign (4.1.4, 4.1.5). */
function putNumber(item: SfNode): void {
  let start = item.start;
  let end = start + <usize>item.length;
  const isNegative = load<u8>(start) === MINUS;
  if (isNegative) start++;
  while (end - start > 1 && load<u8>(start) === ZERO && load<u8>(start, 1) !== POINT) start++;
  if (item.type === SF_DECIMAL) {
    while (load<u8>(end - 1) === ZERO && load<u8>(end - 2) !== POINT) end--;
  }
  if (isNegative && !isZero(start, end)) putByte(MINUS);
  put(start, <i32>(end - start));
}

function isZero(start: usize, end: usize): bool {
  for (let cursor = start; cursor < end; cursor++) {
    if (load<u8>(cursor) !== ZERO && load<u8>(cursor) !== POINT) return false;
  }
  return true;
}
