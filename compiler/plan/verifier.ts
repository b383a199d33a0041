import { pbkdf2Sync, randomBytes, timingSafeEqual } from "node:crypto";

// By what a password is known: `pbkdf2-sha256$<rounds>$<salt>$<hash>`, the last two in base64url without padding.
// filters/authenticate/assembly/verifier.ts reads the same.

/** Fewer are no hindrance to whoever finds a verifier; more would hold up a worker of Envoy: 20,000 are some 8 ms. */
export const LEAST_ROUNDS = 2_000;
export const MOST_ROUNDS = 20_000;

/** Bytes of the longest password. */
export const LONGEST_PASSWORD = 1_024;

const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** Any number of rounds; salt and hash as they are always written, so that one text stands for each verifier. */
export const VERIFIER =
  /^pbkdf2-sha256\$([1-9][0-9]{0,8})\$([A-Za-z0-9_-]{21}[AQgw])\$([A-Za-z0-9_-]{42}[AEIMQUYcgkosw048])$/;

/** The same with a number of rounds that is taken. */
export const SOUND_VERIFIER =
  /^pbkdf2-sha256\$([2-9][0-9]{3}|1[0-9]{4}|20000)\$[A-Za-z0-9_-]{21}[AQgw]\$[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/** A verifier of a password. */
export function verifierOf(password: string, rounds: number, salt: Uint8Array = randomBytes(SALT_BYTES)): string {
  const hash = pbkdf2Sync(Buffer.from(password), salt, rounds, HASH_BYTES, "sha256");
  return `pbkdf2-sha256$${rounds}$${Buffer.from(salt).toString("base64url")}$${hash.toString("base64url")}`;
}

export function roundsOf(verifier: string): number {
  return Number(VERIFIER.exec(verifier)?.[1] ?? Number.NaN);
}

/** Whether it is that of a password, given as bytes. */
export function isVerifierOf(verifier: string, password: Uint8Array): boolean {
  const [, rounds, salt = "", hash = ""] = VERIFIER.exec(verifier) ?? [];
  if (rounds === undefined) return false;
  const derived = pbkdf2Sync(password, Buffer.from(salt, "base64url"), Number(rounds), HASH_BYTES, "sha256");
  return timingSafeEqual(derived, Buffer.from(hash, "base64url"));
}
