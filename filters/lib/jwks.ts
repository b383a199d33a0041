import { bytesEqual } from "./bytes";
import { JSON_ARRAY, JSON_OBJECT, jsonLength, jsonMember, jsonNext, jsonType } from "./json-tape";
import { JWK_MOST_BYTES, Jwk, jwkFits, KeyType, readJwk } from "./jwk";
import { JwkRefusal } from "./jwk-refusal";
import { JwsAlgorithm } from "./jws-algorithm";
import { at } from "./region";

// Sets of keys (RFC 7517, section 5), and which of them a token means.

/** The document is no object with a list of `keys`. */
export const JWKS_ERROR_SHAPE: i32 = -1;
/** More keys than there is room for. */
export const JWKS_ERROR_COUNT: i32 = -2;
/** Secrets beside public keys: what is in such a document, is either no secret or no longer one. */
export const JWKS_ERROR_MIXED: i32 = -3;

/** No key of the set has the `kid` of a token; a newer set may. */
export const NO_SUCH_KID: i32 = -1;
/** There is such a key, and it does not fit the algorithm, or there are several. */
export const NO_SUCH_KEY: i32 = -2;

const KEYS: usize = memory.data<u8>([0x6b, 0x65, 0x79, 0x73]);

let passedOver: i32 = 0;

/** Bytes of the space that the keys of a document of this length are read to. */
export function jwksSpaceBytes(length: i32): i32 {
  // A key is never longer than its text; the one at hand may have to be given up.
  return length + JWK_MOST_BYTES;
}

/**
 * Reads a set of keys into `keys`, an array of Jwk with room for `most`; what they are made of goes to `space`. Returns how many there are, or a JWKS_ERROR_
 * code. Keys for something else are passed over; one that is broken stays, and cannot be used: its name is taken.
 */
export function readJwks(tape: usize, keys: usize, most: i32, space: usize): i32 {
  const count = readList(tape, keys, most, space);
  let secrets = 0;
  for (let i = 0; i < count; i++) if (at<Jwk>(keys, i).type === KeyType.Secret) secrets++;
  return secrets > 0 && secrets < count ? JWKS_ERROR_MIXED : count;
}

function readList(tape: usize, keys: usize, most: i32, space: usize): i32 {
  passedOver = 0;
  const list = jsonType(tape, 0) === JSON_OBJECT ? jsonMember(tape, 0, KEYS, 4) : -1;
  if (list < 0 || jsonType(tape, list) !== JSON_ARRAY) return JWKS_ERROR_SHAPE;
  if (jsonLength(tape, list) > most) return JWKS_ERROR_COUNT;
  let count = 0;
  let free = space;
  const end = jsonNext(tape, list);
  for (let node = list + 1; node < end; node = jsonNext(tape, node)) {
    const jwk = at<Jwk>(keys, count);
    const refusal = readJwk(tape, node, free, jwk);
    if (refusal !== JwkRefusal.None) passedOver++;
    if (!isNamed(refusal)) continue;
    free += <usize>jwk.keyLength;
    count++;
  }
  return count;
}

/**
 * The same of a set that anybody may read: a secret in it is none, so it cannot be used, and keeps its name as a broken key does.
 */
export function readPublicJwks(tape: usize, keys: usize, most: i32, space: usize): i32 {
  const count = readList(tape, keys, most, space);
  for (let i = 0; i < count; i++) {
    const jwk = at<Jwk>(keys, i);
    if (jwk.type !== KeyType.Secret || jwk.key === 0) continue;
    jwk.key = 0;
    jwk.keyLength = 0;
    passedOver++;
  }
  return count;
}

/** How many keys can be used. */
export function usableJwks(keys: usize, count: i32): i32 {
  let usable = 0;
  for (let i = 0; i < count; i++) if (at<Jwk>(keys, i).key !== 0) usable++;
  return usable;
}

/** Whether a key is good, or would be if it were whole. */
function isNamed(refusal: JwkRefusal): bool {
  switch (refusal) {
    case JwkRefusal.Type:
    case JwkRefusal.Use:
    case JwkRefusal.Algorithm:
    case JwkRefusal.Kid:
      return false;
    default:
      return true;
  }
}

/** How many keys of the last set cannot be used. */
export function jwksPassedOver(): i32 {
  return passedOver;
}

/**
 * The index of the key that a token means, or NO_SUCH_KID, or NO_SUCH_KEY. A `kid` is the first thing that counts; a key without one is for any. It has to
 * be the only one that fits: no second key is ever tried. `kid` is 0 for a token that has none.
 */
export function findJwk(keys: usize, count: i32, kid: usize, kidLength: i32, algorithm: JwsAlgorithm): i32 {
  const named = kid !== 0 && hasKid(keys, count, kid, kidLength);
  let found = NO_SUCH_KEY;
  let candidates = 0;
  for (let i = 0; i < count; i++) {
    const jwk = at<Jwk>(keys, i);
    const means = named ? isKid(jwk, kid, kidLength) : kid === 0 || jwk.kid === 0;
    if (!means) continue;
    candidates++;
    // Of two keys with one name, the token may mean the one that is broken.
    if (named && jwk.key === 0) return NO_SUCH_KEY;
    if (jwk.key === 0 || !jwkFits(jwk, algorithm)) continue;
    if (found >= 0) return NO_SUCH_KEY;
    found = i;
  }
  return candidates === 0 && kid !== 0 ? NO_SUCH_KID : found;
}

function hasKid(keys: usize, count: i32, kid: usize, kidLength: i32): bool {
  for (let i = 0; i < count; i++) {
    if (isKid(at<Jwk>(keys, i), kid, kidLength)) return true;
  }
  return false;
}

function isKid(jwk: Jwk, kid: usize, kidLength: i32): bool {
  return jwk.kid !== 0 && jwk.kidLength === kidLength && bytesEqual(jwk.kid, kid, kidLength);
}
