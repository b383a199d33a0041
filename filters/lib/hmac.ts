import { bytesEqualConstantTime, wipeBytes } from "./bytes";
import { SHA256_BLOCK_BYTES, sha256, sha256Final, sha256Init, sha256Pause, sha256Resume, sha256Update } from "./sha256";
import {
  SHA512_BLOCK_BYTES,
  SHA512_BYTES,
  sha384,
  sha384Final,
  sha384Init,
  sha512,
  sha512Final,
  sha512Init,
  sha512Pause,
  sha512Resume,
  sha512Update,
} from "./sha512";

// HMAC (RFC 2104, FIPS 198-1) with SHA-256, SHA-384 and SHA-512. A key is prepared once: what is kept of it are the states of the two hashes after
// their first blocks, so that a message costs no more than its own blocks and one more. State is static, as that of the hashes: one tag at a time.

/** Which hash; the number is that of the bytes of a tag. */
export enum HmacHash {
  Sha256 = 32,
  Sha384 = 48,
  Sha512 = 64,
}

/** Bytes of a prepared key: the hash, the state of the inner one, that of the outer one. */
export const HMAC_KEY_BYTES: i32 = 8 + 2 * SHA512_BYTES;

/** The longest tag. */
export const HMAC_MOST_BYTES: i32 = SHA512_BYTES;

const INNER: usize = 8;
const OUTER: usize = 8 + SHA512_BYTES;

const INNER_PAD: u8 = 0x36;
const OUTER_PAD: u8 = 0x5c;

const PAD: usize = memory.data(SHA512_BLOCK_BYTES, 16);
const DIGEST: usize = memory.data(SHA512_BYTES, 16);

let current: usize = 0;

/** Prepares a key at `key`, HMAC_KEY_BYTES long, from a secret of any length. What was noted of the secret is wiped. */
export function hmacKey(hash: HmacHash, secret: usize, length: i32, key: usize): void {
  const block = hash === HmacHash.Sha256 ? SHA256_BLOCK_BYTES : SHA512_BLOCK_BYTES;
  memory.fill(PAD, 0, block);
  if (length <= block) memory.copy(PAD, secret, length);
  else if (hash === HmacHash.Sha256) sha256(secret, length, PAD);
  else if (hash === HmacHash.Sha384) sha384(secret, length, PAD);
  else sha512(secret, length, PAD);
  store<i32>(key, hash);
  padAll(block, INNER_PAD);
  noteBlock(hash, key + INNER);
  padAll(block, INNER_PAD ^ OUTER_PAD);
  noteBlock(hash, key + OUTER);
  wipeBytes(PAD, block);
}

function padAll(block: i32, pad: u8): void {
  for (let i = 0; i < block; i++) store<u8>(PAD + i, load<u8>(PAD + i) ^ pad);
}

/** Notes the state of a hash after the block in PAD. */
function noteBlock(hash: HmacHash, state: usize): void {
  if (hash === HmacHash.Sha256) {
    sha256Init();
    sha256Update(PAD, SHA256_BLOCK_BYTES);
    sha256Pause(state);
    return;
  }
  if (hash === HmacHash.Sha384) sha384Init();
  else sha512Init();
  sha512Update(PAD, SHA512_BLOCK_BYTES);
  sha512Pause(state);
}

/** The tag of a message, at `target`; returns its bytes. */
export function hmac(key: usize, message: usize, length: i32, target: usize): i32 {
  hmacInit(key);
  hmacUpdate(message, length);
  return hmacFinal(target);
}

/** Begins the tag of a message that comes in parts; the prepared key stays in place until its end. */
export function hmacInit(key: usize): void {
  current = key;
  resume(key + INNER);
}

/** Takes the next `length` bytes of the message. */
export function hmacUpdate(message: usize, length: i32): void {
  if (load<i32>(current) === HmacHash.Sha256) sha256Update(message, length);
  else sha512Update(message, length);
}

/** Ends the message: its tag at `target`; returns the bytes of it. */
export function hmacFinal(target: usize): i32 {
  const bytes = load<i32>(current);
  finish(target);
  resume(current + OUTER);
  hmacUpdate(target, bytes);
  finish(target);
  return bytes;
}

/** Whether the message that `hmacInit` began has this tag, whole. The time does not tell how much of it is right. */
export function hmacMatches(tag: usize, length: i32): bool {
  const bytes = hmacFinal(DIGEST);
  const matches = length === bytes && bytesEqualConstantTime(DIGEST, tag, bytes);
  wipeBytes(DIGEST, SHA512_BYTES);
  // The state of a hash that has ended shows its digest.
  resume(current + INNER);
  return matches;
}

function resume(state: usize): void {
  if (load<i32>(current) === HmacHash.Sha256) sha256Resume(state, SHA256_BLOCK_BYTES);
  else sha512Resume(state, SHA512_BLOCK_BYTES);
}

function finish(target: usize): void {
  const hash = load<i32>(current);
  if (hash === HmacHash.Sha256) sha256Final(target);
  else if (hash === HmacHash.Sha384) sha384Final(target);
  else sha512Final(target);
}
