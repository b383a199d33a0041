import { seedKeys } from "../lib/bucket-key";
import { addressOf, arenaTake, arenaTakeZeroed, at, none } from "../lib/region";
import { keepLiteral, Text } from "../lib/text";
import { fillRandom } from "./random";
import { CREATE_ONLY, readShared, sharedLength, sharedStart, sharedVersion, writeShared } from "./shared-data";
import { Status } from "./status";

// The buckets of limits, for all workers: a fixed number of sets, each one value in shared data with eight places and an overflow.
//
// A key has a place of its own, or none. A place whose bucket is full again (its time is not later than now) is given away first, which
// loses nothing. When all eight are in use, the keys without a place share the overflow bucket; and a key that gets a place later begins with
// the overflow's time. So the debt of a key is never forgotten: a full set may tighten a limit, it never loosens one, and keys that have
// a place do not feel it.

@unmanaged
class Seed {
  word0: u64 = 0;
  word1: u64 = 0;
}

let isSeeded: bool = false;

/**
 * Seeds the hash that all workers share, once for a VM: the first VM of a `vm_id` makes the seed, the others find it. False if the host has no random
 * bytes or no shared data.
 */
export function seedBuckets(): bool {
  if (isSeeded) return true;
  const key = keepLiteral("sluice.seed.1");
  const seed = arenaTake(16);
  if (seed === 0 || !fillRandom(seed, 16)) return false;
  const status = writeShared(key.start, key.length, seed, 16, CREATE_ONLY);
  if (status !== Status.Ok && status !== Status.CasMismatch) return false;
  if (readShared(key.start, key.length) !== Status.Ok || sharedLength() !== 16) return false;
  const shared = at<Seed>(sharedStart(), 0);
  seedKeys(shared.word0, shared.word1);
  isSeeded = true;
  return true;
}

export const PLACES: i32 = 8;
const SET_BYTES: i32 = 8 + PLACES * 16;

@unmanaged
class Bucket {
  key: u64 = 0;
  /** Theoretical arrival time. */
  time: u64 = 0;
}

@unmanaged
export class LimitSet {
  overflow: u64 = 0;
}

@unmanaged
class KeyTail {
  number: u32 = 0;
}

let set: LimitSet = none<LimitSet>();
let version: u32 = 0;

/** Reads a set; false if the host fails. `key` ends in four bytes for the number of the set. */
export function readSet(key: Text, number: u32): bool {
  return readBytes(key, number, SET_BYTES);
}

/** The same of a set of so many bytes; one that was never written is all zeros. */
export function readBytes(key: Text, number: u32, bytes: i32): bool {
  at<KeyTail>(key.start + <usize>key.length - 4, 0).number = number;
  const status = readShared(key.start, key.length);
  if (status === Status.Ok) {
    if (sharedLength() !== bytes) return false;
    set = at<LimitSet>(sharedStart(), 0);
    version = sharedVersion();
    return true;
  }
  if (status !== Status.NotFound) return false;
  const fresh = arenaTakeZeroed(<usize>bytes);
  if (fresh === 0) return false;
  set = at<LimitSet>(fresh, 0);
  version = CREATE_ONLY;
  return true;
}

/** The set that was read last, to be handed to the functions below. */
export function currentSet(): LimitSet {
  return set;
}

export function currentVersion(): u32 {
  return version;
}

function bucketAt(target: LimitSet, index: i32): Bucket {
  return at<Bucket>(addressOf(target) + 8, index);
}

/** The place of a key, else one to take, else the missing record: then the overflow is meant. */
function placeOf(target: LimitSet, key: u64, now: u64): Bucket {
  let free = none<Bucket>();
  for (let i = 0; i < PLACES; i++) {
    const bucket = bucketAt(target, i);
    if (bucket.key === key) return bucket;
    if (bucket.time <= now && addressOf(free) === 0) free = bucket;
  }
  return free;
}

/** Until when a key is in debt; not later than now if it is not. */
export function timeOf(target: LimitSet, key: u64, now: u64): u64 {
  const bucket = placeOf(target, key, now);
  return addressOf(bucket) !== 0 && bucket.key === key ? bucket.time : target.overflow;
}

/** Puts a key in debt until a time, in its place, in a free one, or in the overflow. */
export function setTime(target: LimitSet, key: u64, now: u64, time: u64): void {
  const bucket = placeOf(target, key, now);
  if (addressOf(bucket) === 0) {
    target.overflow = time;
    return;
  }
  bucket.key = key;
  bucket.time = time;
}

/** Writes a set back if nobody else did: Ok, CasMismatch, or a failure. */
export function writeSet(key: Text, number: u32, target: LimitSet, expected: u32): Status {
  return writeBytes(key, number, target, SET_BYTES, expected);
}

/** The same of a set of so many bytes. */
export function writeBytes(key: Text, number: u32, target: LimitSet, bytes: i32, expected: u32): Status {
  at<KeyTail>(key.start + <usize>key.length - 4, 0).number = number;
  return writeShared(key.start, key.length, addressOf(target), bytes, expected);
}
