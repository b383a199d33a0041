import { BASE64_URL, base64Decode } from "../../lib/base64";
import { bytesEqualConstantTime, parseDecimalU32, wipeBytes } from "../../lib/bytes";
import { refuse, stringLength, stringOf, stringStart } from "../../lib/document";
import { pbkdf2 } from "../../lib/pbkdf2";
import { addressOf, at, none } from "../../lib/region";
import { hasByte, isLiteral } from "../../lib/text";
import { Consumer } from "./consumers";

// By what a password is known: `pbkdf2-sha256$<rounds>$<salt>$<hash>`, as `sluice hash` writes it.

/** Fewer are no hindrance to whoever finds a verifier; more would hold up a worker. */
export const LEAST_ROUNDS: i32 = 2000;
const MOST_ROUNDS: i32 = 20000;

const SALT_BYTES: i32 = 16;
const HASH_BYTES: i32 = 32;
const PREFIX_LENGTH: i32 = 14;
const SALT_LENGTH: i32 = 22;
const HASH_LENGTH: i32 = 43;

@unmanaged
export class Verifier {
  // The salt.
  salt0: u64 = 0;
  salt1: u64 = 0;
  // The hash.
  hash0: u64 = 0;
  hash1: u64 = 0;
  hash2: u64 = 0;
  hash3: u64 = 0;
  rounds: i32 = 0;
  consumer: Consumer = none<Consumer>();
}

const DERIVED: usize = memory.data(HASH_BYTES, 8);
const SPARE: usize = memory.data(HASH_BYTES, 8);

function hashOf(verifier: Verifier): usize {
  return addressOf(verifier) + <usize>SALT_BYTES;
}

/** Reads a verifier; false, and a problem noted, if it is wrong. No message tells anything of it. */
export function readVerifier(node: i32, verifier: Verifier): bool {
  if (!stringOf(node, 1, 128)) return false;
  const start = stringStart(node);
  const digits = stringLength(node) - PREFIX_LENGTH - SALT_LENGTH - HASH_LENGTH - 2;
  const salt = start + <usize>(PREFIX_LENGTH + digits + 1);
  const hash = salt + <usize>(SALT_LENGTH + 1);
  const hasForm =
    digits > 0 &&
    isLiteral(start, PREFIX_LENGTH, "pbkdf2-sha256$") &&
    hasByte(salt - 1, 1, 0x24) &&
    hasByte(hash - 1, 1, 0x24) &&
    base64Decode(salt, SALT_LENGTH, addressOf(verifier), BASE64_URL, false) === SALT_BYTES &&
    base64Decode(hash, HASH_LENGTH, hashOf(verifier), BASE64_URL, false) === HASH_BYTES;
  if (!hasForm) return refuse(node, "must be what `sluice hash` writes: pbkdf2-sha256$rounds$salt$hash");
  const rounds = parseDecimalU32(start + <usize>PREFIX_LENGTH, digits);
  if (rounds < LEAST_ROUNDS || rounds > MOST_ROUNDS) return refuse(node, "must have 2000 to 20000 rounds");
  verifier.rounds = <i32>rounds;
  return true;
}

/**
 * Whether a verifier is that of a password. It takes as long as `rounds` rounds take, whatever it has itself, so that time tells nothing of whose it is.
 */
export function isVerifierOf(verifier: Verifier, password: usize, length: i32, rounds: i32): bool {
  const salt = addressOf(verifier);
  const isDerived = pbkdf2(password, length, salt, SALT_BYTES, verifier.rounds, DERIVED, HASH_BYTES);
  if (rounds > verifier.rounds) {
    pbkdf2(password, length, salt, SALT_BYTES, rounds - verifier.rounds, SPARE, HASH_BYTES);
  }
  const same = bytesEqualConstantTime(DERIVED, hashOf(verifier), HASH_BYTES);
  wipeBytes(DERIVED, HASH_BYTES);
  wipeBytes(SPARE, HASH_BYTES);
  return isDerived && same;
}

const DUMMY: usize = memory.data(64, 8);

/** Stands in for that of a user whom nobody knows: it is no password's. */
export function dummyVerifier(): Verifier {
  const dummy = at<Verifier>(DUMMY, 0);
  dummy.rounds = LEAST_ROUNDS;
  return dummy;
}
