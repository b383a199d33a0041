// The generic cell rate algorithm (ITU-T I.371) in nanoseconds. A bucket is one number: the theoretical arrival time, up to
// which it is in debt. `interval` is the time of one call, `tolerance` that of a full burst; `start` is the arrival time or now,
// whichever is later, so `start - now` is the debt. All sums stay below 2^63 by the bounds of the policy reader.

/** Whether calls that take `time` conform. */
export function conforms(start: u64, now: u64, time: u64, tolerance: u64): bool {
  return start - now + time <= tolerance;
}

/** How many calls would conform at once. */
export function callsLeft(start: u64, now: u64, interval: u64, tolerance: u64): u64 {
  const debt = start - now;
  return debt >= tolerance ? 0 : (tolerance - debt) / interval;
}

/** Nanoseconds until one call more than now would conform. */
export function untilNext(start: u64, now: u64, interval: u64, tolerance: u64): u64 {
  return untilConforms(start, now, (callsLeft(start, now, interval, tolerance) + 1) * interval, tolerance);
}

/** Nanoseconds until calls that take `time` conform, if ever. */
export function untilConforms(start: u64, now: u64, time: u64, tolerance: u64): u64 {
  const debt = start - now;
  return debt + time > tolerance ? debt + time - tolerance : 0;
}

/** Whole seconds that are enough for a number of nanoseconds. */
export function secondsFor(nanoseconds: u64): u64 {
  return (nanoseconds + 999999999) / 1000000000;
}
