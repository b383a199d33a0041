// JSON strings (RFC 8259 section 7), unescaped in place: what an escape stands for is never longer than the escape.
// The input is known to be valid UTF-8; a lone surrogate could only come from an escape, and is refused.

import { writeUtf8 } from "./utf8";

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;

/** Why a string was refused; 0 is no error. */
export const STRING_OK: i32 = 0;
export const STRING_UNFINISHED: i32 = 1;
export const STRING_CONTROL: i32 = 2;
export const STRING_ESCAPE: i32 = 3;

let cursor: usize = 0;
let unescapedLength: i32 = 0;

/** Address after the closing quote of the last string read, or of the byte at fault. */
export function stringEnd(): usize {
  return cursor;
}

/** Bytes of the last string read, after unescaping. */
export function stringLength(): i32 {
  return unescapedLength;
}

/** Reads the string whose opening quote is just before `start`; unescapes it to `start`. Returns STRING_OK or the reason. */
export function readString(start: usize, end: usize): i32 {
  cursor = plainEnd(start, end);
  let write = cursor;
  while (cursor < end) {
    const byte = <u32>load<u8>(cursor);
    if (byte === QUOTE) {
      unescapedLength = <i32>(write - start);
      cursor++;
      return STRING_OK;
    }
    if (byte !== BACKSLASH) return STRING_CONTROL;
    const size = readEscape(end, write);
    if (size === 0) return STRING_ESCAPE;
    write += size;
    const run = cursor;
    cursor = plainEnd(run, end);
    memory.copy(write, run, cursor - run);
    write += cursor - run;
  }
  return STRING_UNFINISHED;
}

/** Address of the first quote, backslash or control character, or `end`. */
function plainEnd(pointer: usize, end: usize): usize {
  let position = pointer;
  if (ASC_FEATURE_SIMD) {
    for (; position + 16 <= end; position += 16) {
      const bytes = v128.load(position);
      const quotes = i8x16.eq(bytes, i8x16.splat(<i8>QUOTE));
      const backslashes = i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH));
      const controls = i8x16.lt_u(bytes, i8x16.splat(0x20));
      const found = i8x16.bitmask(v128.or(v128.or(quotes, backslashes), controls));
      if (found !== 0) return position + ctz(found);
    }
  }
  while (position < end) {
    const byte = <u32>load<u8>(position);
    if (byte === QUOTE || byte === BACKSLASH || byte < 0x20) return position;
    position++;
  }
  return position;
}

/** Reads the escape at the cursor and moves past it; writes what it stands for. Returns the bytes written, 0 when malformed. */
function readEscape(end: usize, target: usize): i32 {
  if (end - cursor < 2) return 0;
  const kind = <u32>load<u8>(cursor, 1);
  if (kind === 0x75) return readUnicodeEscape(end, target);
  const value = simpleEscape(kind);
  if (value === 0) return 0;
  store<u8>(target, <u8>value);
  cursor += 2;
  return 1;
}

function simpleEscape(kind: u32): u32 {
  switch (kind) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
      return kind;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return 0;
  }
}

/** `\uXXXX`, or two of them that make a surrogate pair. */
function readUnicodeEscape(end: usize, target: usize): i32 {
  const first = codeUnit(cursor, end);
  if (first < 0 || (first & 0xfc00) === 0xdc00) return 0;
  if ((first & 0xfc00) !== 0xd800) {
    cursor += 6;
    return writeUtf8(target, first);
  }
  const second = codeUnit(cursor + 6, end);
  if (second < 0 || (second & 0xfc00) !== 0xdc00) return 0;
  cursor += 12;
  return writeUtf8(target, 0x10000 + ((first & 0x3ff) << 10) + (second & 0x3ff));
}

/** Value of the `\uXXXX` at `pointer`, or -1 when there is none. */
function codeUnit(pointer: usize, end: usize): i32 {
  if (pointer + 6 > end || load<u8>(pointer) !== BACKSLASH || load<u8>(pointer, 1) !== 0x75) return -1;
  let value = 0;
  for (let i = 2; i < 6; i++) {
    const byte = <u32>load<u8>(pointer + i);
    const letter = (byte | 0x20) - 0x61;
    const digit = byte - 0x30;
    if (digit > 9 && letter > 5) return -1;
    value = (value << 4) | (digit < 10 ? digit : letter + 10);
  }
  return value;
}
