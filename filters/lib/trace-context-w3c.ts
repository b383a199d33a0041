// The headers `traceparent` and `tracestate` of W3C Trace Context Level 2, sections 3.2 and 3.3.

import { byteFrom } from "./bytes";
import { afterSpace, beforeSpace } from "./field-space";
import { hexDigit, hexLong, readHexLong, writeHexLong } from "./trace-context-hex";
import { adoptTrace, decided, isRandomTrace, traceIdHigh, traceIdLow } from "./trace-context-state";

/** Bytes of `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
export const TRACEPARENT_BYTES: i32 = 55;
export const MOST_TRACESTATE_BYTES: i32 = 512;

const DASH: u8 = 0x2d;
const COMMA: u8 = 0x2c;
const EQUALS: u8 = 0x3d;

const SAMPLED: i32 = 1;
const RANDOM: i32 = 2;

const MOST_MEMBERS: i32 = 32;
const MOST_KEY_BYTES: usize = 256;
const MOST_VALUE_BYTES: usize = 256;

/** Takes a context over. Of a later version what is known of this one is read, and the rest is left out (section 3.2.4). */
export function readTraceparent(start: usize, length: i32): bool {
  const end = beforeSpace(start, start + <usize>length);
  const from = afterSpace(start, end);
  const size = <i32>(end - from);
  if (size < TRACEPARENT_BYTES) return false;
  const version = byteOf(from);
  if (version < 0 || version === 0xff) return false;
  if (size > TRACEPARENT_BYTES && (version === 0 || !isDash(from + TRACEPARENT_BYTES))) return false;
  if (!isDash(from + 2) || !isDash(from + 35) || !isDash(from + 52)) return false;
  const flags = byteOf(from + 53);
  if (flags < 0 || !readHexLong(from + 3)) return false;
  const high = hexLong();
  if (!readHexLong(from + 19)) return false;
  const low = hexLong();
  if ((high | low) === 0 || !readHexLong(from + 36) || hexLong() === 0) return false;
  adoptTrace(high, low, hexLong(), flags & SAMPLED, (flags & RANDOM) !== 0);
  return true;
}

/** Writes TRACEPARENT_BYTES bytes. Who began a trace with a random id says so, and nobody else changes that (section 3.2.2.5.2). */
export function writeTraceparent(target: usize, spanId: u64): i32 {
  store<u16>(target, 0x3030);
  store<u8>(target, DASH, 2);
  writeHexLong(target + 3, traceIdHigh());
  writeHexLong(target + 19, traceIdLow());
  store<u8>(target, DASH, 35);
  writeHexLong(target + 36, spanId);
  store<u8>(target, DASH, 52);
  store<u8>(target, 0x30, 53);
  store<u8>(target, <u8>(0x30 + (decided() === 1 ? SAMPLED : 0) + (isRandomTrace() ? RANDOM : 0)), 54);
  return TRACEPARENT_BYTES;
}

/**
 * Whether the values of all `tracestate` fields, joined by commas, can be passed on as they are. Empty members are taken, a list
 * of nothing else is not, and neither is one of over 512 bytes or 32 members. Keys may come twice: who receives them drops one.
 */
export function takeTracestate(start: usize, length: i32): bool {
  const end = beforeSpace(start, start + <usize>length);
  let at = afterSpace(start, end);
  if (<i32>(end - at) > MOST_TRACESTATE_BYTES) return false;
  let members = 0;
  while (at < end) {
    const comma = byteFrom(at, end, COMMA);
    const from = afterSpace(at, comma);
    const to = beforeSpace(from, comma);
    if (from < to) {
      if (++members > MOST_MEMBERS || !isMember(from, to)) return false;
    }
    at = comma + 1;
  }
  return members > 0;
}

function isMember(start: usize, end: usize): bool {
  const equals = byteFrom(start, end, EQUALS);
  return isKey(start, equals) && isValue(equals + 1, end);
}

function isKey(start: usize, end: usize): bool {
  if (end - start > MOST_KEY_BYTES || start >= end || !isAlphanumeric(load<u8>(start))) return false;
  for (let at = start + 1; at < end; at++) {
    if (!isKeyByte(load<u8>(at))) return false;
  }
  return true;
}

/** White space at its end was left out before: it is none of the value. Commas cannot be there. */
function isValue(start: usize, end: usize): bool {
  if (start >= end || end - start > MOST_VALUE_BYTES) return false;
  for (let at = start; at < end; at++) {
    const byte = <u32>load<u8>(at);
    if (byte - 0x20 > 0x5e || byte === EQUALS) return false;
  }
  return true;
}

function isKeyByte(byte: u32): bool {
  return isAlphanumeric(byte) || byte === 0x5f || byte === 0x2d || byte === 0x2a || byte === 0x2f || byte === 0x40;
}

function isAlphanumeric(byte: u32): bool {
  return byte - 0x61 < 26 || byte - 0x30 < 10;
}

function isDash(address: usize): bool {
  return load<u8>(address) === DASH;
}

/** Value of two digits, or a negative number. */
function byteOf(start: usize): i32 {
  return (hexDigit(load<u8>(start)) << 4) | hexDigit(load<u8>(start + 1));
}
