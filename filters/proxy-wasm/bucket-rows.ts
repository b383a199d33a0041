import { addressOf } from "../lib/region";
import { Text } from "../lib/text";
import { currentSet, LimitSet, PLACES, readBytes, writeBytes } from "./buckets";
import { Status } from "./status";

// Buckets of several windows: as in buckets.ts, but each place has one time for each window, and so has the overflow. All of a key are in one
// value, so they change together. A place is given away when all its windows are full again.

function rowBytes(width: i32): usize {
  return 8 + ((<usize>width) << 3);
}

function setBytes(width: i32): i32 {
  return (width << 3) + PLACES * <i32>rowBytes(width);
}

/** Reads a set of rows of `width` times; false if the host fails. Then see `currentSet` and `currentVersion`. */
export function readRows(key: Text, number: u32, width: i32): bool {
  return readBytes(key, number, setBytes(width));
}

/** Writes a set back if nobody else did: Ok, CasMismatch, or a failure. */
export function writeRows(key: Text, number: u32, set: LimitSet, width: i32, expected: u32): Status {
  return writeBytes(key, number, set, setBytes(width), expected);
}

/** The row of a key, else one to take, else 0: then the overflow is meant. */
function rowOf(set: LimitSet, key: u64, now: u64, width: i32): usize {
  let row = addressOf(set) + ((<usize>width) << 3);
  let free: usize = 0;
  for (let i = 0; i < PLACES; i++) {
    if (load<u64>(row) === key) return row;
    if (free === 0 && isFull(row + 8, now, width)) free = row;
    row += rowBytes(width);
  }
  return free;
}

/** Whether the buckets of all windows are full again. */
function isFull(times: usize, now: u64, width: i32): bool {
  for (let i: usize = 0; i < <usize>width; i++) {
    if (load<u64>(times + (i << 3)) > now) return false;
  }
  return true;
}

/** Until when the windows of a key are in debt in the set that was read last: an array of u64. */
export function timesOf(key: u64, now: u64, width: i32): usize {
  const set = currentSet();
  const row = rowOf(set, key, now, width);
  return row !== 0 && load<u64>(row) === key ? row + 8 : addressOf(set);
}

/** The times to be written for a key, in its row, in a free one that it takes, or in the overflow; they begin with `timesOf`. */
export function takeTimes(set: LimitSet, key: u64, now: u64, width: i32): usize {
  const row = rowOf(set, key, now, width);
  if (row === 0) return addressOf(set);
  if (load<u64>(row) !== key) {
    store<u64>(row, key);
    memory.copy(row + 8, addressOf(set), (<usize>width) << 3);
  }
  return row + 8;
}

export function timeAt(times: usize, index: i32): u64 {
  return load<u64>(times + ((<usize>index) << 3));
}

export function setTimeAt(times: usize, index: i32, time: u64): void {
  store<u64>(times + ((<usize>index) << 3), time);
}
