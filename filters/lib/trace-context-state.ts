// What is known of the trace of the request at hand: one request at a time.

/** What a caller said, and what was found afterwards, about recording. */
export const UNDECIDED: i32 = -1;

let known: bool = false;
let high: u64 = 0;
let low: u64 = 0;
let parent: u64 = 0;
let decision: i32 = UNDECIDED;
let random: bool = false;

/** Forgets all of it, for the next request. */
export function clearTraceContext(): void {
  known = false;
  high = 0;
  low = 0;
  parent = 0;
  decision = UNDECIDED;
  random = false;
}

/** Takes the context of a caller; `isRandom` as its `traceparent` says. */
export function adoptTrace(idHigh: u64, idLow: u64, spanId: u64, decided: i32, isRandom: bool): void {
  known = true;
  high = idHigh;
  low = idLow;
  parent = spanId;
  decision = decided;
  random = isRandom;
}

/** Takes nothing but the decision of a caller that has no trace. */
export function adoptDecision(decided: i32): void {
  clearTraceContext();
  decision = decided;
}

/** Begins a trace under a random id, without a parent; the decision stays. */
export function setTraceIds(idHigh: u64, idLow: u64): void {
  known = true;
  high = idHigh;
  low = idLow;
  parent = 0;
  random = true;
}

export function setDecided(sampled: bool): void {
  decision = sampled ? 1 : 0;
}

export function hasTraceIds(): bool {
  return known;
}

export function traceIdHigh(): u64 {
  return high;
}

export function traceIdLow(): u64 {
  return low;
}

/** Span of the caller, or 0. */
export function parentSpanId(): u64 {
  return parent;
}

/** UNDECIDED, 0 for no, 1 for yes. */
export function decided(): i32 {
  return decision;
}

/** Whether the trace id is known to be random in its last seven bytes (Trace Context Level 2, section 3.2.2.5.2). */
export function isRandomTrace(): bool {
  return random;
}
