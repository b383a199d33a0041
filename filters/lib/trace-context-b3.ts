// B3 of Zipkin (github.com/openzipkin/b3-propagation): the header `b3`, and the older one of many headers, `x-b3-...`.

import { bytesEqualLower } from "./bytes";
import { afterSpace, beforeSpace } from "./field-space";
import { hexLong, readHexLong, writeHexLong } from "./trace-context-hex";
import { adoptDecision, adoptTrace, decided, traceIdHigh, traceIdLow, UNDECIDED } from "./trace-context-state";

/** Bytes of `80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1`, the most that is written. */
export const B3_BYTES: i32 = 51;

const DASH: u8 = 0x2d;
const ZERO: u8 = 0x30;
const ONE: u8 = 0x31;
const DEBUG: u8 = 0x64;

const TRUE: usize = memory.data<u8>([0x74, 0x72, 0x75, 0x65]);
const FALSE: usize = memory.data<u8>([0x66, 0x61, 0x6c, 0x73, 0x65]);

/** No decision at all, which is not UNDECIDED. */
const MALFORMED: i32 = -2;

// A trace id of 64 bits is one of 128 whose first half is zero.
let high: u64 = 0;
let low: u64 = 0;

/** `{trace}-{span}`, `{trace}-{span}-{decision}`, `{trace}-{span}-{decision}-{parent}` or nothing but a decision. */
export function readB3(start: usize, length: i32): bool {
  const end = beforeSpace(start, start + <usize>length);
  const from = afterSpace(start, end);
  if (end - from === 1) {
    const decision = decisionOf(load<u8>(from));
    if (decision === MALFORMED) return false;
    adoptDecision(decision);
    return true;
  }
  const traceDigits: usize = end - from > 32 && load<u8>(from, 32) === DASH ? 32 : 16;
  const span = from + traceDigits + 1;
  if (end < span + 16 || load<u8>(span - 1) !== DASH) return false;
  if (!readTraceId(from, traceDigits) || !readHexLong(span)) return false;
  const spanId = hexLong();
  let decision = UNDECIDED;
  const rest = span + 16;
  if (rest < end) {
    // Of these bytes there are 2, or 19 with the parent of the span, which nobody here wants to know.
    const isWhole = end - rest === 2 || (end - rest === 19 && load<u8>(rest, 2) === DASH && readHexLong(rest + 3));
    if (!isWhole || load<u8>(rest) !== DASH) return false;
    decision = decisionOf(load<u8>(rest, 1));
    if (decision === MALFORMED) return false;
  }
  if (spanId === 0) return false;
  adoptTrace(high, low, spanId, decision, false);
  return true;
}

/** The values of `x-b3-traceid`, `x-b3-spanid`, `x-b3-sampled` and `x-b3-flags`; a length is -1 where a header is absent. */
export function readB3Multi(
  traceId: usize,
  traceIdLength: i32,
  spanId: usize,
  spanIdLength: i32,
  sampled: usize,
  sampledLength: i32,
  flags: usize,
  flagsLength: i32,
): bool {
  let decision = sampledLength < 0 ? UNDECIDED : wordOf(sampled, sampledLength);
  if (decision === MALFORMED) return false;
  // Other flags than the one of debugging mean nothing; that one is stronger than a decision.
  if (isDebugFlag(flags, flagsLength)) decision = 1;
  if (traceIdLength < 0 && spanIdLength < 0) {
    if (sampledLength < 0 && flagsLength < 0) return false;
    adoptDecision(decision);
    return true;
  }
  if (traceIdLength < 0 || spanIdLength < 0) return false;

  const traceEnd = beforeSpace(traceId, traceId + <usize>traceIdLength);
  const trace = afterSpace(traceId, traceEnd);
  if (!readTraceId(trace, traceEnd - trace)) return false;
  const spanEnd = beforeSpace(spanId, spanId + <usize>spanIdLength);
  const span = afterSpace(spanId, spanEnd);
  if (spanEnd - span !== 16 || !readHexLong(span) || hexLong() === 0) return false;
  adoptTrace(high, low, hexLong(), decision, false);
  return true;
}

/** Writes `{trace}-{span}-{decision}`, without the last where nothing is decided; the trace id always in 128 bits. */
export function writeB3(target: usize, spanId: u64): i32 {
  writeHexLong(target, traceIdHigh());
  writeHexLong(target + 16, traceIdLow());
  store<u8>(target, DASH, 32);
  writeHexLong(target + 33, spanId);
  if (decided() === UNDECIDED) return B3_BYTES - 2;
  store<u8>(target, DASH, 49);
  store<u8>(target, decided() === 1 ? ONE : ZERO, 50);
  return B3_BYTES;
}

function readTraceId(start: usize, digits: usize): bool {
  if (digits !== 32 && digits !== 16) return false;
  high = 0;
  if (digits === 32) {
    if (!readHexLong(start)) return false;
    high = hexLong();
  }
  if (!readHexLong(start + digits - 16)) return false;
  low = hexLong();
  return (high | low) !== 0;
}

/** Who debugs wants the trace recorded. */
function decisionOf(character: u32): i32 {
  if (character === ZERO) return 0;
  return character === ONE || character === DEBUG ? 1 : MALFORMED;
}

/** `0` and `1`, and what tracers wrote before there was a specification. */
function wordOf(start: usize, length: i32): i32 {
  const end = beforeSpace(start, start + <usize>length);
  const from = afterSpace(start, end);
  const size = <i32>(end - from);
  if (size === 1 && load<u8>(from) !== DEBUG) return decisionOf(load<u8>(from));
  if (size === 4 && bytesEqualLower(from, TRUE, 4)) return 1;
  return size === 5 && bytesEqualLower(from, FALSE, 5) ? 0 : MALFORMED;
}

function isDebugFlag(start: usize, length: i32): bool {
  if (length < 1) return false;
  const end = beforeSpace(start, start + <usize>length);
  const from = afterSpace(start, end);
  return end - from === 1 && load<u8>(from) === ONE;
}
