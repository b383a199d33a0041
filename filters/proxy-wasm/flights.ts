import { addressOf, at, exists, none } from "../lib/region";
import { Text } from "../lib/text";
import { currentSet, currentVersion, LimitSet, readBytes, writeBytes } from "./buckets";
import { Status } from "./status";
import { isAlive, ownVm } from "./vms";

// How many calls are in flight, for all workers: a fixed number of sets, each one value in shared data with sixteen places. A place is of a key and a VM, and
// has what that VM alone counts, so that what a VM which is gone has left does not count. A set that is full lets no more keys in: that
// tightens a limit, and never loosens one.

const PLACES: i32 = 16;
const SET_BYTES: i32 = PLACES * 16;
const ATTEMPTS: i32 = 32;

@unmanaged
class Flight {
  key: u64 = 0;
  vm: u32 = 0;
  count: u32 = 0;
}

/** What came of an attempt to take off. */
export enum Departure {
  Taken = 0,
  Refused = 1,
  Failed = 2,
}

let own: Flight = none<Flight>();
let free: Flight = none<Flight>();
let others: u64 = 0;

/** Looks through a set: what other VMs count of a key, the place of this one, and a place of nobody. What is of VMs that are gone is nobody's. */
function survey(set: LimitSet, key: u64, now: u64): void {
  own = none<Flight>();
  free = none<Flight>();
  others = 0;
  for (let i = 0; i < PLACES; i++) {
    const flight = at<Flight>(addressOf(set), i);
    if (flight.count !== 0 && !isAlive(flight.vm, now)) flight.count = 0;
    if (flight.count === 0) {
      if (!exists(free)) free = flight;
    } else if (flight.key === key) {
      if (flight.vm === ownVm()) own = flight;
      else others += <u64>flight.count;
    }
  }
}

function note(key: u64, count: u32): bool {
  const flight = exists(own) ? own : free;
  if (!exists(flight)) return false;
  flight.key = key;
  flight.vm = ownVm();
  flight.count = count;
  return true;
}

/**
 * Counts one call more of a key, if with it there are no more than `most`.
 *
 * @param name of the sets, with four bytes at its end for the number of the set
 * @param here how many this VM counts so far
 */
export function takeOff(name: Text, number: u32, key: u64, here: u32, most: u32, now: u64): Departure {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readBytes(name, number, SET_BYTES)) return Departure.Failed;
    const set = currentSet();
    const version = currentVersion();
    survey(set, key, now);
    if (others + <u64>here + 1 > <u64>most || !note(key, here + 1)) return Departure.Refused;
    const status = writeBytes(name, number, set, SET_BYTES, version);
    if (status === Status.Ok) return Departure.Taken;
    if (status !== Status.CasMismatch) return Departure.Failed;
  }
  return Departure.Failed;
}

/** Notes how many calls of a key this VM counts; false if that was not possible. */
export function setFlights(name: Text, number: u32, key: u64, here: u32, now: u64): bool {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!readBytes(name, number, SET_BYTES)) return false;
    const set = currentSet();
    const version = currentVersion();
    survey(set, key, now);
    if (here === 0 && !exists(own)) return true;
    if (!note(key, here)) return false;
    const status = writeBytes(name, number, set, SET_BYTES, version);
    if (status !== Status.CasMismatch) return status === Status.Ok;
  }
  return false;
}
