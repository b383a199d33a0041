import { BASE64_STANDARD, digitValue } from "./base64";
import { base64Bytes } from "./binary";
import { isFieldSpace } from "./field-space";
import { at } from "./region";

// Structured fields (RFC 8941, section 4.2) from the value of a header field to a tape of nodes, strictly and without recursion. What RFC 9651 has added to
// them, dates and display strings, is refused; so are byte sequences without padding or with bits that are not zero, which a parser may take. Names that
// stand twice are left to the caller.
//
// An item is its node, then its parameters: SF_KEY and a value, each. The items of an inner list follow its node, then its parameters. A member of a
// dictionary is SF_KEY and a value with its parameters. `next` of an item, of an inner list and of a key is the index after all that belongs to it.

export const SF_INTEGER: i32 = 1;
export const SF_DECIMAL: i32 = 2;
/** Between its quotes, escapes as they were sent. */
export const SF_STRING: i32 = 3;
export const SF_TOKEN: i32 = 4;
/** Between its colons, in base64. */
export const SF_BYTES: i32 = 5;
export const SF_TRUE: i32 = 6;
export const SF_FALSE: i32 = 7;
/** `length` is the number of its items. */
export const SF_INNER_LIST: i32 = 8;
export const SF_KEY: i32 = 9;

/** What is no structured field, or has more nodes than there is room for. */
export const SF_ERROR: i32 = -1;

@unmanaged
export class SfNode {
  type: i32 = 0;
  start: usize = 0;
  length: i32 = 0;
  next: i32 = 0;
}

export const SF_NODE_BYTES: i32 = 16;

const SPACE: u32 = 0x20;
const QUOTE: u32 = 0x22;
const STAR: u32 = 0x2a;
const COMMA: u32 = 0x2c;
const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const COLON: u32 = 0x3a;
const SEMICOLON: u32 = 0x3b;
const EQUALS: u32 = 0x3d;
const QUESTION: u32 = 0x3f;
const BACKSLASH: u32 = 0x5c;
const OPEN: u32 = 0x28;
const CLOSE: u32 = 0x29;

const INTEGER_DIGITS: i32 = 15;
/** Of a decimal, before the point and behind it. */
const WHOLE_DIGITS: i32 = 12;
const FRACTION_DIGITS: i32 = 3;

let cursor: usize = 0;
let limit: usize = 0;
let nodes: usize = 0;
let capacity: i32 = 0;
let count: i32 = 0;

function begin(source: usize, length: i32, tape: usize, room: i32): void {
  cursor = source;
  limit = source + <usize>length;
  nodes = tape;
  capacity = room;
  count = 0;
  while (cursor < limit && load<u8>(cursor) === SPACE) cursor++;
  while (limit > cursor && load<u8>(limit - 1) === SPACE) limit--;
}

/** Reads a dictionary (4.2.2); returns the number of nodes, which may be 0, or SF_ERROR. */
export function readDictionary(source: usize, length: i32, tape: usize, room: i32): i32 {
  begin(source, length, tape, room);
  while (cursor < limit) {
    const key = count;
    if (!readKey()) return SF_ERROR;
    if (byteIs(EQUALS)) {
      cursor++;
      if (!readItemOrInnerList()) return SF_ERROR;
    } else if (!addNode(SF_TRUE, cursor, 0) || !readParameters(count - 1)) return SF_ERROR;
    at<SfNode>(nodes, key).next = count;
    if (!readComma()) return SF_ERROR;
  }
  return count;
}

/** Reads a list (4.2.1). */
export function readList(source: usize, length: i32, tape: usize, room: i32): i32 {
  begin(source, length, tape, room);
  while (cursor < limit) {
    if (!readItemOrInnerList() || !readComma()) return SF_ERROR;
  }
  return count;
}

/** Reads an item (4.2.3). */
export function readItem(source: usize, length: i32, tape: usize, room: i32): i32 {
  begin(source, length, tape, room);
  return readItemHere() && cursor === limit ? count : SF_ERROR;
}

/** Whether the member at hand is the last one, or a comma and another member follow. */
function readComma(): bool {
  skipSpace();
  if (cursor === limit) return true;
  if (load<u8>(cursor) !== COMMA) return false;
  cursor++;
  skipSpace();
  return cursor < limit;
}

function skipSpace(): void {
  while (cursor < limit && isFieldSpace(load<u8>(cursor))) cursor++;
}

function byteIs(byte: u32): bool {
  return cursor < limit && <u32>load<u8>(cursor) === byte;
}

function addNode(type: i32, start: usize, length: i32): bool {
  if (count >= capacity) return false;
  const node = at<SfNode>(nodes, count++);
  node.type = type;
  node.start = start;
  node.length = length;
  node.next = count;
  return true;
}

function readItemOrInnerList(): bool {
  return byteIs(OPEN) ? readInnerList() : readItemHere();
}

/** 4.2.1.2 */
function readInnerList(): bool {
  const list = count;
  if (!addNode(SF_INNER_LIST, cursor, 0)) return false;
  cursor++;
  let items = 0;
  while (cursor < limit) {
    while (byteIs(SPACE)) cursor++;
    if (byteIs(CLOSE)) {
      cursor++;
      at<SfNode>(nodes, list).length = items;
      return readParameters(list);
    }
    if (!readItemHere()) return false;
    if (!byteIs(SPACE) && !byteIs(CLOSE)) return false;
    items++;
  }
  return false;
}

