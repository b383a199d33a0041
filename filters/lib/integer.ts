import { writeDecimal } from "./bytes";

// Integers as text, in plus or minus 2^53-1.

/** No integer of the language: below all of them. */
export const NO_INTEGER: i64 = i64.MIN_VALUE;

const LARGEST: i64 = 9007199254740991;

/** The value of `-?[0-9]+`, or NO_INTEGER for any other text and for what is out of range. */
export function integerOfText(start: usize, length: i32): i64 {
  const isNegative = length > 0 && load<u8>(start) === 0x2d;
  const magnitude = isNegative ? naturalOfText(start + 1, length - 1) : naturalOfText(start, length);
  return isNegative && magnitude !== NO_INTEGER ? -magnitude : magnitude;
}

/** The value of `[0-9]+`, or NO_INTEGER. */
export function naturalOfText(start: usize, length: i32): i64 {
  if (length < 1) return NO_INTEGER;
  let value: i64 = 0;
  for (let i = 0; i < length; i++) {
    const digit = <u32>load<u8>(start + <usize>i) - 0x30;
    if (digit > 9) return NO_INTEGER;
    value = value * 10 + <i64>digit;
    if (value > LARGEST) return NO_INTEGER;
  }
  return value;
}

/** Writes an integer in decimal at `target` (at most 20 bytes); returns the number of bytes written. */
export function writeInteger(target: usize, value: i64): i32 {
  if (value >= 0) return writeDecimal(target, <u64>value);
  store<u8>(target, 0x2d);
  return 1 + writeDecimal(target + 1, <u64>-value);
}
