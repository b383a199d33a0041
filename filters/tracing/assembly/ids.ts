import { at } from "../../lib/region";
import { fillRandom } from "../../proxy-wasm/random";

// Random numbers for traces and spans, a block of them at a time: the host is asked once for a hundred.

const NUMBERS: i32 = 128;
const BLOCK: usize = memory.data(NUMBERS * 8, 8);

@unmanaged
class Random {
  value: u64 = 0;
}

let next: i32 = NUMBERS;

/** A random number that is not 0; 0 if the host has none. */
export function drawId(): u64 {
  if (next === NUMBERS) {
    if (!fillRandom(BLOCK, NUMBERS * 8)) return 0;
    next = 0;
  }
  const id = at<Random>(BLOCK, next++).value;
  return id === 0 ? 1 : id;
}
