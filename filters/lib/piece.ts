// A text that is written into memory that is given and does not grow. Nothing more is written once something did not fit; `pieceIsFull` says so, and
// whoever writes gives up what was begun. Up to 16 bytes behind the memory are written over, and up to 16 behind what is copied are read.

import { copyShort, writeDecimal } from "./bytes";
import { writeInteger } from "./integer";
import { escapeByte, escapeControl } from "./json-escape";
import { Text } from "./text";
import { writeHexLong } from "./trace-context-hex";
import { utf8CharacterSize } from "./utf8";

const QUOTE: i32 = 0x22;
const BACKSLASH: i32 = 0x5c;

/** The most bytes that one byte becomes: `\u001f`. */
const ESCAPE_FACTOR: i32 = 6;
const DECIMAL_BYTES: i32 = 20;
const HEX_BYTES: i32 = 16;
/** U+FFFD in the place of a byte that is no part of a character. */
const REPLACEMENT: u32 = 0xbdbfef;
const REPLACEMENT_BYTES: i32 = 3;

let cursor: usize = 0;
let limit: usize = 0;
let full: bool = false;

/** Starts a text at `start`, which may go up to `end`. */
export function beginPiece(start: usize, end: usize): void {
  cursor = start;
  limit = end;
  full = false;
}

/** The address behind what was written. */
export function pieceEnd(): usize {
  return cursor;
}

/** Whether something did not fit. */
export function pieceIsFull(): bool {
  return full;
}

function hasRoom(bytes: i32): bool {
  if (cursor + <usize>bytes <= limit) return true;
  full = true;
  limit = cursor;
  return false;
}

export function pieceByte(byte: u8): void {
  if (hasRoom(1)) store<u8>(cursor++, byte);
}

export function pieceText(text: Text): void {
  pieceBytes(text.start, text.length);
}

export function pieceBytes(start: usize, length: i32): void {
  if (!hasRoom(length)) return;
  copyShort(cursor, start, length);
  cursor += <usize>length;
}

export function pieceDecimal(value: u64): void {
  if (hasRoom(DECIMAL_BYTES)) cursor += <usize>writeDecimal(cursor, value);
}

export function pieceInteger(value: i64): void {
  if (hasRoom(DECIMAL_BYTES)) cursor += <usize>writeInteger(cursor, value);
}

/** 16 lower-case hexadecimal digits. */
export function pieceHex(value: u64): void {
  if (!hasRoom(HEX_BYTES)) return;
  writeHexLong(cursor, value);
  cursor += HEX_BYTES;
}

/** The inside of a string of JSON of at most `most` bytes of UTF-8, whatever the bytes are: those that are no UTF-8 become U+FFFD. */
export function pieceJson(start: usize, length: i32, most: i32): void {
  if (!hasRoom(min(length, most) * ESCAPE_FACTOR)) return;
  const end = start + <usize>length;
  let read = start;
  let left = most;
  while (read < end && left > 0) {
    const run = plainRun(read, min(end, read + <usize>left));
    read += run;
    cursor += run;
    left -= <i32>run;
    if (read === end || left === 0) return;
    const size = characterSize(read, <i32>(end - read));
    left -= size === 0 ? REPLACEMENT_BYTES : size;
    if (left < 0) return;
    putOther(read, size);
    read += <usize>max(size, 1);
  }
}

/** Bytes of the character at `start`; 0 if there is none. */
function characterSize(start: usize, available: i32): i32 {
  return load<u8>(start) < 0x80 ? 1 : utf8CharacterSize(start, available);
}

/** Copies visible ASCII up to what must be looked at, and tells how many bytes that is; what is copied beyond it is written over. */
function plainRun(start: usize, end: usize): usize {
  const length = end - start;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i < length; i += 16) {
      const bytes = v128.load(start + i);
      v128.store(cursor + i, bytes);
      const quotes = i8x16.eq(bytes, i8x16.splat(<i8>QUOTE));
      const backslashes = i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH));
      // Bytes from 0x80 on are negative, so they are below the space as control characters are.
      const others = i8x16.lt_s(bytes, i8x16.splat(0x20));
      const found = i8x16.bitmask(v128.or(v128.or(quotes, backslashes), others));
      if (found !== 0) return min(i + <usize>ctz(found), length);
    }
    return length;
  }
  for (; i < length; i++) {
    const byte = <i32>load<i8>(start + i);
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return i;
    store<u8>(cursor + i, <u8>byte);
  }
  return i;
}

/** Puts a character that cannot stand as it is or is of several bytes, of which there are `size`. */
function putOther(start: usize, size: i32): void {
  if (size === 1) {
    const byte = <u32>load<u8>(start);
    const escaped = escapeByte(byte, cursor);
    cursor += <usize>(escaped > 0 ? escaped : escapeControl(byte, cursor));
    return;
  }
  store<u32>(cursor, size === 0 ? REPLACEMENT : load<u32>(start));
  cursor += <usize>(size === 0 ? REPLACEMENT_BYTES : size);
}

/** How much of a text is left if it is cut after `most` bytes: no character of UTF-8 is cut in two. */
export function cutLength(start: usize, length: i32, most: i32): i32 {
  if (length <= most) return length;
  let end = most;
  for (let i = 0; i < 3 && end > 0 && (load<u8>(start + <usize>end) & 0xc0) === 0x80; i++) end--;
  return end;
}
