// The context of a trace, as headers of four forms carry it: read one of them, write any. One request at a time.
// A reader takes over what it reads if that is a good context of its form, and leaves all as it was if not.

import { writeHexLong } from "./trace-context-hex";
import { traceIdHigh, traceIdLow } from "./trace-context-state";

export { B3_BYTES, readB3, readB3Multi, writeB3 } from "./trace-context-b3";
export { readUberTraceId, UBER_TRACE_ID_BYTES, writeUberTraceId } from "./trace-context-jaeger";
export {
  clearTraceContext,
  decided,
  hasTraceIds,
  isRandomTrace,
  parentSpanId,
  setDecided,
  setTraceIds,
  traceIdHigh,
  traceIdLow,
  UNDECIDED,
} from "./trace-context-state";
export {
  MOST_TRACESTATE_BYTES,
  readTraceparent,
  TRACEPARENT_BYTES,
  takeTracestate,
  writeTraceparent,
} from "./trace-context-w3c";

export const TRACE_ID_BYTES: i32 = 32;
export const SPAN_ID_BYTES: i32 = 16;

/** Writes TRACE_ID_BYTES hexadecimal digits. */
export function writeTraceId(target: usize): i32 {
  writeHexLong(target, traceIdHigh());
  writeHexLong(target + 16, traceIdLow());
  return TRACE_ID_BYTES;
}

/** Writes SPAN_ID_BYTES hexadecimal digits. */
export function writeSpanId(target: usize, spanId: u64): i32 {
  writeHexLong(target, spanId);
  return SPAN_ID_BYTES;
}
