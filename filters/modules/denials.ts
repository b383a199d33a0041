import { byteFrom } from "../lib/bytes";
import { addressOf, at } from "../lib/region";
import { Text } from "../lib/text";
import { count, NO_COUNTER, newReasonCounter } from "../proxy-wasm/metrics";

// Why requests were denied, as counters: `sluice_denials.<policy>.<reason>`, where the reason of a rule is its name. Hosts number a counter anew whenever it is
// defined, so each is defined once, when it is needed first. Decisions are texts of the configuration, which stay where they are as long as the VM.

const SPACE: u32 = 0x20;
const SLASH: u32 = 0x2f;

const PLACES: u32 = 4096;
/** The table is never more than three quarters full. */
const MOST: i32 = 3072;

@unmanaged
class Denial {
  /** Address of the Text of the decision; 0 if the place is free. */
  decision: usize = 0;
  counter: u32 = 0;
}

const DENIALS: usize = memory.data(<i32>PLACES * 8, 8);

let known: i32 = 0;

/** Counts a denial by its reason. Beyond 3,072 different ones only those that are known are counted. */
export function countDenial(decision: Text): void {
  const denial = placeOf(addressOf(decision));
  if (denial.decision === 0) {
    if (known === MOST) return;
    known++;
    denial.decision = addressOf(decision);
    denial.counter = counterOf(decision);
  }
  if (denial.counter !== NO_COUNTER) count(denial.counter);
}

/** Where a decision is, or the free place where it would go. */
function placeOf(address: usize): Denial {
  let index = ((<u32>address >> 2) * 0x9e3779b1) & (PLACES - 1);
  // Ends at a free place, which there always is.
  while (true) {
    const denial = at<Denial>(DENIALS, <i32>index);
    if (denial.decision === address || denial.decision === 0) return denial;
    index = (index + 1) & (PLACES - 1);
  }
}

/** The counter of a decision: `<policy>/<rule> denied rule`, or `<policy> denied <reason>`. */
function counterOf(decision: Text): u32 {
  const end = decision.start + <usize>decision.length;
  const said = byteFrom(decision.start, end, SPACE);
  const slash = byteFrom(decision.start, said, SLASH);
  if (slash < said) return newReasonCounter(decision.start, slash, slash + 1, said);
  const reason = byteFrom(said + 1, end, SPACE) + 1;
  return reason < end ? newReasonCounter(decision.start, said, reason, end) : NO_COUNTER;
}
