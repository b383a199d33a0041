import { arenaGiveBack, arenaTake } from "./region";

// Memory for values that one evaluation of one condition makes. It is bounded, so that no request can make a condition use up the
// arena; a value that does not fit is unknown.

/** Two values as long as the largest header that Envoy takes by default. */
const SCRATCH_BYTES: i32 = 120 << 10;

let start: usize = 0;
let used: i32 = 0;

/** Memory until `scratchEnd`, or 0. Most conditions take none, and then nothing is taken from the arena either. */
export function scratchTake(bytes: i32): usize {
  if (start === 0) {
    start = arenaTake(SCRATCH_BYTES);
    used = 0;
    if (start === 0) return 0;
  }
  if (bytes > SCRATCH_BYTES - used) return 0;
  const address = start + <usize>used;
  used += bytes;
  return address;
}

/** Gives everything back. */
export function scratchEnd(): void {
  if (start === 0) return;
  arenaGiveBack(start);
  start = 0;
}
