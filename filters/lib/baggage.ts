// W3C Baggage: what may be passed on.

import { byteFrom } from "./bytes";
import { afterSpace } from "./field-space";

/** The least that has to be passed on, and the most that is (section 3.3.2, "Limits"). */
export const MOST_BAGGAGE_BYTES: i32 = 8192;
export const MOST_BAGGAGE_MEMBERS: i32 = 64;

const COMMA: u8 = 0x2c;
const TAB: u32 = 0x09;

/** A one in each of eight bytes. */
const ONES: u64 = u64.MAX_VALUE / 0xff;
const HIGH_BITS: u64 = ONES << 7;

/**
 * Whether the values of all `baggage` fields, joined by commas, are within the limits and can stand in a header: visible ASCII and
 * white space, and not only that. What members say is opaque and is not looked at.
 */
export function baggageFits(start: usize, length: i32): bool {
  if (length > MOST_BAGGAGE_BYTES) return false;
  const end = start + <usize>length;
  let members = 0;
  let isEmpty = true;
  for (let at = start; at < end; ) {
    const comma = byteFrom(at, end, COMMA);
    if (++members > MOST_BAGGAGE_MEMBERS) return false;
    if (afterSpace(at, comma) < comma) isEmpty = false;
    at = comma + 1;
  }
  return !isEmpty && isFieldText(start, end);
}

/** Eight bytes at once, and one by one only those among which a tab may be. */
function isFieldText(start: usize, end: usize): bool {
  let at = start;
  for (; at + 8 <= end; at += 8) {
    const bytes = load<u64>(at);
    const sevenBits = bytes & ~HIGH_BITS;
    const fromSpace = sevenBits + ONES * (0x80 - 0x20);
    const isDelete = sevenBits + ONES;
    if (((bytes | ~fromSpace | isDelete) & HIGH_BITS) !== 0 && !areFieldBytes(at, at + 8)) return false;
  }
  return areFieldBytes(at, end);
}

function areFieldBytes(start: usize, end: usize): bool {
  for (let at = start; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte - 0x20 > 0x5e && byte !== TAB) return false;
  }
  return true;
}
