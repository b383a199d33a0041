import { addressOf, arenaTakeZeroed, at, exists, keep, none } from "./region";
import { sipHash13 } from "./siphash";
import { Text, textIs } from "./text";

/** A place of a name table: a name and what it stands for. Free when there is no name. */
@unmanaged
class Place {
  name: Text = none<Text>();
  value: i32 = 0;
}

/** Names to numbers: open addressing, at most half full, hashed with a secret of this VM. */
@unmanaged
export class NameTable {
  mask: u32 = 0;
  places: usize = 0;
}

// From the host's random source: names may come from requests, and must not be made to collide.
let secret0: u64 = 0;
let secret1: u64 = 0;

/** Sets the hash secret of all tables made after this; it must not change while one of them is in use. */
export function seedTables(k0: u64, k1: u64): void {
  secret0 = k0;
  secret1 = k1;
}

/** An empty table for up to `count` names, for the life of the VM or in the arena. The missing record without memory. */
export function newNameTable(count: i32, lasting: bool): NameTable {
  let capacity: u32 = 8;
  while (capacity < <u32>count * 2) capacity <<= 1;
  const bytes = <usize>capacity * offsetof<Place>() + offsetof<NameTable>();
  const address = lasting ? keep(bytes) : arenaTakeZeroed(bytes);
  if (address === 0) return none<NameTable>();
  const table = changetype<NameTable>(address);
  table.mask = capacity - 1;
  table.places = address + offsetof<NameTable>();
  return table;
}

/** Hash of bytes that may come from requests, with the secret of this VM. */
export function seededHash(start: usize, length: i32): u64 {
  return sipHash13(secret0, secret1, start, length);
}

function placeOf(table: NameTable, start: usize, length: i32): Place {
  let index = <u32>seededHash(start, length) & table.mask;
  // Ends at a free place: a table is never more than half full.
  while (true) {
    const place = at<Place>(table.places, <i32>index);
    if (addressOf(place.name) === 0 || textIs(place.name, start, length)) return place;
    index = (index + 1) & table.mask;
  }
}

/** The number of a name, or -1. */
export function findName(table: NameTable, start: usize, length: i32): i32 {
  const place = placeOf(table, start, length);
  return exists(place.name) ? place.value : -1;
}

/** Adds a name; false if it is there already. The caller adds no more names than it made room for. */
export function addName(table: NameTable, name: Text, value: i32): bool {
  const place = placeOf(table, name.start, name.length);
  if (exists(place.name)) return false;
  place.name = name;
  place.value = value;
  return true;
}
