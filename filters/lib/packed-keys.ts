import { bytesEqual, copyBytes } from "./bytes";
import { JWK_MOST_BYTES, Jwk } from "./jwk";
import { JWS_MOST_KID_BYTES } from "./jws";
import { at } from "./region";

// A set of keys in one piece, as one VM hands it to another: for each key a head, its `kid` and what it is made of.

/** Keys of a set. */
export const PACKED_MOST_KEYS: i32 = 64;

@unmanaged
class Head {
  type: i32 = 0;
  algorithm: i32 = 0;
  curve: i32 = 0;
  /** NO_KID if it has none. */
  kidLength: i32 = 0;
  /** 0 if it cannot be used. */
  keyLength: i32 = 0;
}

const HEAD_BYTES: i32 = 24;
const NO_KID: i32 = -1;

/** Bytes of the largest set. */
export const PACKED_MOST_BYTES: i32 = PACKED_MOST_KEYS * (HEAD_BYTES + JWS_MOST_KID_BYTES + JWK_MOST_BYTES + 16);

function aligned(length: i32): i32 {
  return (length + 7) & ~7;
}

/** Writes `count` keys of an array of Jwk to `target`, which has PACKED_MOST_BYTES; how many bytes they are. */
export function packKeys(keys: usize, count: i32, target: usize): i32 {
  let cursor = target;
  for (let i = 0; i < count; i++) {
    const jwk = at<Jwk>(keys, i);
    const head = at<Head>(cursor, 0);
    const kidLength = jwk.kid === 0 ? 0 : jwk.kidLength;
    const keyLength = jwk.key === 0 ? 0 : jwk.keyLength;
    head.type = jwk.type;
    head.algorithm = jwk.algorithm;
    head.curve = jwk.curve;
    head.kidLength = jwk.kid === 0 ? NO_KID : kidLength;
    head.keyLength = keyLength;
    cursor += HEAD_BYTES;
    copyBytes(cursor, jwk.kid, kidLength);
    cursor += aligned(kidLength);
    copyBytes(cursor, jwk.key, keyLength);
    cursor += aligned(keyLength);
  }
  return <i32>(cursor - target);
}

/** Reads `count` keys into an array of Jwk, which then point into `source`; false if it is not what `packKeys` has written. */
export function unpackKeys(source: usize, length: i32, keys: usize, count: i32): bool {
  if (count < 0 || count > PACKED_MOST_KEYS) return false;
  let cursor = source;
  let left = length;
  for (let i = 0; i < count; i++) {
    if (left < HEAD_BYTES) return false;
    const head = at<Head>(cursor, 0);
    const kidLength = max(0, head.kidLength);
    const keyLength = head.keyLength;
    if (kidLength > JWS_MOST_KID_BYTES || keyLength < 0 || keyLength > JWK_MOST_BYTES) return false;
    const size = HEAD_BYTES + aligned(kidLength) + aligned(keyLength);
    if (left < size) return false;
    const jwk = at<Jwk>(keys, i);
    const kid = cursor + HEAD_BYTES;
    jwk.type = head.type;
    jwk.algorithm = head.algorithm;
    jwk.curve = head.curve;
    jwk.kid = head.kidLength === NO_KID ? 0 : kid;
    jwk.kidLength = kidLength;
    jwk.key = keyLength === 0 ? 0 : kid + <usize>aligned(kidLength);
    jwk.keyLength = keyLength;
    cursor += <usize>size;
    left -= size;
  }
  return left === 0;
}

/** Whether two arrays of Jwk hold the same keys, in whatever order: some issuers shuffle them. */
export function sameKeys(keys: usize, count: i32, others: usize, otherCount: i32): bool {
  return count === otherCount && holds(keys, others, count) && holds(others, keys, count);
}

/** Whether each of the second keys is among the first. */
function holds(keys: usize, others: usize, count: i32): bool {
  for (let i = 0; i < count; i++) {
    let found = false;
    for (let k = 0; k < count && !found; k++) found = isSame(at<Jwk>(keys, k), at<Jwk>(others, i));
    if (!found) return false;
  }
  return true;
}

function isSame(one: Jwk, other: Jwk): bool {
  if (one.type !== other.type || one.algorithm !== other.algorithm || one.curve !== other.curve) return false;
  return (
    isSamePart(one.kid, one.kidLength, other.kid, other.kidLength) &&
    isSamePart(one.key, one.keyLength, other.key, other.keyLength)
  );
}

function isSamePart(one: usize, oneLength: i32, other: usize, otherLength: i32): bool {
  if (one === 0 || other === 0) return one === other;
  return oneLength === otherLength && bytesEqual(one, other, oneLength);
}
