import { bytesEqual, copyBytes } from "../../lib/bytes";
import { relocateTape } from "../../lib/json-relocation";
import { JSON_NODE_BYTES, jsonNext } from "../../lib/json-tape";
import { Jws, jwsPayloadBytes } from "../../lib/jws";
import { JwtClaims } from "../../lib/jwt";
import { addressOf, at, exists, keep, keepRecord, none } from "../../lib/region";
import { seededHash } from "../../lib/table";

// Tokens that were verified, with what they claim, so that the next request with one of them costs no signature and no parsing. All of it is a ring
// of bytes: the newest token takes the place of the oldest ones. An index of four places for each hash says where a token may be.

/** Bytes of the ring for each token that the cache is to hold: a token of some 800 bytes and its payload, read. */
const BYTES_EACH: i32 = 2048;
/** A ring has room for a few tokens of the greatest length. */
const LEAST_BYTES: i32 = 65536;
const WAYS: i32 = 4;
/** Bytes behind a text, so that it may be read in whole words. */
const SLACK: i32 = 16;

@unmanaged
export class TokenCache {
  /** Bytes of the ring. */
  size: i32 = 0;
  ring: usize = 0;
  /** Where the next token goes, counted from the beginning and never back. */
  written: i64 = 0;
  mask: u32 = 0;
  /** Array of Place. */
  places: usize = 0;
}

/** Where a token was written; 0 if none was. */
@unmanaged
class Place {
  position: i64 = 0;
}

/** A token in the ring: this, its tape, its payload and its own bytes. */
@unmanaged
export class KnownToken {
  hash: u64 = 0;
  claims: JwtClaims = none<JwtClaims>();
  tape: usize = 0;
  token: usize = 0;
  tokenLength: i32 = 0;
  /** Of a token that somebody else vouches for: until when, as whoever added it counts. */
  until: u64 = 0;
}

/** The bytes of a token that its hash is made of: the last, which are those of its signature and cannot be chosen. */
const HASHED: i32 = 64;

/** All of a token is compared, so it need not be hashed. Only tokens that were verified are in the cache. */
function hashOf(token: usize, length: i32): u64 {
  const skipped = max(0, length - HASHED);
  return seededHash(token + <usize>skipped, length - skipped);
}

/** A cache for some `count` tokens, for the life of the VM; the missing record for 0, or without memory. */
export function newTokenCache(count: i32): TokenCache {
  if (count === 0) return none<TokenCache>();
  const cache = keepRecord<TokenCache>();
  let sets: u32 = 1;
  while (sets * WAYS < <u32>count) sets <<= 1;
  cache.mask = sets - 1;
  cache.size = max(LEAST_BYTES, count * BYTES_EACH);
  cache.ring = keep(<usize>cache.size);
  cache.places = keep(<usize>sets * WAYS * offsetof<Place>());
  // No position is 0.
  cache.written = <i64>cache.size;
  return cache.ring === 0 || cache.places === 0 ? none<TokenCache>() : cache;
}

function placeAt(cache: TokenCache, hash: u64, way: i32): Place {
  return at<Place>(cache.places, <i32>(<u32>hash & cache.mask) * WAYS + way);
}

function isThere(cache: TokenCache, place: Place): bool {
  return place.position !== 0 && cache.written - place.position <= <i64>cache.size;
}

function tokenAt(cache: TokenCache, position: i64): KnownToken {
  return at<KnownToken>(cache.ring + <usize>(position % <i64>cache.size), 0);
}

/**
 * The token with exactly these bytes; the missing record if it is not there. The secret of the hash keeps others from filling the places of a token, and
 * all of it is compared. What is given stays good until `addToken`.
 */
export function knownToken(cache: TokenCache, token: usize, length: i32): KnownToken {
  if (!exists(cache)) return none<KnownToken>();
  const hash = hashOf(token, length);
  for (let way = 0; way < WAYS; way++) {
    const place = placeAt(cache, hash, way);
    if (!isThere(cache, place)) continue;
    const known = tokenAt(cache, place.position);
    if (known.hash !== hash || known.tokenLength !== length) continue;
    if (bytesEqual(known.token, token, length)) return known;
  }
  return none<KnownToken>();
}

/** Adds a token that was verified; one that is too long for the ring is left out. */
export function addToken(cache: TokenCache, token: usize, length: i32, jws: Jws, claims: JwtClaims): void {
  addClaims(cache, token, length, jws.tape, jws.free, jwsPayloadBytes(jws), claims);
}

/** The same of what is said of a token elsewhere: a payload that was read from `payload` to `tape`. What was added, or the missing record. */
export function addClaims(
  cache: TokenCache,
  token: usize,
  length: i32,
  tape: usize,
  payload: usize,
  payloadLength: i32,
  claims: JwtClaims,
): KnownToken {
  if (!exists(cache)) return none<KnownToken>();
  const tapeBytes = jsonNext(tape, 0) * JSON_NODE_BYTES;
  const head = <i32>(offsetof<KnownToken>() + offsetof<JwtClaims>());
  const bytes = (head + tapeBytes + payloadLength + length + 2 * SLACK + 15) & ~7;
  const room = reserve(cache, bytes);
  if (room < 0) return none<KnownToken>();
  const known = tokenAt(cache, room);
  const start = addressOf(known);
  known.hash = hashOf(token, length);
  known.claims = at<JwtClaims>(start + offsetof<KnownToken>(), 0);
  known.tape = start + ((<usize>head + 7) & ~7);
  known.tokenLength = length;
  const text = known.tape + <usize>tapeBytes;
  known.token = text + <usize>(payloadLength + SLACK);
  copyBytes(addressOf(known.claims), addressOf(claims), <i32>offsetof<JwtClaims>());
  copyBytes(known.tape, tape, tapeBytes);
  copyBytes(text, payload, payloadLength);
  relocateTape(known.tape, text - payload);
  copyBytes(known.token, token, length);
  known.until = 0;
  placeFor(cache, known.hash).position = room;
  return known;
}

/** Forgets all tokens: as if the ring had come round. */
export function forgetTokens(cache: TokenCache): void {
  if (exists(cache)) cache.written += <i64>cache.size;
}

/** Where so many bytes go, all in one piece; -1 if the ring is too short for them. */
function reserve(cache: TokenCache, bytes: i32): i64 {
  if (bytes > cache.size) return -1;
  const left = cache.size - <i32>(cache.written % <i64>cache.size);
  if (left < bytes) cache.written += <i64>left;
  const position = cache.written;
  cache.written += <i64>bytes;
  return position;
}

/** A place without a token, or that of the oldest. */
function placeFor(cache: TokenCache, hash: u64): Place {
  let oldest = placeAt(cache, hash, 0);
  for (let way = 0; way < WAYS; way++) {
    const place = placeAt(cache, hash, way);
    if (!isThere(cache, place)) return place;
    if (place.position < oldest.position) oldest = place;
  }
  return oldest;
}
