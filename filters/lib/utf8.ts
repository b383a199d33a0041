// UTF-8 as RFC 3629 section 4 writes it: no overlong form, no surrogate, nothing above U+10FFFF.

/** Bit 7 of each of eight bytes. */
const HIGH_BITS: u64 = (u64.MAX_VALUE / 255) << 7;

/** Whether the range is valid UTF-8. The empty range is. */
export function utf8Valid(pointer: usize, length: i32): bool {
  return utf8ValidLength(pointer, length) === length;
}

/** Length in bytes of the longest prefix that is made of whole valid characters: `length` itself when all is well. */
export function utf8ValidLength(pointer: usize, length: i32): i32 {
  let i = 0;
  while (i < length) {
    if (load<u8>(pointer + i) < 0x80) {
      i += asciiRun(pointer + i, length - i);
    } else {
      const size = utf8CharacterSize(pointer + i, length - i);
      if (size === 0) return i;
      i += size;
    }
  }
  return length;
}

/** Number of leading ASCII bytes, rounded down to a multiple of the step that found the end, but at least 1. */
function asciiRun(pointer: usize, length: i32): i32 {
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= length; i += 16) {
      if (i8x16.bitmask(v128.load(pointer + i)) !== 0) return i > 0 ? i : 1;
    }
  }
  for (; i + 8 <= length; i += 8) {
    if ((load<u64>(pointer + i) & HIGH_BITS) !== 0) return i > 0 ? i : 1;
  }
  return i > 0 ? i : 1;
}

/** Bytes of the character of two to four bytes at `pointer`, or 0 when it is malformed or cut off. */
export function utf8CharacterSize(pointer: usize, available: i32): i32 {
  const lead = <u32>load<u8>(pointer);
  if (lead < 0xc2 || lead > 0xf4 || available < 2) return 0;
  const second = <u32>load<u8>(pointer + 1);
  if (lead < 0xe0) return isContinuation(second) ? 2 : 0;
  // The second byte alone tells overlong forms (E0, F0), surrogates (ED) and values above U+10FFFF (F4).
  const lowest: u32 = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const highest: u32 = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (second < lowest || second > highest) return 0;
  if (available < 3 || !isContinuation(load<u8>(pointer + 2))) return 0;
  if (lead < 0xf0) return 3;
  return available >= 4 && isContinuation(load<u8>(pointer + 3)) ? 4 : 0;
}

function isContinuation(byte: u32): bool {
  return (byte & 0xc0) === 0x80;
}

/** Number of characters (code points), or -1 if the range is not valid UTF-8. */
export function utf8Characters(pointer: usize, length: i32): i32 {
  return utf8Valid(pointer, length) ? utf8CharactersOfValid(pointer, length) : -1;
}

/** Writes a character (RFC 3629 section 3); returns the number of bytes, 1 to 4. */
export function writeUtf8(target: usize, scalar: i32): i32 {
  if (scalar < 0x80) {
    store<u8>(target, <u8>scalar);
    return 1;
  }
  const size = scalar < 0x800 ? 2 : scalar < 0x10000 ? 3 : 4;
  const mark = size === 2 ? 0xc0 : size === 3 ? 0xe0 : 0xf0;
  let rest = scalar;
  for (let i = size - 1; i > 0; i--) {
    store<u8>(target + i, <u8>(0x80 | (rest & 0x3f)));
    rest >>= 6;
  }
  store<u8>(target, <u8>(mark | rest));
  return size;
}

/** Number of characters of a text that is known to be valid. */
export function utf8CharactersOfValid(pointer: usize, length: i32): i32 {
  let count = 0;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= length; i += 16) {
      // Continuation bytes are 0x80-0xbf: as signed numbers those below -64.
      const continuations = i8x16.lt_s(v128.load(pointer + <usize>i), i8x16.splat(-64));
      count += 16 - popcnt(i8x16.bitmask(continuations));
    }
  }
  for (; i < length; i++) {
    if (!isContinuation(<u32>load<u8>(pointer + <usize>i))) count++;
  }
  return count;
}
