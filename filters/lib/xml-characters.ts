// What is done to a whole text before anything in it is read: which encoding it has, whether all of it are characters of XML
// (section 2.2), and line ends (section 2.11). After it nobody needs to look at characters again, but those that references write.

import { byteFrom } from "./bytes";
import { utf8CharacterSize } from "./utf8";
import { XML_ERROR_CHARACTER, XML_ERROR_UTF8, XML_OK } from "./xml-errors";

const TAB: u32 = 0x09;
const LINE_FEED: u32 = 0x0a;
const RETURN: u32 = 0x0d;

let problemAt: usize = 0;
let hasReturn: bool = false;

/** Where `checkCharacters` found what it refused. */
export function characterProblem(): usize {
  return problemAt;
}

/** Whether the first bytes are those of UTF-16 or UTF-32: a byte order mark, or a `<` or white space with zeros (appendix F). */
export function isWide(start: usize, length: i32): bool {
  if (length < 2) return false;
  const first = <u32>load<u8>(start);
  const second = <u32>load<u8>(start, 1);
  if (first === 0xff && second === 0xfe) return true;
  if (first === 0xfe && second === 0xff) return true;
  return first === 0 || second === 0;
}

/** Bytes of the byte order mark of UTF-8 at the start, or 0. */
export function markLength(start: usize, length: i32): i32 {
  if (length < 3) return 0;
  return load<u16>(start) === 0xbbef && load<u8>(start, 2) === 0xbf ? 3 : 0;
}

/** Whether every byte belongs to a character that XML allows: XML_OK, or the reason, and `characterProblem` says where. */
export function checkCharacters(start: usize, end: usize): i32 {
  hasReturn = false;
  let position = start;
  while (position < end) {
    if (ASC_FEATURE_SIMD) {
      position = plainEnd(position, end);
      if (position === end) break;
    }
    // A few characters one by one, as those that are not plain seldom come alone.
    const few = min(position + 16, end);
    while (position < few) {
      const size = characterSize(position, end);
      if (size < 0) return refuse(size, position, end);
      position += size;
    }
  }
  return XML_OK;
}

/** The first block of 16 bytes with one that is neither ASCII text nor a tab or line feed, or where blocks end. */
function plainEnd(pointer: usize, end: usize): usize {
  let position = pointer;
  for (; position + 16 <= end; position += 16) {
    const bytes = v128.load(position);
    // Signed, so bytes of characters beyond ASCII are below as well.
    const odd = i8x16.lt_s(bytes, i8x16.splat(0x20));
    const spaces = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>LINE_FEED)), i8x16.eq(bytes, i8x16.splat(<i8>TAB)));
    if (v128.any_true(v128.andnot(odd, spaces))) return position;
  }
  return position;
}

function characterSize(position: usize, end: usize): i32 {
  const byte = <u32>load<u8>(position);
  if (byte < 0x80) {
    if (byte >= 0x20 || byte === LINE_FEED || byte === TAB) return 1;
    if (byte !== RETURN) return XML_ERROR_CHARACTER;
    hasReturn = true;
    return 1;
  }
  const size = utf8CharacterSize(position, <i32>(end - position));
  if (size === 0) return XML_ERROR_UTF8;
  // U+FFFE and U+FFFF; those of the other planes are characters.
  if (byte === 0xef && load<u8>(position, 1) === 0xbf && load<u8>(position, 2) >= 0xbe) return XML_ERROR_CHARACTER;
  return size;
}

/** Surrogates are characters that XML does not have, and no UTF-8 either; the first says more. */
function refuse(reason: i32, position: usize, end: usize): i32 {
  problemAt = position;
  if (reason !== XML_ERROR_UTF8 || end - position < 2) return reason;
  const isSurrogate = load<u8>(position) === 0xed && load<u8>(position, 1) >= 0xa0 && load<u8>(position, 1) < 0xc0;
  return isSurrogate ? XML_ERROR_CHARACTER : reason;
}

/** Turns CR LF and CR into LF, in place; returns the new end. Only after `checkCharacters` of the same range. */
export function joinLineEnds(start: usize, end: usize): usize {
  if (!hasReturn) return end;
  let read = byteFrom(start, end, RETURN);
  let write = read;
  while (read < end) {
    store<u8>(write, <u8>LINE_FEED);
    write++;
    read += read + 1 < end && load<u8>(read, 1) === LINE_FEED ? 2 : 1;
    const next = byteFrom(read, end, RETURN);
    memory.copy(write, read, next - read);
    write += next - read;
    read = next;
  }
  return write;
}

/** Whether XML has a character (section 2.2). */
export function isXmlCharacter(scalar: u32): bool {
  if (scalar < 0x20) return scalar === TAB || scalar === LINE_FEED || scalar === RETURN;
  if (scalar < 0xd800) return true;
  return (scalar >= 0xe000 && scalar <= 0xfffd) || (scalar >= 0x10000 && scalar <= 0x10ffff);
}

/** Address of the first byte that is no space, tab or line feed, or `end`. Returns are gone by then. */
export function spaceEnd(pointer: usize, end: usize): usize {
  let position = pointer;
  if (ASC_FEATURE_SIMD) {
    for (; position + 16 <= end; position += 16) {
      const bytes = v128.load(position);
      const breaks = v128.or(i8x16.eq(bytes, i8x16.splat(<i8>LINE_FEED)), i8x16.eq(bytes, i8x16.splat(<i8>TAB)));
      const others = i8x16.bitmask(v128.or(breaks, i8x16.eq(bytes, i8x16.splat(0x20)))) ^ 0xffff;
      if (others !== 0) return position + ctz(others);
    }
  }
  while (position < end && isSpace(<u32>load<u8>(position))) position++;
  return position;
}

export function isSpace(byte: u32): bool {
  return byte === 0x20 || byte === LINE_FEED || byte === TAB;
}
