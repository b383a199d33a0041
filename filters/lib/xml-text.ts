// Text of elements and values of attributes, put together in place: what a reference stands for is never longer than the reference,
// and what lies between two pieces of text (a comment, the marks of CDATA) is left out. Line ends are line feeds by now.

import { byteFrom } from "./bytes";
import { writeUtf8 } from "./utf8";
import { isXmlCharacter } from "./xml-characters";
import { XML_ERROR_CHARACTER, XML_ERROR_END, XML_ERROR_REFERENCE, XML_ERROR_SYNTAX, XML_OK } from "./xml-errors";

const LESS: u32 = 0x3c;
const GREATER: u32 = 0x3e;
const AMPERSAND: u32 = 0x26;
const BRACKET: u32 = 0x5d;
const SEMICOLON: u32 = 0x3b;
const SPACE: u32 = 0x20;

let cursor: usize = 0;
let write: usize = 0;

/** Where reading goes on, or what was refused. */
export function textCursor(): usize {
  return cursor;
}

/** Where the text or value ends that was put together. */
export function textWritten(): usize {
  return write;
}

/** Begins a text at `start`, where its bytes stand already. */
export function beginText(start: usize): void {
  cursor = start;
  write = start;
}

/** Adds text up to the next `<` or to `end`, references resolved (section 2.4). */
export function addText(start: usize, end: usize): i32 {
  cursor = start;
  while (true) {
    const run = cursor;
    const stop = textEnd(run, end);
    if (stop === 0) return XML_ERROR_SYNTAX;
    addRun(run, stop);
    if (stop === end || load<u8>(stop) === LESS) return XML_OK;
    const error = addReference(end);
    if (error !== XML_OK) return error;
  }
}

/** Adds the bytes up to the `]]>` that ends a CDATA section (section 2.7), and goes on behind it. */
export function addSection(start: usize, end: usize): i32 {
  const stop = sectionEnd(start, end);
  if (stop === 0) {
    cursor = end;
    return XML_ERROR_END;
  }
  addRun(start, stop - 3);
  cursor = stop;
  return XML_OK;
}

/**
 * Reads the value of an attribute between its quotes and goes on behind them: references are resolved and white space becomes spaces
 * (section 3.3.3, CDATA).
 */
export function readValue(start: usize, end: usize, quote: u32): i32 {
  beginText(start);
  while (true) {
    const run = cursor;
    const stop = valueEnd(run, end, quote);
    addRun(run, stop);
    if (stop === end) return XML_ERROR_END;
    const byte = <u32>load<u8>(stop);
    if (byte === quote) {
      cursor = stop + 1;
      return XML_OK;
    }
    if (byte === LESS) return XML_ERROR_SYNTAX;
    if (byte === AMPERSAND) {
      const error = addReference(end);
      if (error !== XML_OK) return error;
    } else {
      store<u8>(write, <u8>SPACE);
      write++;
      cursor++;
    }
  }
}

/** Address behind the next `]]>`, or 0. */
function sectionEnd(start: usize, end: usize): usize {
  let position = byteFrom(start, end, BRACKET);
  while (position + 3 <= end) {
    if (load<u8>(position, 1) === BRACKET) {
      if (load<u8>(position, 2) === GREATER) return position + 3;
      position++;
    } else {
      position = byteFrom(position + 2, end, BRACKET);
    }
  }
  return 0;
}

/** Moves `cursor` to `stop` and takes the bytes before it. */
function addRun(run: usize, stop: usize): void {
  cursor = stop;
  const size = stop - run;
  if (write === run || size === 0) {
    write += size;
    return;
  }
  memory.copy(write, run, size);
  write += size;
}

/** Address of the first `<` or `&`, or `end`; 0 for a `]]>`, which text may not have, and then the cursor is on it. */
function textEnd(start: usize, end: usize): usize {
  let position = start;
  while (true) {
    position = markupEnd(position, end);
    if (position === end || load<u8>(position) !== GREATER) return position;
    if (position >= start + 2 && load<u16>(position - 2) === 0x5d5d) {
      cursor = position - 2;
      return 0;
    }
    position++;
  }
}

