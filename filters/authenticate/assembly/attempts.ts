import { monotonicTime } from "../../proxy-wasm/clock";

// How much of a worker passwords may take: deriving one costs about a millisecond, in which the worker serves nobody else. What was
// derived before and is known to be right costs nothing of it.

/** Nanoseconds for a round: 100,000 rounds a second, some 40 ms of each. */
const INTERVAL: u64 = 10000;
/** 200,000 rounds at once. */
const TOLERANCE: u64 = 200000 * INTERVAL;

let time: u64 = 0;

/** Takes what deriving a password costs from the budget of this worker; false if that is used up, or the clock fails. */
export function takeRounds(rounds: i32): bool {
  const now = monotonicTime();
  if (now === 0) return false;
  const end = max(time, now) + <u64>rounds * INTERVAL;
  if (end - now > TOLERANCE) return false;
  time = end;
  return true;
}
