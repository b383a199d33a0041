// SHA-384 and SHA-512 (FIPS 180-4) in static memory: one hash of the two at a time, as in sha256.ts.

/** Bytes of the digests. */
export const SHA384_BYTES: i32 = 48;
export const SHA512_BYTES: i32 = 64;
/** Bytes of a block, and of what `sha512Pause` notes. */
export const SHA512_BLOCK_BYTES: i32 = 128;
export const SHA512_STATE_BYTES: i32 = 64;

const SCHEDULE_BYTES: i32 = 640;

// Numbers of 64 bits as memory has them, the lower half first. FIPS 180-4, 4.2.3: the first 64 bits of the fractional parts of the cube roots of
// the first 80 primes.
const ROUND_CONSTANTS: usize = memory.data<u32>(
  [
    0xd728ae22, 0x428a2f98, 0x23ef65cd, 0x71374491, 0xec4d3b2f, 0xb5c0fbcf, 0x8189dbbc, 0xe9b5dba5, 0xf348b538,
    0x3956c25b, 0xb605d019, 0x59f111f1, 0xaf194f9b, 0x923f82a4, 0xda6d8118, 0xab1c5ed5, 0xa3030242, 0xd807aa98,
    0x45706fbe, 0x12835b01, 0x4ee4b28c, 0x243185be, 0xd5ffb4e2, 0x550c7dc3, 0xf27b896f, 0x72be5d74, 0x3b1696b1,
    0x80deb1fe, 0x25c71235, 0x9bdc06a7, 0xcf692694, 0xc19bf174, 0x9ef14ad2, 0xe49b69c1, 0x384f25e3, 0xefbe4786,
    0x8b8cd5b5, 0x0fc19dc6, 0x77ac9c65, 0x240ca1cc, 0x592b0275, 0x2de92c6f, 0x6ea6e483, 0x4a7484aa, 0xbd41fbd4,
    0x5cb0a9dc, 0x831153b5, 0x76f988da, 0xee66dfab, 0x983e5152, 0x2db43210, 0xa831c66d, 0x98fb213f, 0xb00327c8,
    0xbeef0ee4, 0xbf597fc7, 0x3da88fc2, 0xc6e00bf3, 0x930aa725, 0xd5a79147, 0xe003826f, 0x06ca6351, 0x0a0e6e70,
    0x14292967, 0x46d22ffc, 0x27b70a85, 0x5c26c926, 0x2e1b2138, 0x5ac42aed, 0x4d2c6dfc, 0x9d95b3df, 0x53380d13,
    0x8baf63de, 0x650a7354, 0x3c77b2a8, 0x766a0abb, 0x47edaee6, 0x81c2c92e, 0x1482353b, 0x92722c85, 0x4cf10364,
    0xa2bfe8a1, 0xbc423001, 0xa81a664b, 0xd0f89791, 0xc24b8b70, 0x0654be30, 0xc76c51a3, 0xd6ef5218, 0xd192e819,
    0x5565a910, 0xd6990624, 0x5771202a, 0xf40e3585, 0x32bbd1b8, 0x106aa070, 0xb8d2d0c8, 0x19a4c116, 0x5141ab53,
    0x1e376c08, 0xdf8eeb99, 0x2748774c, 0xe19b48a8, 0x34b0bcb5, 0xc5c95a63, 0x391c0cb3, 0xe3418acb, 0x4ed8aa4a,
    0x7763e373, 0x5b9cca4f, 0xd6b2b8a3, 0x682e6ff3, 0x5defb2fc, 0x748f82ee, 0x43172f60, 0x78a5636f, 0xa1f0ab72,
    0x84c87814, 0x1a6439ec, 0x8cc70208, 0x23631e28, 0x90befffa, 0xde82bde9, 0xa4506ceb, 0xb2c67915, 0xbef9a3f7,
    0xe372532b, 0xc67178f2, 0xea26619c, 0xca273ece, 0x21c0c207, 0xd186b8c7, 0xcde0eb1e, 0xeada7dd6, 0xee6ed178,
    0xf57d4f7f, 0x72176fba, 0x06f067aa, 0xa2c898a6, 0x0a637dc5, 0xbef90dae, 0x113f9804, 0x131c471b, 0x1b710b35,
    0x23047d84, 0x28db77f5, 0x40c72493, 0x32caab7b, 0x15c9bebc, 0x3c9ebe0a, 0x9c100d4c, 0x431d67c4, 0xcb3e42b6,
    0x4cc5d4be, 0xfc657e2a, 0x597f299c, 0x3ad6faec, 0x5fcb6fab, 0x4a475817, 0x6c44198c,
  ],
  16,
);
// 5.3.5: of the square roots of the first eight primes; 5.3.4: of the ninth to the sixteenth.
const BEGINNING_512: usize = memory.data<u32>(
  [
    0xf3bcc908, 0x6a09e667, 0x84caa73b, 0xbb67ae85, 0xfe94f82b, 0x3c6ef372, 0x5f1d36f1, 0xa54ff53a, 0xade682d1,
    0x510e527f, 0x2b3e6c1f, 0x9b05688c, 0xfb41bd6b, 0x1f83d9ab, 0x137e2179, 0x5be0cd19,
  ],
  16,
);
const BEGINNING_384: usize = memory.data<u32>(
  [
    0xc1059ed8, 0xcbbb9d5d, 0x367cd507, 0x629a292a, 0x3070dd17, 0x9159015a, 0xf70e5939, 0x152fecd8, 0xffc00b31,
    0x67332667, 0x68581511, 0x8eb44a87, 0x64f98fa7, 0xdb0c2e0d, 0xbefa4fa4, 0x47b5481d,
  ],
  16,
);
const SCHEDULE: usize = memory.data(SCHEDULE_BYTES, 16);
const STATE: usize = memory.data(SHA512_STATE_BYTES, 16);
const PENDING: usize = memory.data(SHA512_BLOCK_BYTES, 16);