/** Address of the first `<`, `>` or `&`, or `end`. */
function markupEnd(pointer: usize, end: usize): usize {
  let position = pointer;
  if (ASC_FEATURE_SIMD) {
    for (; position + 16 <= end; position += 16) {
      const bytes = v128.load(position);
      // `<` and `>` differ in one bit.
      const angles = i8x16.eq(v128.or(bytes, i8x16.splat(2)), i8x16.splat(<i8>GREATER));
      const found = i8x16.bitmask(v128.or(angles, i8x16.eq(bytes, i8x16.splat(<i8>AMPERSAND))));
      if (found !== 0) return position + ctz(found);
    }
  }
  while (position < end) {
    const byte = <u32>load<u8>(position);
    if ((byte | 2) === GREATER || byte === AMPERSAND) return position;
    position++;
  }
  return position;
}

/** Address of the first quote, `<`, `&`, tab or line feed, or `end`. */
function valueEnd(pointer: usize, end: usize, quote: u32): usize {
  let position = pointer;
  if (ASC_FEATURE_SIMD) {
    for (; position + 16 <= end; position += 16) {
      const bytes = v128.load(position);
      const quotes = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>quote)), i8x16.lt_u(bytes, i8x16.splat(<i8>SPACE)));
      const marks = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>LESS)), i8x16.eq(bytes, i8x16.splat(<i8>AMPERSAND)));
      const found = i8x16.bitmask(v128.or(quotes, marks));
      if (found !== 0) return position + ctz(found);
    }
  }
  while (position < end) {
    const byte = <u32>load<u8>(position);
    if (byte === quote || byte < SPACE || byte === LESS || byte === AMPERSAND) return position;
    position++;
  }
  return position;
}

/** Takes the reference at the cursor (section 4.1) and goes on behind it. */
function addReference(end: usize): i32 {
  const name = cursor + 1;
  if (name >= end) return XML_ERROR_END;
  if (load<u8>(name) === 0x23) return addNumber(name + 1, end);
  let length = 0;
  let letters: u32 = 0;
  while (name + length < end && length < 4 && load<u8>(name + length) !== SEMICOLON) {
    letters = (letters << 8) | <u32>load<u8>(name + length);
    length++;
  }
  if (name + length >= end) return XML_ERROR_END;
  const character = predefined(letters);
  if (character === 0 || load<u8>(name + length) !== SEMICOLON) return XML_ERROR_REFERENCE;
  store<u8>(write, <u8>character);
  write++;
  cursor = name + length + 1;
  return XML_OK;
}

/** The five entities that are always there (section 4.6), by their letters; 0 for others. */
function predefined(letters: u32): u32 {
  switch (letters) {
    case 0x6c74:
      return LESS;
    case 0x6774:
      return GREATER;
    case 0x616d70:
      return AMPERSAND;
    case 0x61706f73:
      return 0x27;
    case 0x71756f74:
      return 0x22;
    default:
      return 0;
  }
}

/** The rest of a character reference: what follows `&#`. */
function addNumber(start: usize, end: usize): i32 {
  const isHex = start < end && load<u8>(start) === 0x78;
  const digits = isHex ? start + 1 : start;
  let position = digits;
  let scalar: u32 = 0;
  for (; position < end; position++) {
    const digit = digitOf(<u32>load<u8>(position), isHex);
    if (digit < 0) break;
    // Beyond the last character it stays there, however many digits follow.
    scalar = min(scalar * (isHex ? 16 : 10) + <u32>digit, 0x110000);
  }
  if (position === end) return XML_ERROR_END;
  if (position === digits || load<u8>(position) !== SEMICOLON) return XML_ERROR_REFERENCE;
  if (!isXmlCharacter(scalar)) return XML_ERROR_CHARACTER;
  write += writeUtf8(write, <i32>scalar);
  cursor = position + 1;
  return XML_OK;
}

function digitOf(byte: u32, isHex: bool): i32 {
  const digit = byte - 0x30;
  if (digit < 10) return <i32>digit;
  const letter = (byte | 0x20) - 0x61;
  return isHex && letter < 6 ? <i32>letter + 10 : -1;
}
