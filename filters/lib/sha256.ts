// SHA-256 (FIPS 180-4) in static memory: one hash at a time, which is all that a single-threaded module needs.

/** Bytes of a digest, and of what `sha256Pause` notes. */
export const SHA256_BYTES: i32 = 32;
export const SHA256_BLOCK_BYTES: i32 = 64;

const SCHEDULE_BYTES: i32 = 256;

// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes.
const ROUND_CONSTANTS: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);
const SCHEDULE: usize = memory.data(SCHEDULE_BYTES, 16);
const STATE: usize = memory.data(4 * 8, 16);
const PENDING: usize = memory.data(SHA256_BLOCK_BYTES, 16);

let total: u64 = 0;

/** Digest of `length` bytes at `source`, 32 bytes at `target`. Ends any hash begun with `sha256Init`. */
export function sha256(source: usize, length: i32, target: usize): void {
  sha256Init();
  sha256Update(source, length);
  sha256Final(target);
}

/** Begins a hash whose message comes in parts. */
export function sha256Init(): void {
  // FIPS 180-4, 5.3.3
  store<u32>(STATE, 0x6a09e667);
  store<u32>(STATE, 0xbb67ae85, 4);
  store<u32>(STATE, 0x3c6ef372, 8);
  store<u32>(STATE, 0xa54ff53a, 12);
  store<u32>(STATE, 0x510e527f, 16);
  store<u32>(STATE, 0x9b05688c, 20);
  store<u32>(STATE, 0x1f83d9ab, 24);
  store<u32>(STATE, 0x5be0cd19, 28);
  total = 0;
}

/** Notes 32 bytes from which `sha256Resume` goes on; what came so far are whole blocks. */
export function sha256Pause(target: usize): void {
  memory.copy(target, STATE, SHA256_BYTES);
}

/** Begins a hash whose first `length` bytes, whole blocks, are told by what `sha256Pause` noted. */
export function sha256Resume(state: usize, length: i32): void {
  memory.copy(STATE, state, SHA256_BYTES);
  total = length;
}

/** Takes the next `length` bytes of the message. */
export function sha256Update(source: usize, length: i32): void {
  const held = <i32>(total & 63);
  total += length;
  let position = source;
  let left = length;
  if (held > 0) {
    const fill = min(SHA256_BLOCK_BYTES - held, left);
    memory.copy(PENDING + held, position, fill);
    if (held + fill < SHA256_BLOCK_BYTES) return;
    compress(PENDING);
    position += fill;
    left -= fill;
  }
  for (; left >= SHA256_BLOCK_BYTES; left -= SHA256_BLOCK_BYTES) {
    compress(position);
    position += SHA256_BLOCK_BYTES;
  }
  memory.copy(PENDING, position, left);
}

/** Ends the hash: 32 bytes at `target`. What is left of the message is wiped, the schedule too: the message follows from it. */
export function sha256Final(target: usize): void {
  const held = <i32>(total & 63);
  store<u8>(PENDING + held, 0x80);
  memory.fill(PENDING + held + 1, 0, SHA256_BLOCK_BYTES - 1 - held);
  if (held >= SHA256_BLOCK_BYTES - 8) {
    compress(PENDING);
    memory.fill(PENDING, 0, SHA256_BLOCK_BYTES);
  }
  store<u64>(PENDING, bswap<u64>(total << 3), SHA256_BLOCK_BYTES - 8);
  compress(PENDING);
  memory.fill(PENDING, 0, SHA256_BLOCK_BYTES);
  memory.fill(SCHEDULE, 0, SCHEDULE_BYTES);
  for (let i = 0; i < SHA256_BYTES; i += 4) store<u32>(target + i, bswap<u32>(load<u32>(STATE + i)));
}

