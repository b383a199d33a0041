import { bytesEqualConstantTime } from "../../lib/bytes";
import { addressOf, at, exists, keepRecords, none } from "../../lib/region";
import { sha256 } from "../../lib/sha256";
import { Consumer } from "./consumers";

// API keys are known by their SHA-256 only. A look-up walks to the place of the digest, and compares all 32 bytes in
// constant time with what is there, or with a dummy when nothing is: a hit and a miss do the same work.

const DIGEST_BYTES: i32 = 32;

/** A place of the table: a digest in four words, and whose it is. Free when it is nobody's. */
@unmanaged
class Key {
  word0: u64 = 0;
  word1: u64 = 0;
  word2: u64 = 0;
  word3: u64 = 0;
  consumer: Consumer = none<Consumer>();
}

@unmanaged
export class KeyTable {
  mask: u32 = 0;
  places: usize = 0;
}

const DUMMY: usize = memory.data(40, 8);
const DIGEST: usize = memory.data(32, 8);

/** A table for up to `count` digests; the missing record without memory. */
export function newKeyTable(count: i32): KeyTable {
  let capacity = 8;
  while (capacity < count * 2) capacity <<= 1;
  const table = at<KeyTable>(keepRecords<KeyTable>(1), 0);
  const places = keepRecords<Key>(capacity);
  if (!exists(table) || places === 0) return none<KeyTable>();
  table.mask = <u32>capacity - 1;
  table.places = places;
  return table;
}

/** Where a digest is, or the free place where it would go. Its second word tells digests apart while walking. */
function placeOf(table: KeyTable, digest: usize): Key {
  const looked = at<Key>(digest, 0);
  let index = <u32>looked.word0 & table.mask;
  // Ends at a free place: a table is never more than half full.
  while (true) {
    const key = at<Key>(table.places, <i32>index);
    if (!exists(key.consumer) || key.word1 === looked.word1) return key;
    index = (index + 1) & table.mask;
  }
}

/** Adds the digest at an address; false if it is there already. */
export function addKey(table: KeyTable, digest: usize, consumer: Consumer): bool {
  const key = placeOf(table, digest);
  if (exists(key.consumer)) return false;
  const added = at<Key>(digest, 0);
  key.word0 = added.word0;
  key.word1 = added.word1;
  key.word2 = added.word2;
  key.word3 = added.word3;
  key.consumer = consumer;
  return true;
}

/** Whose key this is; the missing record if nobody's. */
export function consumerOfKey(table: KeyTable, start: usize, length: i32): Consumer {
  sha256(start, length, DIGEST);
  const place = placeOf(table, DIGEST);
  const key = exists(place.consumer) ? place : at<Key>(DUMMY, 0);
  const same = bytesEqualConstantTime(addressOf(key), DIGEST, DIGEST_BYTES);
  return same ? key.consumer : none<Consumer>();
}
