import { sipHashFinal, sipHashInit, sipHashUpdate, sipHashUpdateU64 } from "./siphash";
import { Text } from "./text";

// Keys of buckets: keyed hashes of what is counted. The secret is random, and the same in all workers: nobody outside can make two callers collide.

let seed0: u64 = 0;
let seed1: u64 = 0;

/** Sets the secret that all workers share; before any key is made. */
export function seedKeys(k0: u64, k1: u64): void {
  seed0 = k0;
  seed1 = k1;
}

/** One half of the hash key for what two names stand for. */
export function keyOfNames(name: Text, other: Text, half: u64): u64 {
  sipHashInit(seed0, seed1 ^ half, 2, 4);
  putPart(name.start, name.length);
  putPart(other.start, other.length);
  return sipHashFinal();
}

/** Begins the key of a bucket. */
export function beginKey(k0: u64, k1: u64): void {
  sipHashInit(k0, k1, 2, 4);
}

/** Adds a part, with its length in front. */
export function putPart(start: usize, length: i32): void {
  sipHashUpdateU64(<u64>length);
  sipHashUpdate(start, length);
}

/** Adds a part that is missing, as an empty one. */
export function putNoPart(): void {
  sipHashUpdateU64(0);
}

/** Ends the key: never 0. */
export function endKey(): u64 {
  const key = sipHashFinal();
  return key === 0 ? 1 : key;
}
