import { byteFrom } from "../lib/bytes";
import { addressOf, at, exists } from "../lib/region";
import { seededHash } from "../lib/table";
import { Text } from "../lib/text";
import { count, NO_COUNTER, newReasonCounter } from "../proxy-wasm/metrics";
import { propertyLength, propertyStart } from "../proxy-wasm/properties";
import { readRouteName } from "./source";

// Why requests were denied, and where, as counters: `sluice_denials.<policy>.<reason>.<route>`, where the reason of a rule is its name. Hosts number a counter
// anew whenever it is defined, so each is defined once, when it is needed first. Decisions are texts of the configuration, which stay where they are as long as
// the VM; routes are told by the host, and known by the hash of their names.

const SPACE: u32 = 0x20;
const SLASH: u32 = 0x2f;

const PLACES: u32 = 4096;
/** The table is never more than seven eighths full, and the last eighth of that is for denials without their routes. */
const MOST_BY_ROUTE: i32 = 3072;
const MOST: i32 = 3584;

@unmanaged
class Denial {
  /** Hash of the name of the route; 0 of denials of any. */
  route: u64 = 0;
  /** Address of the Text of the decision; 0 if the place is free. */
  decision: usize = 0;
  counter: u32 = 0;
}

const DENIALS: usize = memory.data(<i32>PLACES * 16, 8);

let known: i32 = 0;

/**
 * Counts a denial by its reason and route. Beyond 3,072 different ones, those that are not known are counted without their routes, and beyond 3,584 only those
 * that are known.
 *
 * @param name of the route; the host is asked for it if it is the missing record
 */
export function countDenial(decision: Text, name: Text): void {
  const isRouted = exists(name) || readRouteName();
  const route = exists(name) ? name.start : isRouted ? propertyStart() : 0;
  const length = exists(name) ? name.length : isRouted ? propertyLength() : 0;
  if (isRouted && counted(decision, seededHash(route, length), route, length, MOST_BY_ROUTE)) return;
  counted(decision, 0, 0, 0, MOST);
}

function counted(decision: Text, hash: u64, route: usize, length: i32, most: i32): bool {
  const denial = placeOf(addressOf(decision), hash);
  if (denial.decision === 0) {
    if (known >= most) return false;
    known++;
    denial.decision = addressOf(decision);
    denial.route = hash;
    denial.counter = counterOf(decision, route, length);
  }
  if (denial.counter !== NO_COUNTER) count(denial.counter);
  return true;
}

/** Where a decision on a route is, or the free place where it would go. */
function placeOf(address: usize, route: u64): Denial {
  let index = ((<u32>(address >> 2) * 0x9e3779b1) ^ <u32>route) & (PLACES - 1);
  // Ends at a free place, which there always is.
  while (true) {
    const denial = at<Denial>(DENIALS, <i32>index);
    if ((denial.decision === address && denial.route === route) || denial.decision === 0) return denial;
    index = (index + 1) & (PLACES - 1);
  }
}

/** The counter of a decision: `<policy>/<rule> denied rule`, or `<policy> denied <reason>`. */
function counterOf(decision: Text, route: usize, length: i32): u32 {
  const end = decision.start + <usize>decision.length;
  const said = byteFrom(decision.start, end, SPACE);
  const slash = byteFrom(decision.start, said, SLASH);
  if (slash < said) return newReasonCounter(decision.start, slash, slash + 1, said, route, length);
  const reason = byteFrom(said + 1, end, SPACE) + 1;
  return reason < end ? newReasonCounter(decision.start, said, reason, end, route, length) : NO_COUNTER;
}
