// Bytes in raw memory: comparison, ASCII, hexadecimal and decimal text.
// Pointers are addresses (usize), lengths are bytes (i32, not negative). Nothing is read or written outside the ranges given.

export { utf8Valid } from "./utf8";

/** A one in each of eight bytes. */
const ONES: u64 = u64.MAX_VALUE / 255;
const HIGH_BITS: u64 = ONES << 7;

/** Whether two ranges of `length` bytes are equal. Stops at the first difference: not for secrets. */
export function bytesEqual(a: usize, b: usize, length: i32): bool {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= length; i += 16) {
      if (v128.any_true(v128.xor(v128.load(a + i), v128.load(b + i)))) return false;
    }
  }
  for (; i + 8 <= length; i += 8) {
    if (load<u64>(a + i) !== load<u64>(b + i)) return false;
  }
  for (; i < length; i++) {
    if (load<u8>(a + i) !== load<u8>(b + i)) return false;
  }
  return true;
}

/** Whether two ranges of `length` bytes are equal; the time depends on `length` alone, so it is fit for secrets. */
export function bytesEqualConstantTime(a: usize, b: usize, length: i32): bool {
  let difference: u64 = 0;
  let i = 0;
  for (; i + 8 <= length; i += 8) difference |= load<u64>(a + i) ^ load<u64>(b + i);
  for (; i < length; i++) difference |= <u64>(load<u8>(a + i) ^ load<u8>(b + i));
  return difference === 0;
}

/** Whether a range is, with A-Z taken as a-z, one of `length` bytes in lower case. */
export function bytesEqualLower(pointer: usize, lower: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(pointer + i);
    const letter = byte - 0x41 < 26 ? byte | 0x20 : byte;
    if (letter !== <u32>load<u8>(lower + i)) return false;
  }
  return true;
}

/** Whether a range is a word: its length in one byte, then its bytes. Literals of the language are UTF-16, so constants are written so. */
export function isWord(pointer: usize, length: i32, word: usize): bool {
  return length === <i32>load<u8>(word) && bytesEqual(pointer, word + 1, length);
}