let total: u64 = 0;

/** Digest of `length` bytes at `source`, 64 bytes at `target`. Ends any hash that was begun. */
export function sha512(source: usize, length: i32, target: usize): void {
  sha512Init();
  sha512Update(source, length);
  sha512Final(target);
}

/** The same of SHA-384, 48 bytes at `target`. */
export function sha384(source: usize, length: i32, target: usize): void {
  sha384Init();
  sha512Update(source, length);
  sha384Final(target);
}

/** Begins a hash whose message comes in parts. */
export function sha512Init(): void {
  sha512Resume(BEGINNING_512, 0);
}

/** Begins one of SHA-384, which takes its message by `sha512Update`. */
export function sha384Init(): void {
  sha512Resume(BEGINNING_384, 0);
}

/** Notes 64 bytes from which `sha512Resume` goes on; what came so far are whole blocks. */
export function sha512Pause(target: usize): void {
  memory.copy(target, STATE, SHA512_STATE_BYTES);
}

/** Begins a hash whose first `length` bytes, whole blocks, are told by what `sha512Pause` noted. */
export function sha512Resume(state: usize, length: i32): void {
  memory.copy(STATE, state, SHA512_STATE_BYTES);
  total = length;
}

/** Takes the next `length` bytes of the message. */
export function sha512Update(source: usize, length: i32): void {
  const held = <i32>(total & 127);
  total += length;
  let position = source;
  let left = length;
  if (held > 0) {
    const fill = min(SHA512_BLOCK_BYTES - held, left);
    memory.copy(PENDING + held, position, fill);
    if (held + fill < SHA512_BLOCK_BYTES) return;
    compress(PENDING);
    position += fill;
    left -= fill;
  }
  for (; left >= SHA512_BLOCK_BYTES; left -= SHA512_BLOCK_BYTES) {
    compress(position);
    position += SHA512_BLOCK_BYTES;
  }
  memory.copy(PENDING, position, left);
}

/** Ends the hash: 64 bytes at `target`. What is left of the message is wiped. */
export function sha512Final(target: usize): void {
  final(target, SHA512_BYTES);
}

/** Ends a hash of SHA-384: 48 bytes at `target`. */
export function sha384Final(target: usize): void {
  final(target, SHA384_BYTES);
}

function final(target: usize, bytes: i32): void {
  const held = <i32>(total & 127);
  store<u8>(PENDING + held, 0x80);
  memory.fill(PENDING + held + 1, 0, SHA512_BLOCK_BYTES - 1 - held);
  if (held >= SHA512_BLOCK_BYTES - 16) {
    compress(PENDING);
    memory.fill(PENDING, 0, SHA512_BLOCK_BYTES);
  }
  // The length has 128 bits, of which the upper half is always zero here.
  store<u64>(PENDING, bswap<u64>(total << 3), SHA512_BLOCK_BYTES - 8);
  compress(PENDING);
  memory.fill(PENDING, 0, SHA512_BLOCK_BYTES);
  memory.fill(SCHEDULE, 0, SCHEDULE_BYTES);
  for (let i = 0; i < bytes; i += 8) store<u64>(target + i, bswap<u64>(load<u64>(STATE + i)));
}

