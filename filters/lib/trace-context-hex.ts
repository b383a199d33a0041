// Hexadecimal digits of trace contexts, eight at a time: the readers and writers of `bytes.ts` go digit by digit.

/** A one in each byte, the low byte of each pair, the low pair of each four. */
const ONES: u64 = u64.MAX_VALUE / 0xff;
const LOW_BYTES: u64 = u64.MAX_VALUE / 0x101;
const LOW_PAIRS: u64 = u64.MAX_VALUE / 0x10001;
const HIGH_BITS: u64 = ONES << 7;
const NIBBLES: u64 = ONES * 0x0f;

const NO_DIGITS: i64 = -1;

let value: u64 = 0;

/** Reads 16 lower-case hexadecimal digits, for `hexLong`; false, and nothing is read, if one of them is none. */
export function readHexLong(start: usize): bool {
  const high = wordOf(load<u64>(start));
  const low = wordOf(load<u64>(start + 8));
  if ((high | low) < 0) return false;
  value = ((<u64>high) << 32) | <u64>low;
  return true;
}

/** What was read last. */
export function hexLong(): u64 {
  return value;
}

/** Value of one lower-case hexadecimal digit, or -1. */
export function hexDigit(character: u32): i32 {
  if (character - 0x30 < 10) return <i32>(character - 0x30);
  return character - 0x61 < 6 ? <i32>(character - 0x61 + 10) : -1;
}

/** Writes 16 lower-case hexadecimal digits. */
export function writeHexLong(target: usize, long: u64): void {
  store<u64>(target, digitsOf(<u32>(long >> 32)));
  store<u64>(target + 8, digitsOf(<u32>long));
}

function wordOf(digits: u64): i64 {
  const decimal = reaches(digits, 0x30) & ~reaches(digits, 0x3a);
  const letter = reaches(digits, 0x61) & ~reaches(digits, 0x67);
  if (((decimal | letter) & ~digits & HIGH_BITS) !== HIGH_BITS) return NO_DIGITS;
  // Letters, and no digits, have bit 6; `a` ends with a 1.
  const nibbles = (digits & NIBBLES) + ((digits >> 6) & ONES) * 9;
  const bytes = ((nibbles << 4) | (nibbles >> 8)) & LOW_BYTES;
  const pairs = (bytes | (bytes >> 8)) & LOW_PAIRS;
  return <i64>bswap<u32>(<u32>(pairs | (pairs >> 16)));
}

function digitsOf(word: u32): u64 {
  const four = <u64>bswap<u32>(word);
  const pairs = (four | (four << 16)) & LOW_PAIRS;
  const bytes = (pairs | (pairs << 8)) & LOW_BYTES;
  const nibbles = ((bytes >> 4) | (bytes << 8)) & NIBBLES;
  const letters = ((nibbles + ONES * 6) >> 4) & ONES;
  return nibbles + ONES * 0x30 + letters * (0x61 - 0x3a);
}

/** The highest bit of each byte, set if the byte without that bit is at least `character`: so far the sum carries, and no further. */
function reaches(bytes: u64, character: u64): u64 {
  return (bytes & ~HIGH_BITS) + ONES * (0x80 - character);
}
