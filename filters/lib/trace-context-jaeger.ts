// The header `uber-trace-id` of Jaeger's clients: `{trace}:{span}:{parent}:{flags}` (jaegertracing.io, "Client libraries", propagation format).

import { afterSpace, beforeSpace } from "./field-space";
import { hexDigit, writeHexLong } from "./trace-context-hex";
import { adoptTrace, decided, traceIdHigh, traceIdLow } from "./trace-context-state";

/** Bytes of `0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1`. */
export const UBER_TRACE_ID_BYTES: i32 = 53;

const COLON: u8 = 0x3a;
const PERCENT: u8 = 0x25;

/** The others mean nothing to us; the one of debugging means nothing without this one. */
const SAMPLED: u64 = 1;

// The number that was read last, and where it ended.
let high: u64 = 0;
let low: u64 = 0;
let at: usize = 0;

/** Numbers are read as Jaeger reads them: in either case, and without their leading zeros if they like. Colons may be percent-encoded. */
export function readUberTraceId(start: usize, length: i32): bool {
  const end = beforeSpace(start, start + <usize>length);
  at = afterSpace(start, end);
  if (!readNumber(end, 32) || (high | low) === 0) return false;
  const traceHigh = high;
  const traceLow = low;
  if (!passColon(end) || !readNumber(end, 16) || low === 0) return false;
  const spanId = low;
  // The parent of the span is no longer used, and 0 for most.
  if (!passColon(end) || !readNumber(end, 16)) return false;
  if (!passColon(end) || !readNumber(end, 2) || at !== end) return false;
  adoptTrace(traceHigh, traceLow, spanId, <i32>(low & SAMPLED), false);
  return true;
}

/** Writes UBER_TRACE_ID_BYTES bytes. */
export function writeUberTraceId(target: usize, spanId: u64): i32 {
  writeHexLong(target, traceIdHigh());
  writeHexLong(target + 16, traceIdLow());
  store<u8>(target, COLON, 32);
  writeHexLong(target + 33, spanId);
  // `:0:`, and the flag.
  store<u16>(target, 0x303a, 49);
  store<u8>(target, COLON, 51);
  store<u8>(target, decided() === 1 ? 0x31 : 0x30, 52);
  return UBER_TRACE_ID_BYTES;
}

/** Reads one to `most` hexadecimal digits, most of them 32. */
function readNumber(end: usize, most: i32): bool {
  high = 0;
  low = 0;
  let digits = 0;
  while (digits < most && at < end) {
    const character = <u32>load<u8>(at);
    const digit = hexDigit(character - 0x41 < 26 ? character | 0x20 : character);
    if (digit < 0) break;
    high = (high << 4) | (low >> 60);
    low = (low << 4) | <u64>digit;
    digits++;
    at++;
  }
  return digits > 0;
}

/** Passes over `:` or `%3A`. */
function passColon(end: usize): bool {
  if (at >= end) return false;
  if (load<u8>(at) === COLON) {
    at++;
    return true;
  }
  if (end - at < 3 || load<u8>(at) !== PERCENT || load<u8>(at, 1) !== 0x33 || (load<u8>(at, 2) | 0x20) !== 0x61)
    return false;
  at += 3;
  return true;
}
