import { bytesEqualConstantTime, copyBytes, wipeBytes } from "../../lib/bytes";
import { HMAC_KEY_BYTES, HmacHash, hmac, hmacKey } from "../../lib/hmac";
import { addressOf, arenaTake, at, keepRecords, none } from "../../lib/region";
import { fillRandom } from "../../proxy-wasm/random";
import { Verifier } from "./verifier";

// Credentials that were right not long ago, so that a password is not derived for each request. They are known by a MAC of the user and the
// password under a random key of this VM, and each is of one verifier: another configuration, or another password, has another one.

/** Bounded: a second credential for the same place takes it, and the first is derived again when it comes. */
const PLACES: i32 = 1024;
const TAG_BYTES: i32 = 32;

@unmanaged
class Known {
  word0: u64 = 0;
  word1: u64 = 0;
  word2: u64 = 0;
  word3: u64 = 0;
  verifier: Verifier = none<Verifier>();
}

const KEY: usize = memory.data(HMAC_KEY_BYTES, 16);
const TAG: usize = memory.data(TAG_BYTES, 8);
const SECRET_BYTES: i32 = 32;

// Array of Known; made when the first configuration asks for it.
let places: usize = 0;

/** Makes the table and its key; once for a VM. False if the host gives no random bytes, or no memory is left. */
export function prepareVerified(): bool {
  if (places !== 0) return true;
  const secret = arenaTake(SECRET_BYTES);
  if (secret === 0 || !fillRandom(secret, SECRET_BYTES)) return false;
  hmacKey(HmacHash.Sha256, secret, SECRET_BYTES, KEY);
  wipeBytes(secret, SECRET_BYTES);
  places = keepRecords<Known>(PLACES);
  return places !== 0;
}

/** Makes the tag of a user and a password, with the colon between them, which the functions below are about. */
export function tagCredential(start: usize, length: i32): void {
  hmac(KEY, start, length, TAG);
}

function placeOfTag(): Known {
  return at<Known>(places, <i32>at<Known>(TAG, 0).word0 & (PLACES - 1));
}

/** Whether the credential was right for this verifier. */
export function isKnownFor(verifier: Verifier): bool {
  const known = placeOfTag();
  const same = bytesEqualConstantTime(addressOf(known), TAG, TAG_BYTES);
  return same && addressOf(known.verifier) === addressOf(verifier);
}

/** Notes that it is. */
export function noteKnownFor(verifier: Verifier): void {
  const known = placeOfTag();
  copyBytes(addressOf(known), TAG, TAG_BYTES);
  known.verifier = verifier;
}
