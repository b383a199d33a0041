import { at, exists, keepRecord, keepRecords, none } from "../../lib/region";

// Tokens that were refused not long ago, so that whoever tries one again and again does not make the gateway ask again and again. They have a table of
// their own: however many there are, they take no place from those that are good.

const WAYS: i32 = 4;

/** The digest of a token, why it is refused, and until when that holds; free if it holds no more. */
@unmanaged
class Refused {
  word0: u64 = 0;
  word1: u64 = 0;
  word2: u64 = 0;
  word3: u64 = 0;
  until: u64 = 0;
  /** An Outcome. */
  outcome: i32 = 0;
}

@unmanaged
export class RefusedTokens {
  mask: u32 = 0;
  /** Array of Refused. */
  places: usize = 0;
}

/** A table for some `count` tokens, for the life of the VM; the missing record for 0, or without memory. */
export function newRefusedTokens(count: i32): RefusedTokens {
  if (count === 0) return none<RefusedTokens>();
  const table = keepRecord<RefusedTokens>();
  let sets: u32 = 1;
  while (sets * WAYS < <u32>count) sets <<= 1;
  table.mask = sets - 1;
  table.places = keepRecords<Refused>(<i32>sets * WAYS);
  return table.places === 0 ? none<RefusedTokens>() : table;
}

function placeAt(table: RefusedTokens, digest: Refused, way: i32): Refused {
  return at<Refused>(table.places, <i32>(<u32>digest.word0 & table.mask) * WAYS + way);
}

/**
 * Why the token of a digest is refused, an Outcome; -1 if it is not known to be.
 *
 * @param digest address of 32 bytes, aligned to 8
 */
export function refusedAs(table: RefusedTokens, digest: usize, now: u64): i32 {
  if (!exists(table)) return -1;
  const wanted = at<Refused>(digest, 0);
  for (let way = 0; way < WAYS; way++) {
    const place = placeAt(table, wanted, way);
    if (place.until > now && isOf(place, wanted)) return place.outcome;
  }
  return -1;
}

function isOf(place: Refused, wanted: Refused): bool {
  return (
    place.word0 === wanted.word0 &&
    place.word1 === wanted.word1 &&
    place.word2 === wanted.word2 &&
    place.word3 === wanted.word3
  );
}

/** Notes that it is, in the place of the one that is forgotten first. */
export function addRefused(table: RefusedTokens, digest: usize, outcome: i32, until: u64): void {
  if (!exists(table)) return;
  const wanted = at<Refused>(digest, 0);
  let chosen = placeAt(table, wanted, 0);
  for (let way = 0; way < WAYS; way++) {
    const place = placeAt(table, wanted, way);
    if (isOf(place, wanted)) {
      chosen = place;
      break;
    }
    if (place.until < chosen.until) chosen = place;
  }
  chosen.word0 = wanted.word0;
  chosen.word1 = wanted.word1;
  chosen.word2 = wanted.word2;
  chosen.word3 = wanted.word3;
  chosen.until = until;
  chosen.outcome = outcome;
}
