import { hexEncode } from "./bytes";

// Universally unique identifiers as text (RFC 9562, section 4).

/** Bytes of `01234567-89ab-4cde-8f01-23456789abcd`. */
export const UUID_BYTES: i32 = 36;

/** Writes version 4 (section 5.4) from 16 random bytes, which are changed, as 36 characters at `target`. */
export function writeUuid(target: usize, random: usize): void {
  store<u8>(random, (load<u8>(random, 6) & 0x0f) | 0x40, 6);
  store<u8>(random, (load<u8>(random, 8) & 0x3f) | 0x80, 8);
  let write = target;
  for (let i: usize = 0; i < 16; i += 2) {
    if (i === 4 || i === 6 || i === 8 || i === 10) store<u8>(write++, 0x2d);
    write += <usize>hexEncode(random + i, 2, write);
  }
}