/** Order of two ranges by length, then by bytes: negative, zero or positive. Total, but not alphabetical. */
export function bytesOrder(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  if (aLength !== bLength) return aLength < bLength ? -1 : 1;
  let i = 0;
  for (; i + 8 <= aLength; i += 8) {
    const left = load<u64>(a + i);
    const right = load<u64>(b + i);
    if (left !== right) return left < right ? -1 : 1;
  }
  for (; i < aLength; i++) {
    const left = load<u8>(a + i);
    const right = load<u8>(b + i);
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

/** Alphabetical order of two ranges, byte by byte; of UTF-8, the order of its code points. Negative, zero or positive. */
export function bytesCompare(a: usize, aLength: i32, b: usize, bLength: i32): i32 {
  const length = min(aLength, bLength);
  let i = 0;
  while (i + 8 <= length && load<u64>(a + i) === load<u64>(b + i)) i += 8;
  for (; i < length; i++) {
    const difference = <i32>load<u8>(a + i) - <i32>load<u8>(b + i);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** Copies `length` bytes from `source` to `target` with A-Z turned into a-z. The ranges may be the same. */
export function lowerAscii(source: usize, length: i32, target: usize): void {
  let i = 0;
  for (; i + 8 <= length; i += 8) store<u64>(target + i, lowerAsciiWord(load<u64>(source + i)));
  for (; i < length; i++) store<u8>(target + i, <u8>lowerAsciiWord(<u64>load<u8>(source + i)));
}

/** Eight bytes at once: the sums carry into bit 7 of each byte exactly when the byte is at least `A`, or past `Z`. */
function lowerAsciiWord(word: u64): u64 {
  const sevenBits = word & ~HIGH_BITS;
  const fromA = sevenBits + ONES * (0x80 - 0x41);
  const pastZ = sevenBits + ONES * (0x80 - 0x5b);
  const upper = fromA & ~pastZ & ~word & HIGH_BITS;
  return word | (upper >> 2);
}

/** Whether every byte lies between two, both included. */
export function isBetween(pointer: usize, length: i32, least: u8, most: u8): bool {
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(pointer + i);
    if (byte < least || byte > most) return false;
  }
  return true;
}

/** Whether every byte is visible ASCII, 0x21-0x7e: no space, control character or byte of a multi-byte character. */
export function isVisibleAscii(pointer: usize, length: i32): bool {
  return isBetween(pointer, length, 0x21, 0x7e);
}

/** Whether a range has a control character of ASCII: 0x00-0x1f or 0x7f. */
export function hasControlCharacter(pointer: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    const byte = load<u8>(pointer + i);
    if (byte < 0x20 || byte === 0x7f) return true;
  }
  return false;
}

/**
 * Decodes lower-case hexadecimal (as the configuration and W3C trace context write it) into `length / 2` bytes at `target`.
 * Returns the number of bytes written, or -1 for an odd length or any other character.
 */
export function hexDecode(source: usize, length: i32, target: usize): i32 {
  if ((length & 1) !== 0) return -1;
  for (let i = 0; i < length; i += 2) {
    const high = hexDigit(load<u8>(source + i));
    const low = hexDigit(load<u8>(source + i + 1));
    if ((high | low) < 0) return -1;
    store<u8>(target + (i >> 1), <u8>((high << 4) | low));
  }
  return length >> 1;
}

/** Writes `2 * length` lower-case hexadecimal digits at `target`; returns their number. */
export function hexEncode(source: usize, length: i32, target: usize): i32 {
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(source + i);
    store<u8>(target + 2 * i, hexCharacter(byte >> 4));
    store<u8>(target + 2 * i + 1, hexCharacter(byte & 15));
  }
  return 2 * length;
}

/** Value of one lower-case hexadecimal digit, or -1. */
function hexDigit(character: u32): i32 {
  const decimal = character - 0x30;
  if (decimal < 10) return decimal;
  const letter = character - 0x61;
  return letter < 6 ? <i32>(letter + 10) : -1;
}

function hexCharacter(value: u32): u8 {
  return <u8>(value < 10 ? value + 0x30 : value - 10 + 0x61);
}

/** Value of a plain decimal `0|[1-9][0-9]*` that fits 32 bits unsigned, or -1 for any other text. */
export function parseDecimalU32(pointer: usize, length: i32): i64 {
  if (length < 1 || length > 10) return -1;
  if (length > 1 && load<u8>(pointer) === 0x30) return -1;
  let value: i64 = 0;
  for (let i = 0; i < length; i++) {
    const digit = <u32>load<u8>(pointer + i) - 0x30;
    if (digit > 9) return -1;
    value = value * 10 + <i64>digit;
  }
  return value > <i64>u32.MAX_VALUE ? -1 : value;
}

/** Writes a number in decimal at `target` (1 to 20 bytes); returns the number of bytes written. */
export function writeDecimal(target: usize, value: u64): i32 {
  let length = 1;
  for (let rest = value; rest >= 10; rest /= 10) length++;
  let rest = value;
  for (let i = length - 1; i >= 0; i--) {
    store<u8>(target + i, <u8>(0x30 + (rest % 10)));
    rest /= 10;
  }
  return length;
}

/** Address of the first such byte, or `end`, also if `start` lies behind that. */
export function byteFrom(start: usize, end: usize, byte: u32): usize {
  let cursor = start;
  if (ASC_FEATURE_SIMD) {
    for (; cursor + 16 <= end; cursor += 16) {
      const found = i8x16.bitmask(i8x16.eq(v128.load(cursor), i8x16.splat(<i8>byte)));
      if (found !== 0) return cursor + <usize>ctz(found);
    }
  }
  while (cursor < end && load<u8>(cursor) !== byte) cursor++;
  return min(cursor, end);
}

export function copyBytes(target: usize, source: usize, length: i32): void {
  memory.copy(target, source, <usize>length);
}

/** The same for short texts: up to 15 bytes behind the target are written over, and up to 15 behind the source read. */
export function copyShort(target: usize, source: usize, length: i32): void {
  for (let i: usize = 0; i < <usize>length; i += 16) {
    if (ASC_FEATURE_SIMD) v128.store(target + i, v128.load(source + i));
    else {
      const second = load<u64>(source + i, 8);
      store<u64>(target + i, load<u64>(source + i));
      store<u64>(target + i, second, 8);
    }
  }
}

/** Overwrites a secret. */
export function wipeBytes(start: usize, length: i32): void {
  memory.fill(start, 0, <usize>length);
}
