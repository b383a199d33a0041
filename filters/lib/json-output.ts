// Values of XML as JSON (RFC 8259), put at the end of the text that `output.ts` writes.

import { escapeByte, escapeControl } from "./json-escape";
import { outputByte, outputRoom, outputTook } from "./output";

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const ZERO: u32 = 0x30;
const POINT: u32 = 0x2e;
const MINUS: u32 = 0x2d;

/** So much of a text at a time, so that the room for the worst case stays small. */
const PIECE_BYTES: i32 = 8192;
/** The most bytes that one byte becomes: `\u001f`. */
const ESCAPE_FACTOR: i32 = 6;

/** Puts a string. The text is UTF-8; 16 bytes after it may be read. */
export function outputString(start: usize, length: i32): void {
  if (length > PIECE_BYTES) {
    outputLong(start, length);
    return;
  }
  const target = outputRoom(length * 2 + 2);
  if (target === 0) return;
  const size = escapePiece(start, length, target + 1);
  if (size < 0) {
    outputLong(start, length);
    return;
  }
  store<u8>(target, <u8>QUOTE);
  store<u8>(target + 1 + <usize>size, <u8>QUOTE);
  outputTook(size + 2);
}

function outputLong(start: usize, length: i32): void {
  outputByte(<u8>QUOTE);
  for (let done = 0; done < length; done += PIECE_BYTES) {
    const piece = min(length - done, PIECE_BYTES);
    const target = outputRoom(piece * 2);
    if (target === 0) return;
    const size = escapePiece(start + <usize>done, piece, target);
    if (size < 0 && !outputRare(start + <usize>done, piece)) return;
    if (size > 0) outputTook(size);
  }
  outputByte(<u8>QUOTE);
}

/** Puts a piece with characters that no XML has, but that a text may have. */
function outputRare(start: usize, length: i32): bool {
  const target = outputRoom(length * ESCAPE_FACTOR);
  if (target === 0) return false;
  let write = target;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    const size = escapeByte(byte, write);
    if (size > 0) write += size;
    else if (byte < 0x20) write += escapeControl(byte, write);
    else store<u8>(write++, <u8>byte);
  }
  outputTook(<i32>(write - target));
  return true;
}

/** Writes text escaped; escapes are of two bytes. Returns the bytes written, or -1 if there are characters that have longer ones. */
function escapePiece(start: usize, length: i32, target: usize): i32 {
  const end = start + <usize>length;
  let read = start;
  let write = target;
  while (read < end) {
    const run = plainRun(read, end, write);
    read += run;
    write += run;
    if (read >= end) break;
    const size = escapeByte(<u32>load<u8>(read), write);
    if (size === 0) return -1;
    write += size;
    read++;
  }
  return <i32>(write - target);
}

/** Copies bytes up to the first that must be escaped; their number. What is copied beyond that is overwritten later. */
function plainRun(start: usize, end: usize, target: usize): usize {
  const length = end - start;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i < length; i += 16) {
      const bytes = v128.load(start + i);
      v128.store(target + i, bytes);
      const quotes = i8x16.eq(bytes, i8x16.splat(<i8>QUOTE));
      const backslashes = i8x16.eq(bytes, i8x16.splat(<i8>BACKSLASH));
      const found = i8x16.bitmask(v128.or(v128.or(quotes, backslashes), i8x16.lt_u(bytes, i8x16.splat(0x20))));
      if (found !== 0) return min(i + <usize>ctz(found), length);
    }
    return length;
  }
  for (; i < length; i++) {
    const byte = <u32>load<u8>(start + i);
    if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return i;
    store<u8>(target + i, <u8>byte);
  }
  return i;
}

/**
 * Puts a number of XML Schema (`[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?`) as JSON has numbers, with all the digits that say something:
 * no plus sign, no leading zeros, digits on both sides of a point or no point.
 */
export function outputNumber(start: usize, length: i32): void {
  const end = start + <usize>length;
  const target = outputRoom(length + 2);
  if (target === 0) return;
  let read = start;
  let write = target;
  const sign = <u32>load<u8>(read);
  if (sign === MINUS) store<u8>(write++, <u8>MINUS);
  if (sign === MINUS || sign === 0x2b) read++;
  while (read < end && load<u8>(read) === ZERO) read++;
  if (read === end || !isDigit(<u32>load<u8>(read))) store<u8>(write++, <u8>ZERO);
  while (read < end && isDigit(<u32>load<u8>(read))) store<u8>(write++, load<u8>(read++));
  if (read < end && load<u8>(read) === POINT) {
    const hasFraction = read + 1 < end && isDigit(<u32>load<u8>(read, 1));
    if (!hasFraction) read++;
  }
  while (read < end) store<u8>(write++, load<u8>(read++));
  outputTook(<i32>(write - target));
}

function isDigit(byte: u32): bool {
  return byte - ZERO < 10;
}

/** `true`, `false` and `null`: their first four letters. */
const TRUE: u32 = 0x65757274;
const FALSE: u32 = 0x736c6166;
const NULL: u32 = 0x6c6c756e;

export function outputTruth(value: bool): void {
  outputWord(value ? TRUE : FALSE);
  if (!value) outputByte(0x65);
}

export function outputNull(): void {
  outputWord(NULL);
}

function outputWord(letters: u32): void {
  const target = outputRoom(4);
  if (target === 0) return;
  store<u32>(target, letters);
  outputTook(4);
}
