// A strict JSON parser (RFC 8259) from UTF-8 bytes to a tape of nodes (see json-tape.ts): iterative, bounded in depth, nodes and
// members. Refused beside what the grammar refuses: invalid UTF-8, a byte order mark, a lone surrogate escape, a member name that
// stands twice in one object. Strings are unescaped inside the source, which the caller gives up.

import { duplicateName } from "./json-names";
import { numberEnd } from "./json-number";
import { readString, STRING_CONTROL, STRING_ESCAPE, STRING_OK, stringEnd, stringLength } from "./json-string";
import {
  JSON_ARRAY,
  JSON_FALSE,
  JSON_NAME,
  JSON_NULL,
  JSON_NUMBER,
  JSON_OBJECT,
  JSON_STRING,
  JSON_TRUE,
  jsonLength,
  jsonNext,
  jsonStart,
  jsonType,
  setLength,
  setNext,
  writeNode,
} from "./json-tape";
import { utf8ValidLength } from "./utf8";

export * from "./json-tape";

/** A byte that cannot stand where it stands. */
export const JSON_ERROR_SYNTAX: i32 = -1;
/** The text ends too early. */
export const JSON_ERROR_END: i32 = -2;
/** Containers lie deeper in one another than allowed. */
export const JSON_ERROR_DEPTH: i32 = -3;
/** The tape is full. */
export const JSON_ERROR_NODES: i32 = -4;
/** A member name stands twice in one object. */
export const JSON_ERROR_DUPLICATE: i32 = -5;
/** Not UTF-8. */
export const JSON_ERROR_UTF8: i32 = -6;
/** A malformed escape in a string, or one half of a surrogate pair. */
export const JSON_ERROR_ESCAPE: i32 = -7;
/** A control character in a string. */
export const JSON_ERROR_CONTROL: i32 = -8;
/** Something like a number that is none. */
export const JSON_ERROR_NUMBER: i32 = -9;
/** Something after the end of the document. */
export const JSON_ERROR_TRAILING: i32 = -10;
/** More than JSON_MAX_MEMBERS members in one object. */
export const JSON_ERROR_MEMBERS: i32 = -11;

/** Depth of containers that suits configurations and tokens. A scalar has depth 0, `[]` depth 1. */
export const JSON_DEFAULT_DEPTH: i32 = 64;
/** Most members of one object. */
export const JSON_MAX_MEMBERS: i32 = 65536;

/** A value must come. */
const EXPECT_VALUE: i32 = 0;
/** A container was just opened: its first child, or its end. */
const EXPECT_FIRST: i32 = 1;
/** The name of a member must come. */
const EXPECT_NAME: i32 = 2;
/** A value is complete: a comma, the end of the container, or the end of the document. */
const EXPECT_END: i32 = 3;

const NONE: i32 = -1;
const OK: i32 = 0;

let begin: usize = 0;
let cursor: usize = 0;
let limit: usize = 0;
let nodes: usize = 0;
let capacity: i32 = 0;
let count: i32 = 0;
let expected: i32 = EXPECT_VALUE;
/** Innermost open container, or NONE. While one is open, its `next` field holds the container around it. */
let open: i32 = NONE;
let depth: i32 = 0;
let deepest: i32 = 0;
let errorAt: usize = 0;

/**
 * Parses `length` bytes at `source` into `tape`, which has room for `tapeNodes` nodes of 16 bytes. Returns the number of nodes (at
 * least 1), or a JSON_ERROR_ code; then `jsonErrorOffset` tells where. The source is overwritten in either case. `maxDepth` bounds
 * how deep containers lie in one another.
 */
export function jsonParse(source: usize, length: i32, tape: usize, tapeNodes: i32, maxDepth: i32): i32 {
  const read = jsonRead(source, length, tape, tapeNodes, maxDepth);
  if (read < 0) return read;
  const name = duplicateName(tape, read);
  return name === NONE ? read : fail(JSON_ERROR_DUPLICATE, jsonStart(tape, name));
}

/** Byte offset in the source at which the last parse failed; 0 after one that did not. */
export function jsonErrorOffset(): i32 {
  return <i32>(errorAt - begin);
}

/** `jsonParse` without the rule about member names: the grammar of RFC 8259 and no more. */
export function jsonRead(source: usize, length: i32, tape: usize, tapeNodes: i32, maxDepth: i32): i32 {
  begin = source;
  cursor = source;
  limit = source + length;
  nodes = tape;
  capacity = tapeNodes;
  count = 0;
  expected = EXPECT_VALUE;
  open = NONE;
  depth = 0;
  deepest = maxDepth;
  errorAt = source;
  const valid = utf8ValidLength(source, length);
  if (valid !== length) return fail(JSON_ERROR_UTF8, source + valid);
  return readDocument();
}

function fail(code: i32, at: usize): i32 {
  errorAt = at;
  return code;
}

