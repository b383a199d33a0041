import { HMAC_MOST_BYTES, hmacFinal, hmacInit, hmacUpdate } from "../../lib/hmac";
import { addressOf, arenaTakeZeroed, at, exists, none } from "../../lib/region";
import { compose, keepComposed, putByte, putDecimal, putLiteral, Text } from "../../lib/text";
import {
  CREATE_ONLY,
  readShared,
  sharedLength,
  sharedStart,
  sharedVersion,
  writeShared,
} from "../../proxy-wasm/shared-data";
import { Status } from "../../proxy-wasm/status";

// Nonces that were used, for all workers: a fixed number of sets, each one value in shared data. A nonce stands there until no signature with it can be
// good any more; a set in which no place is free refuses new ones, as to forget one would let it be used again. There is room for twice as many as the
// policy says, so that a set is full before its time about once in a hundred million.

const PLACES: i32 = 64;
/** On average, of the number that the policy says. */
const NONCES_A_SET: i32 = 32;
const SET_BYTES: i32 = PLACES * 16;
/** How often a set is tried that other workers write to. */
const MOST_TRIES: i32 = 16;

export enum Nonce {
  Fresh = 0,
  Used = 1,
  /** There is no room for it, or the host fails. */
  Unknown = 2,
}

@unmanaged
class Place {
  print: u64 = 0;
  /** Seconds since 1970; free when that has passed. */
  until: i64 = 0;
}

@unmanaged
class KeyTail {
  number: u32 = 0;
}

const PRINT: usize = memory.data(HMAC_MOST_BYTES, 8);
const SEPARATOR: usize = memory.data<u8>([0]);

/** The name of the sets of a policy, which ends in four bytes for their number. Policies with as many share them. */
export function nonceSetsKey(nonces: i32): Text {
  compose(48);
  putLiteral("sluice.nonces.1.");
  putDecimal(<u64>nonces);
  putByte(0x2e);
  for (let i = 0; i < 4; i++) putByte(0);
  return keepComposed();
}

/**
 * Takes a nonce of a key, once.
 * @param mix prepared key that nobody knows who could choose nonces
 * @param until the last second at which the signature is good
 */
export function takeNonce(
  setKey: Text,
  nonces: i32,
  mix: usize,
  keyId: usize,
  keyIdLength: i32,
  nonce: usize,
  nonceLength: i32,
  now: i64,
  until: i64,
): Nonce {
  hmacInit(mix);
  hmacUpdate(keyId, keyIdLength);
  hmacUpdate(SEPARATOR, 1);
  hmacUpdate(nonce, nonceLength);
  hmacFinal(PRINT);
  const print = at<Place>(PRINT, 0).print;
  const sets = <u64>((nonces + NONCES_A_SET - 1) / NONCES_A_SET);
  at<KeyTail>(setKey.start + <usize>setKey.length - 4, 0).number = <u32>(<u64>at<Place>(PRINT, 0).until % sets);
  for (let i = 0; i < MOST_TRIES; i++) {
    const set = readSet(setKey);
    if (set === 0) return Nonce.Unknown;
    const place = placeOf(set, print, now);
    if (!exists(place)) return Nonce.Unknown;
    if (place.print === print && place.until >= now) return Nonce.Used;
    place.print = print;
    place.until = until;
    const status = writeShared(setKey.start, setKey.length, set, SET_BYTES, version);
    if (status === Status.Ok) return Nonce.Fresh;
    if (status !== Status.CasMismatch) return Nonce.Unknown;
  }
  return Nonce.Unknown;
}

let version: u32 = 0;

/** The set of the key, in the arena; 0 if the host fails. */
function readSet(key: Text): usize {
  const status = readShared(key.start, key.length);
  if (status === Status.Ok) {
    version = sharedVersion();
    return sharedLength() === SET_BYTES ? sharedStart() : 0;
  }
  version = CREATE_ONLY;
  return status === Status.NotFound ? arenaTakeZeroed(SET_BYTES) : 0;
}

/** Where a nonce stands, else where it may go; the missing record if there is no room. */
function placeOf(set: usize, print: u64, now: i64): Place {
  let free = none<Place>();
  for (let i = 0; i < PLACES; i++) {
    const place = at<Place>(set, i);
    if (place.until < now) {
      if (addressOf(free) === 0) free = place;
    } else if (place.print === print) return place;
  }
  return free;
}
