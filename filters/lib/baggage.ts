// W3C Baggage: what may be passed on.

import { byteFrom } from "./bytes";
import { afterSpace } from "./field-space";

/** The least that has to be passed on, and the most that is (section 3.3.2, "Limits"). */
export const MOST_BAGGAGE_BYTES: i32 = 8192;
export const MOST_BAGGAGE_MEMBERS: i32 = 64;

const COMMA: u8 = 0x2c;
const TAB: u32 = 0x09;

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

function isFieldText(start: usize, end: usize): bool {
  for (let at = start; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte - 0x20 > 0x5e && byte !== TAB) return false;
  }
  return true;
}