/** FIPS 180-4, 6.2.2 over one block. */
function compress(block: usize): void {
  expand(block);
  let a = load<u32>(STATE);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  let f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24);
  let h = load<u32>(STATE, 28);
  // Eight rounds a turn: the variables change places in the text, so that no round moves them.
  for (let t: usize = 0; t < 256; t += 32) {
    h += bigSigma1(e) + choose(e, f, g) + load<u32>(SCHEDULE + t) + load<u32>(ROUND_CONSTANTS + t);
    d += h;
    h += bigSigma0(a) + majority(a, b, c);
    g += bigSigma1(d) + choose(d, e, f) + load<u32>(SCHEDULE + t, 4) + load<u32>(ROUND_CONSTANTS + t, 4);
    c += g;
    g += bigSigma0(h) + majority(h, a, b);
    f += bigSigma1(c) + choose(c, d, e) + load<u32>(SCHEDULE + t, 8) + load<u32>(ROUND_CONSTANTS + t, 8);
    b += f;
    f += bigSigma0(g) + majority(g, h, a);
    e += bigSigma1(b) + choose(b, c, d) + load<u32>(SCHEDULE + t, 12) + load<u32>(ROUND_CONSTANTS + t, 12);
    a += e;
    e += bigSigma0(f) + majority(f, g, h);
    d += bigSigma1(a) + choose(a, b, c) + load<u32>(SCHEDULE + t, 16) + load<u32>(ROUND_CONSTANTS + t, 16);
    h += d;
    d += bigSigma0(e) + majority(e, f, g);
    c += bigSigma1(h) + choose(h, a, b) + load<u32>(SCHEDULE + t, 20) + load<u32>(ROUND_CONSTANTS + t, 20);
    g += c;
    c += bigSigma0(d) + majority(d, e, f);
    b += bigSigma1(g) + choose(g, h, a) + load<u32>(SCHEDULE + t, 24) + load<u32>(ROUND_CONSTANTS + t, 24);
    f += b;
    b += bigSigma0(c) + majority(c, d, e);
    a += bigSigma1(f) + choose(f, g, h) + load<u32>(SCHEDULE + t, 28) + load<u32>(ROUND_CONSTANTS + t, 28);
    e += a;
    a += bigSigma0(b) + majority(b, c, d);
  }
  store<u32>(STATE, load<u32>(STATE) + a);
  store<u32>(STATE, load<u32>(STATE, 4) + b, 4);
  store<u32>(STATE, load<u32>(STATE, 8) + c, 8);
  store<u32>(STATE, load<u32>(STATE, 12) + d, 12);
  store<u32>(STATE, load<u32>(STATE, 16) + e, 16);
  store<u32>(STATE, load<u32>(STATE, 20) + f, 20);
  store<u32>(STATE, load<u32>(STATE, 24) + g, 24);
  store<u32>(STATE, load<u32>(STATE, 28) + h, 28);
}

/** FIPS 180-4, 6.2.2 step 1: the 64 words of the message schedule. (In vectors it was measured slower, by 20 ns a block.) */
function expand(block: usize): void {
  for (let i: usize = 0; i < 64; i += 4) store<u32>(SCHEDULE + i, bswap<u32>(load<u32>(block + i)));
  for (let word = SCHEDULE + 64; word < SCHEDULE + 256; word += 4) {
    store<u32>(
      word,
      load<u32>(word - 64) +
        smallSigma0(load<u32>(word - 60)) +
        load<u32>(word - 28) +
        smallSigma1(load<u32>(word - 8)),
    );
  }
}

// FIPS 180-4, 4.1.2

function choose(x: u32, y: u32, z: u32): u32 {
  return z ^ (x & (y ^ z));
}

function majority(x: u32, y: u32, z: u32): u32 {
  return (x & y) | (z & (x | y));
}

function bigSigma0(x: u32): u32 {
  return rotr(x, 2) ^ rotr(x, 13) ^ rotr(x, 22);
}

function bigSigma1(x: u32): u32 {
  return rotr(x, 6) ^ rotr(x, 11) ^ rotr(x, 25);
}

function smallSigma0(x: u32): u32 {
  return rotr(x, 7) ^ rotr(x, 18) ^ (x >> 3);
}

function smallSigma1(x: u32): u32 {
  return rotr(x, 17) ^ rotr(x, 19) ^ (x >> 10);
}
