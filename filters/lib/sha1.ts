// SHA-1 (FIPS 180-4, section 6.1) of one range, for what still asks for it: the password digest of WS-Security. It is no longer fit to be relied on
// against whoever can choose messages.

export const SHA1_BYTES: i32 = 20;

const BLOCK_BYTES: i32 = 64;

const SCHEDULE: usize = memory.data(80 * 4, 16);
const STATE: usize = memory.data(SHA1_BYTES, 16);
const LAST: usize = memory.data(2 * BLOCK_BYTES, 16);

/** Digest of `length` bytes at `source`, 20 bytes at `target`. What was noted of the message is wiped. */
export function sha1(source: usize, length: i32, target: usize): void {
  // FIPS 180-4, 5.3.1
  store<u32>(STATE, 0x67452301);
  store<u32>(STATE, 0xefcdab89, 4);
  store<u32>(STATE, 0x98badcfe, 8);
  store<u32>(STATE, 0x10325476, 12);
  store<u32>(STATE, 0xc3d2e1f0, 16);
  const whole = length & ~(BLOCK_BYTES - 1);
  for (let i = 0; i < whole; i += BLOCK_BYTES) compress(source + <usize>i);
  const held = length - whole;
  const padded = held < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  memory.fill(LAST, 0, 2 * BLOCK_BYTES);
  memory.copy(LAST, source + <usize>whole, <usize>held);
  store<u8>(LAST + <usize>held, 0x80);
  store<u64>(LAST + <usize>padded - 8, bswap<u64>((<u64>length) << 3));
  for (let i = 0; i < padded; i += BLOCK_BYTES) compress(LAST + <usize>i);
  memory.fill(LAST, 0, 2 * BLOCK_BYTES);
  memory.fill(SCHEDULE, 0, 80 * 4);
  for (let i: usize = 0; i < 20; i += 4) store<u32>(target + i, bswap<u32>(load<u32>(STATE + i)));
}

/** FIPS 180-4, 6.1.2 over one block. */
function compress(block: usize): void {
  expand(block);
  let a = load<u32>(STATE);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  for (let t: usize = 0; t < 80; t++) {
    const next = rotl<u32>(a, 5) + mix(t, b, c, d) + e + load<u32>(SCHEDULE + (t << 2));
    e = d;
    d = c;
    c = rotl<u32>(b, 30);
    b = a;
    a = next;
  }
  store<u32>(STATE, load<u32>(STATE) + a);
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
}

/** The function and the constant of a round (FIPS 180-4, 4.1.1 and 4.2.1). */
function mix(round: usize, b: u32, c: u32, d: u32): u32 {
  if (round < 20) return ((b & c) ^ (~b & d)) + 0x5a827999;
  if (round < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (round < 60) return ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function expand(block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(SCHEDULE + i, bswap<u32>(load<u32>(block + i)));
  for (let t: usize = 16; t < 80; t++) {
    const at = SCHEDULE + (t << 2);
    store<u32>(at, rotl<u32>(load<u32>(at - 12) ^ load<u32>(at - 32) ^ load<u32>(at - 56) ^ load<u32>(at - 64), 1));
  }
}