/** FIPS 180-4, 6.4.2 over one block. */
function compress(block: usize): void {
  expand(block);
  let a = load<u64>(STATE);
  let b = load<u64>(STATE, 8);
  let c = load<u64>(STATE, 16);
  let d = load<u64>(STATE, 24);
  let e = load<u64>(STATE, 32);
  let f = load<u64>(STATE, 40);
  let g = load<u64>(STATE, 48);
  let h = load<u64>(STATE, 56);
  // Eight rounds a turn, as in sha256.ts.
  for (let t: usize = 0; t < 640; t += 64) {
    h += bigSigma1(e) + choose(e, f, g) + load<u64>(SCHEDULE + t) + load<u64>(ROUND_CONSTANTS + t);
    d += h;
    h += bigSigma0(a) + majority(a, b, c);
    g += bigSigma1(d) + choose(d, e, f) + load<u64>(SCHEDULE + t, 8) + load<u64>(ROUND_CONSTANTS + t, 8);
    c += g;
    g += bigSigma0(h) + majority(h, a, b);
    f += bigSigma1(c) + choose(c, d, e) + load<u64>(SCHEDULE + t, 16) + load<u64>(ROUND_CONSTANTS + t, 16);
    b += f;
    f += bigSigma0(g) + majority(g, h, a);
    e += bigSigma1(b) + choose(b, c, d) + load<u64>(SCHEDULE + t, 24) + load<u64>(ROUND_CONSTANTS + t, 24);
    a += e;
    e += bigSigma0(f) + majority(f, g, h);
    d += bigSigma1(a) + choose(a, b, c) + load<u64>(SCHEDULE + t, 32) + load<u64>(ROUND_CONSTANTS + t, 32);
    h += d;
    d += bigSigma0(e) + majority(e, f, g);
    c += bigSigma1(h) + choose(h, a, b) + load<u64>(SCHEDULE + t, 40) + load<u64>(ROUND_CONSTANTS + t, 40);
    g += c;
    c += bigSigma0(d) + majority(d, e, f);
    b += bigSigma1(g) + choose(g, h, a) + load<u64>(SCHEDULE + t, 48) + load<u64>(ROUND_CONSTANTS + t, 48);
    f += b;
    b += bigSigma0(c) + majority(c, d, e);
    a += bigSigma1(f) + choose(f, g, h) + load<u64>(SCHEDULE + t, 56) + load<u64>(ROUND_CONSTANTS + t, 56);
    e += a;
    a += bigSigma0(b) + majority(b, c, d);
  }
  store<u64>(STATE, load<u64>(STATE) + a);
  store<u64>(STATE, load<u64>(STATE, 8) + b, 8);
  store<u64>(STATE, load<u64>(STATE, 16) + c, 16);
  store<u64>(STATE, load<u64>(STATE, 24) + d, 24);
  store<u64>(STATE, load<u64>(STATE, 32) + e, 32);
  store<u64>(STATE, load<u64>(STATE, 40) + f, 40);
  store<u64>(STATE, load<u64>(STATE, 48) + g, 48);
  store<u64>(STATE, load<u64>(STATE, 56) + h, 56);
}

/** FIPS 180-4, 6.4.2 step 1: the 80 words of the message schedule. */
function expand(block: usize): void {
  for (let i: usize = 0; i < 128; i += 8) store<u64>(SCHEDULE + i, bswap<u64>(load<u64>(block + i)));
  for (let word = SCHEDULE + 128; word < SCHEDULE + SCHEDULE_BYTES; word += 8) {
    store<u64>(
      word,
      load<u64>(word - 128) +
        smallSigma0(load<u64>(word - 120)) +
        load<u64>(word - 56) +
        smallSigma1(load<u64>(word - 16)),
    );
  }
}

// FIPS 180-4, 4.1.3

function choose(x: u64, y: u64, z: u64): u64 {
  return z ^ (x & (y ^ z));
}

function majority(x: u64, y: u64, z: u64): u64 {
  return (x & y) | (z & (x | y));
}

function bigSigma0(x: u64): u64 {
  return rotr(x, 28) ^ rotr(x, 34) ^ rotr(x, 39);
}

function bigSigma1(x: u64): u64 {
  return rotr(x, 14) ^ rotr(x, 18) ^ rotr(x, 41);
}

function smallSigma0(x: u64): u64 {
  return rotr(x, 1) ^ rotr(x, 8) ^ (x >> 7);
}

function smallSigma1(x: u64): u64 {
  return rotr(x, 19) ^ rotr(x, 61) ^ (x >> 6);
}
