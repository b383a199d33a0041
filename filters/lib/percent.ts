import { attribute, Presence, setAttribute } from "./attributes";
import { arenaTake } from "./region";
import { utf8Valid } from "./utf8";

// Percent-encoding, RFC 3986 section 2.1; in queries `+` is a space, as HTML forms write it.

const PERCENT: u32 = 0x25;
const PLUS: u32 = 0x2b;

/** Number of bytes that a text stands for, or -1 if a `%` is not followed by two hexadecimal digits. */
export function percentDecodedLength(start: usize, length: i32): i32 {
  let bytes = 0;
  for (let i = 0; i < length; i++) {
    if (<u32>load<u8>(start + <usize>i) === PERCENT) {
      if (i + 2 >= length || !isHex(start + <usize>i + 1) || !isHex(start + <usize>i + 2)) return -1;
      i += 2;
    }
    bytes++;
  }
  return bytes;
}

/** Decodes a text that `percentDecodedLength` has a length for into that many bytes at `target`. */
export function percentDecode(start: usize, length: i32, target: usize, plusIsSpace: bool): void {
  let write = target;
  for (let i = 0; i < length; i++) {
    let byte = <u32>load<u8>(start + <usize>i);
    if (byte === PERCENT && i + 2 < length) {
      byte = (hexValue(load<u8>(start + <usize>i + 1)) << 4) | hexValue(load<u8>(start + <usize>i + 2));
      i += 2;
    } else if (byte === PLUS && plusIsSpace) {
      byte = 0x20;
    }
    store<u8>(write++, <u8>byte);
  }
}

/** Whether a text stands for other bytes than its own. */
export function isEncoded(start: usize, length: i32, plusIsSpace: bool): bool {
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (byte === PERCENT || (byte === PLUS && plusIsSpace)) return true;
  }
  return false;
}

/** Sets an attribute to what a text stands for. Ambiguous: bad encoding, bytes that are not UTF-8, no memory. */
export function setDecoded(slot: i32, start: usize, length: i32, plusIsSpace: bool): void {
  let value = start;
  let bytes = length;
  if (isEncoded(start, length, plusIsSpace)) {
    bytes = percentDecodedLength(start, length);
    value = bytes < 0 ? 0 : arenaTake(<usize>bytes);
    if (value !== 0) percentDecode(start, length, value, plusIsSpace);
  }
  if (value !== 0 && utf8Valid(value, bytes)) setAttribute(slot, value, bytes);
  else attribute(slot).presence = Presence.Ambiguous;
}

function isHex(character: usize): bool {
  const byte = <u32>load<u8>(character);
  return byte - 0x30 < 10 || (byte | 0x20) - 0x61 < 6;
}

/** Value of a hexadecimal digit of either case. */
function hexValue(byte: u32): u32 {
  return byte - 0x30 < 10 ? byte - 0x30 : ((byte | 0x20) - 0x61 + 10) & 15;
}
