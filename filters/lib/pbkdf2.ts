import { wipeBytes } from "./bytes";
import { HMAC_KEY_BYTES, HmacHash, hmac, hmacFinal, hmacInit, hmacKey, hmacUpdate } from "./hmac";
import { SHA256_BYTES } from "./sha256";

// PBKDF2 (RFC 8018, section 5.2) with HMAC-SHA-256.

/** The most rounds: about 40 ms of one worker. */
export const PBKDF2_MOST_ROUNDS: i32 = 100000;

const KEY: usize = memory.data(HMAC_KEY_BYTES, 16);
const BLOCK: usize = memory.data(SHA256_BYTES, 16);
const SUM: usize = memory.data(SHA256_BYTES, 16);
const INDEX: usize = memory.data(4, 4);

/** Derives `bytes` bytes at `target` from a password. False, and nothing derived, if there are no rounds or too many. */
export function pbkdf2(
  password: usize,
  passwordLength: i32,
  salt: usize,
  saltLength: i32,
  rounds: i32,
  target: usize,
  bytes: i32,
): bool {
  if (rounds < 1 || rounds > PBKDF2_MOST_ROUNDS) return false;
  hmacKey(HmacHash.Sha256, password, passwordLength, KEY);
  for (let done = 0; done < bytes; done += SHA256_BYTES) {
    store<u32>(INDEX, bswap<u32>(done / SHA256_BYTES + 1));
    hmacInit(KEY);
    hmacUpdate(salt, saltLength);
    hmacUpdate(INDEX, 4);
    hmacFinal(BLOCK);
    memory.copy(SUM, BLOCK, SHA256_BYTES);
    for (let round = 1; round < rounds; round++) {
      hmac(KEY, BLOCK, SHA256_BYTES, BLOCK);
      for (let i: usize = 0; i < 32; i += 8) store<u64>(SUM + i, load<u64>(SUM + i) ^ load<u64>(BLOCK + i));
    }
    memory.copy(target + done, SUM, min(SHA256_BYTES, bytes - done));
  }
  wipeBytes(KEY, HMAC_KEY_BYTES);
  wipeBytes(BLOCK, SHA256_BYTES);
  wipeBytes(SUM, SHA256_BYTES);
  return true;
}
