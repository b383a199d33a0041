// Base64 and base64url, RFC 4648 sections 4 and 5, strictly: exactly one text stands for each byte string.

export const BASE64_STANDARD: i32 = 0;
export const BASE64_URL: i32 = 1;

const PAD: u32 = 0x3d;

/**
 * Decodes `length` characters into `target` (at least `length * 3 / 4` bytes; may be `source` itself). Returns the number of bytes
 * written, or -1 for: a character outside the alphabet (white space too), padding that is missing though `padded`, or present
 * though not, a length no encoder makes, trailing bits that are not zero (RFC 4648, 3.5).
 */
export function base64Decode(source: usize, length: i32, target: usize, alphabet: i32, padded: bool): i32 {
  const digits = padded ? unpaddedLength(source, length) : length;
  if (digits < 0 || (digits & 3) === 1) return -1;
  const whole = digits & ~3;
  let write = target;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= whole; i += 16) {
      if (!decodeVector(source + i, write, alphabet)) return -1;
      write += 12;
    }
  }
  for (; i < whole; i += 4) {
    const group = decodeGroup(source + i, 4, alphabet);
    if (group < 0) return -1;
    storeGroup(write, group, 3);
    write += 3;
  }
  const rest = digits & 3;
  if (rest > 0) {
    const group = decodeGroup(source + whole, rest, alphabet);
    const unused = rest === 2 ? 0xffff : 0xff;
    if (group < 0 || (group & unused) !== 0) return -1;
    storeGroup(write, group, rest - 1);
    write += rest - 1;
  }
  return <i32>(write - target);
}

/** Encodes `length` bytes at `target` (at most `(length + 2) / 3 * 4` bytes); returns the number of characters written. */
export function base64Encode(source: usize, length: i32, target: usize, alphabet: i32, padded: bool): i32 {
  let write = target;
  for (let i = 0; i < length; i += 3) {
    const bytes = min(3, length - i);
    const group = loadGroup(source + i, bytes);
    for (let digit = 0; digit < 4; digit++) {
      const used = digit <= bytes;
      if (!used && !padded) break;
      store<u8>(write, <u8>(used ? character((group >> (18 - 6 * digit)) & 63, alphabet) : PAD));
      write++;
    }
  }
  return <i32>(write - target);
}

/** Length without the one or two `=` that fill up the last group, or -1 when the text is not made of whole groups. */
function unpaddedLength(source: usize, length: i32): i32 {
  if ((length & 3) !== 0) return -1;
  if (length === 0 || load<u8>(source + length - 1) !== PAD) return length;
  return load<u8>(source + length - 2) === PAD ? length - 2 : length - 1;
}

/** Decodes 16 characters to 12 bytes at `target`, which may be `source`; false, and nothing written, if one is outside the alphabet. */
function decodeVector(source: usize, target: usize, alphabet: i32): bool {
  const characters = v128.load(source);
  const upper = between(characters, 0x41, 0x5a);
  const lower = between(characters, 0x61, 0x7a);
  const decimal = between(characters, 0x30, 0x39);
  const plus = i8x16.eq(characters, i8x16.splat(<i8>character(62, alphabet)));
  const slash = i8x16.eq(characters, i8x16.splat(<i8>character(63, alphabet)));
  const known = v128.or(v128.or(upper, lower), v128.or(decimal, v128.or(plus, slash)));
  if (!i8x16.all_true(known)) return false;
  // What is added to each kind of character to get its value.
  const letters = v128.or(v128.and(upper, i8x16.splat(-0x41)), v128.and(lower, i8x16.splat(26 - 0x61)));
  const others = v128.or(
    v128.and(plus, i8x16.splat(<i8>(62 - character(62, alphabet)))),
    v128.and(slash, i8x16.splat(<i8>(63 - character(63, alphabet)))),
  );
  const offsets = v128.or(v128.or(letters, others), v128.and(decimal, i8x16.splat(52 - 0x30)));
  const values = i8x16.add(characters, offsets);
  // Four values of six bits: two of twelve, then one of 24, whose bytes go out the other way round.
  const low = i32x4.splat(0x00ff00ff);
  const pairs = v128.or(i32x4.shl(v128.and(values, low), 6), v128.and(i32x4.shr_u(values, 8), low));
  const groups = v128.or(i32x4.shl(v128.and(pairs, i32x4.splat(0xffff)), 12), i32x4.shr_u(pairs, 16));
  const bytes = i8x16.swizzle(groups, i8x16(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1));
  v128.store64_lane(target, bytes, 0);
  v128.store32_lane(target, bytes, 2, 8);
  return true;
}

function between(bytes: v128, least: u8, most: u8): v128 {
  return v128.and(i8x16.ge_u(bytes, i8x16.splat(least)), i8x16.le_u(bytes, i8x16.splat(most)));
}

/** The 24 bits of up to four characters, missing ones counted as zero, or a negative number. */
function decodeGroup(source: usize, characters: i32, alphabet: i32): i32 {
  let group = 0;
  for (let i = 0; i < 4; i++) {
    const value = i < characters ? digitValue(load<u8>(source + i), alphabet) : 0;
    if (value < 0) return -1;
    group = (group << 6) | value;
  }
  return group;
}

function loadGroup(source: usize, bytes: i32): i32 {
  let group = (<i32>load<u8>(source)) << 16;
  if (bytes > 1) group |= (<i32>load<u8>(source + 1)) << 8;
  if (bytes > 2) group |= load<u8>(source + 2);
  return group;
}

function storeGroup(target: usize, group: i32, bytes: i32): void {
  for (let i = 0; i < bytes; i++) store<u8>(target + i, <u8>(group >> (16 - 8 * i)));
}

/** Value of a character of the alphabet, 0 to 63, or -1. */
export function digitValue(character: u32, alphabet: i32): i32 {
  if (character - 0x41 < 26) return character - 0x41;
  if (character - 0x61 < 26) return character - 0x61 + 26;
  if (character - 0x30 < 10) return character - 0x30 + 52;
  if (character === (alphabet === BASE64_URL ? 0x2d : 0x2b)) return 62;
  return character === (alphabet === BASE64_URL ? 0x5f : 0x2f) ? 63 : -1;
}

function character(value: i32, alphabet: i32): u32 {
  if (value < 26) return value + 0x41;
  if (value < 52) return value - 26 + 0x61;
  if (value < 62) return value - 52 + 0x30;
  if (value === 62) return alphabet === BASE64_URL ? 0x2d : 0x2b;
  return alphabet === BASE64_URL ? 0x5f : 0x2f;
}