function readDocument(): i32 {
  for (skipSpace(); cursor < limit; skipSpace()) {
    const error = readToken(load<u8>(cursor));
    if (error !== OK) return error;
  }
  return expected === EXPECT_END && open === NONE ? count : fail(JSON_ERROR_END, limit);
}

/** RFC 8259 section 2. */
function skipSpace(): void {
  while (cursor < limit) {
    const byte = load<u8>(cursor);
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
    cursor++;
  }
}

function readToken(byte: u32): i32 {
  if (expected === EXPECT_END) return readEnd(byte);
  if (expected === EXPECT_VALUE) return readValue(byte);
  const inObject = jsonType(nodes, open) === JSON_OBJECT;
  if (expected === EXPECT_FIRST && byte === closingBracket(inObject)) return closeContainer();
  return inObject ? readName(byte) : readValue(byte);
}

function readEnd(byte: u32): i32 {
  if (open === NONE) return fail(JSON_ERROR_TRAILING, cursor);
  const inObject = jsonType(nodes, open) === JSON_OBJECT;
  if (byte === closingBracket(inObject)) return closeContainer();
  if (byte !== 0x2c) return fail(JSON_ERROR_SYNTAX, cursor);
  cursor++;
  expected = inObject ? EXPECT_NAME : EXPECT_VALUE;
  return OK;
}

function closingBracket(ofObject: bool): u32 {
  return ofObject ? 0x7d : 0x5d;
}

function closeContainer(): i32 {
  const around = jsonNext(nodes, open);
  setNext(nodes, open, count);
  open = around;
  depth--;
  cursor++;
  expected = EXPECT_END;
  return OK;
}

function openContainer(type: i32): i32 {
  if (depth >= deepest) return fail(JSON_ERROR_DEPTH, cursor);
  const node = count;
  const error = addNode(type, cursor, 0);
  if (error !== OK) return error;
  setNext(nodes, node, open);
  open = node;
  depth++;
  cursor++;
  expected = EXPECT_FIRST;
  return OK;
}

function readName(byte: u32): i32 {
  if (byte !== 0x22) return fail(JSON_ERROR_SYNTAX, cursor);
  const error = readText(JSON_NAME);
  if (error !== OK) return error;
  const members = jsonLength(nodes, open) + 1;
  if (members > JSON_MAX_MEMBERS) return fail(JSON_ERROR_MEMBERS, cursor);
  setLength(nodes, open, members);
  skipSpace();
  if (cursor === limit) return fail(JSON_ERROR_END, cursor);
  if (load<u8>(cursor) !== 0x3a) return fail(JSON_ERROR_SYNTAX, cursor);
  cursor++;
  expected = EXPECT_VALUE;
  return OK;
}

function readValue(byte: u32): i32 {
  if (open !== NONE && jsonType(nodes, open) === JSON_ARRAY) setLength(nodes, open, jsonLength(nodes, open) + 1);
  expected = EXPECT_END;
  switch (byte) {
    case 0x22:
      return readText(JSON_STRING);
    case 0x7b:
      return openContainer(JSON_OBJECT);
    case 0x5b:
      return openContainer(JSON_ARRAY);
    case 0x74:
      return readLiteral(JSON_TRUE, 4, 0x65757274);
    case 0x66:
      return readLiteral(JSON_FALSE, 5, 0x65736c61);
    case 0x6e:
      return readLiteral(JSON_NULL, 4, 0x6c6c756e);
    default:
      return byte === 0x2d || byte - 0x30 < 10 ? readNumber() : fail(JSON_ERROR_SYNTAX, cursor);
  }
}

function readText(type: i32): i32 {
  const start = cursor + 1;
  const problem = readString(start, limit);
  const end = stringEnd();
  if (problem === STRING_OK) {
    const error = addNode(type, start, stringLength());
    cursor = end;
    return error;
  }
  if (problem === STRING_CONTROL) return fail(JSON_ERROR_CONTROL, end);
  return problem === STRING_ESCAPE ? fail(JSON_ERROR_ESCAPE, end) : fail(JSON_ERROR_END, limit);
}

/** `lastFour` are the last four characters, little-endian; the first one of `false` has been seen. */
function readLiteral(type: i32, length: i32, lastFour: u32): i32 {
  if (cursor + length > limit) return fail(JSON_ERROR_END, limit);
  if (load<u32>(cursor + length - 4) !== lastFour) return fail(JSON_ERROR_SYNTAX, cursor);
  const start = cursor;
  cursor += length;
  return addNode(type, start, length);
}

function readNumber(): i32 {
  const start = cursor;
  const end = numberEnd(start, limit);
  if (end === 0) return fail(JSON_ERROR_NUMBER, start);
  cursor = end;
  return addNode(JSON_NUMBER, start, <i32>(end - start));
}

function addNode(type: i32, start: usize, length: i32): i32 {
  if (count >= capacity) return fail(JSON_ERROR_NODES, start);
  writeNode(nodes, count, type, start, length, count + 1);
  count++;
  return OK;
}
