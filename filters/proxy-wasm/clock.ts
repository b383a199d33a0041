import { clock_time_get } from "./abi";
import { resultCell, resultWide } from "./memory";
import { Clock } from "./status";

/** Nanoseconds of a clock that never goes back and is the same for all workers of a process; 0 on failure. */
export function monotonicTime(): u64 {
  return clock_time_get(Clock.Monotonic, 1, resultCell(0)) === 0 ? resultWide(0) : 0;
}