function readItemHere(): bool {
  const item = count;
  return readBareItem() && readParameters(item);
}

/** 4.2.3.2; what they belong to, ends after them. */
function readParameters(owner: i32): bool {
  while (byteIs(SEMICOLON)) {
    cursor++;
    while (byteIs(SPACE)) cursor++;
    const key = count;
    if (!readKey()) return false;
    if (byteIs(EQUALS)) {
      cursor++;
      if (!readBareItem()) return false;
    } else if (!addNode(SF_TRUE, cursor, 0)) return false;
    at<SfNode>(nodes, key).next = count;
  }
  at<SfNode>(nodes, owner).next = count;
  return true;
}

/** 4.2.3.3 */
function readKey(): bool {
  const start = cursor;
  if (cursor === limit || !beginsKey(load<u8>(cursor))) return false;
  while (cursor < limit && isInKey(load<u8>(cursor))) cursor++;
  return addNode(SF_KEY, start, <i32>(cursor - start));
}

function beginsKey(byte: u32): bool {
  return byte - 0x61 < 26 || byte === STAR;
}

function isInKey(byte: u32): bool {
  return beginsKey(byte) || isDigit(byte) || byte === 0x5f || byte === MINUS || byte === POINT;
}

function isDigit(byte: u32): bool {
  return byte - 0x30 < 10;
}

function isLetter(byte: u32): bool {
  return (byte | 0x20) - 0x61 < 26;
}

/** 4.2.3.1 */
function readBareItem(): bool {
  if (cursor === limit) return false;
  const byte = <u32>load<u8>(cursor);
  if (byte === MINUS || isDigit(byte)) return readNumber();
  if (byte === QUOTE) return readString();
  if (byte === COLON) return readBytes();
  if (byte === QUESTION) return readBoolean();
  return (byte === STAR || isLetter(byte)) && readToken();
}

/** 4.2.4 */
function readNumber(): bool {
  const start = cursor;
  if (byteIs(MINUS)) cursor++;
  const whole = digits();
  if (whole === 0) return false;
  if (!byteIs(POINT)) return whole <= INTEGER_DIGITS && addNode(SF_INTEGER, start, <i32>(cursor - start));
  cursor++;
  const fraction = digits();
  if (whole > WHOLE_DIGITS || fraction === 0 || fraction > FRACTION_DIGITS) return false;
  return addNode(SF_DECIMAL, start, <i32>(cursor - start));
}

/** Passes over digits; returns how many there were. */
function digits(): i32 {
  const start = cursor;
  while (cursor < limit && isDigit(load<u8>(cursor))) cursor++;
  return <i32>(cursor - start);
}

/** 4.2.5 */
function readString(): bool {
  const start = ++cursor;
  while (cursor < limit) {
    const byte = <u32>load<u8>(cursor);
    if (byte === QUOTE) {
      cursor++;
      return addNode(SF_STRING, start, <i32>(cursor - start) - 1);
    }
    if (byte < 0x20 || byte > 0x7e) return false;
    if (byte === BACKSLASH) {
      cursor++;
      if (!byteIs(QUOTE) && !byteIs(BACKSLASH)) return false;
    }
    cursor++;
  }
  return false;
}

/** 4.2.6 */
function readToken(): bool {
  const start = cursor;
  while (cursor < limit && isInToken(load<u8>(cursor))) cursor++;
  return addNode(SF_TOKEN, start, <i32>(cursor - start));
}

/** A character of a token, of which those of RFC 9110, section 5.6.2 are all but two. */
function isInToken(byte: u32): bool {
  return isTokenCharacter(byte) || byte === COLON || byte === 0x2f;
}

/** `tchar` of RFC 9110, section 5.6.2. */
export function isTokenCharacter(byte: u32): bool {
  if (isLetter(byte) || isDigit(byte)) return true;
  switch (byte) {
    case 0x21:
    case 0x23:
    case 0x24:
    case 0x25:
    case 0x26:
    case 0x27:
    case 0x2a:
    case 0x2b:
    case 0x2d:
    case 0x2e:
    case 0x5e:
    case 0x5f:
    case 0x60:
    case 0x7c:
    case 0x7e:
      return true;
    default:
      return false;
  }
}

/** 4.2.7 */
function readBytes(): bool {
  const start = ++cursor;
  while (cursor < limit && !byteIs(COLON)) {
    const byte = <u32>load<u8>(cursor);
    // White space, which `base64Bytes` would pass over, is refused here.
    if (byte !== EQUALS && digitValue(byte, BASE64_STANDARD) < 0) return false;
    cursor++;
  }
  if (cursor === limit) return false;
  const length = <i32>(cursor++ - start);
  return base64Bytes(start, length) >= 0 && addNode(SF_BYTES, start, length);
}

/** 4.2.8 */
function readBoolean(): bool {
  if (cursor + 2 > limit) return false;
  const digit = <u32>load<u8>(cursor, 1);
  if (digit !== 0x30 && digit !== 0x31) return false;
  cursor += 2;
  return addNode(digit === 0x31 ? SF_TRUE : SF_FALSE, cursor, 0);
}
