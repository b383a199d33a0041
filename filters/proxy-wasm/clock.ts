import { clock_time_get } from "./abi";
import { resultCell, resultWide } from "./memory";
import { Clock } from "./status";

/** Nanoseconds of a clock that never goes back and is the same for all workers of a process; 0 on failure. */
export function monotonicTime(): u64 {
  return clock_time_get(Clock.Monotonic, 1, resultCell(0)) === 0 ? resultWide(0) : 0;
}

/** Milliseconds since 1970 by the clock of the machine; 0 on failure. */
export function unixTime(): i64 {
  return clock_time_get(Clock.Realtime, 1, resultCell(0)) === 0 ? <i64>(resultWide(0) / 1000000) : 0;
}

/** Nanoseconds since 1970 by the clock of the machine; 0 on failure. */
export function unixNanoseconds(): u64 {
  return clock_time_get(Clock.Realtime, 1, resultCell(0)) === 0 ? resultWide(0) : 0;
}
