// The generic cell rate algorithm (ITU-T I.371) in nanoseconds. A bucket is one number: the theoretical arrival time, up to
// which it is in debt. `interval` is the time of one call, `tolerance` that of a full burst; `start` is the arrival time or now,
// whichever is later, so `start - now` is the debt. All sums stay below 2^63 by the bounds of the policy reader.

/** Whether one more call conforms. */
export function conforms(start: u64, now: u64, interval: u64, tolerance: u64): bool {
  return start - now + interval <= tolerance;
}

/** How many calls would conform at once. */
export function callsLeft(start: u64, now: u64, interval: u64, tolerance: u64): u64 {
  const debt = start - now;
  return debt >= tolerance ? 0 : (tolerance - debt) / interval;
}

/** Nanoseconds until one call more than now would conform. */
export function untilNext(start: u64, now: u64, interval: u64, tolerance: u64): u64 {
  const wanted = (callsLeft(start, now, interval, tolerance) + 1) * interval;
  const debt = start - now;
  return debt + wanted > tolerance ? debt + wanted - tolerance : 0;
}

/** Whole seconds that are enough for a number of nanoseconds. */
export function secondsFor(nanoseconds: u64): u64 {
  return (nanoseconds + 999999999) / 1000000000;
}
