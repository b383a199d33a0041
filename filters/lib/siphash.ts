// SipHash (Aumasson and Bernstein, 2012), 64-bit output, with c compression and d final rounds: 2-4 as published, 1-3 for hash
// tables. State is static: one hash at a time. Keys and message words are little-endian, as in the reference.

const V0: usize = memory.data(8, 8);
const V1: usize = memory.data(8, 8);
const V2: usize = memory.data(8, 8);
const V3: usize = memory.data(8, 8);
/** The bytes of the word that is not full yet, at its low end. */
const PENDING: usize = memory.data(8, 8);
const NUMBER: usize = memory.data(8, 8);

let total: i32 = 0;
let compression: i32 = 2;
let finalization: i32 = 4;

/** SipHash-2-4 of one range. */
export function sipHash24(key0: u64, key1: u64, pointer: usize, length: i32): u64 {
  sipHashInit(key0, key1, 2, 4);
  sipHashUpdate(pointer, length);
  return sipHashFinal();
}

/** SipHash-1-3 of one range: for tables in memory, whose hashes nobody sees. */
export function sipHash13(key0: u64, key1: u64, pointer: usize, length: i32): u64 {
  sipHashInit(key0, key1, 1, 3);
  sipHashUpdate(pointer, length);
  return sipHashFinal();
}

/** Begins a hash over several parts; the parts are joined without a mark, so write lengths between them where it matters. */
export function sipHashInit(key0: u64, key1: u64, compressionRounds: i32, finalRounds: i32): void {
  store<u64>(V0, key0 ^ (((<u64>0x736f6d65) << 32) | 0x70736575));
  store<u64>(V1, key1 ^ (((<u64>0x646f7261) << 32) | 0x6e646f6d));
  store<u64>(V2, key0 ^ (((<u64>0x6c796765) << 32) | 0x6e657261));
  store<u64>(V3, key1 ^ (((<u64>0x74656462) << 32) | 0x79746573));
  total = 0;
  compression = compressionRounds;
  finalization = finalRounds;
}

/** Takes the next `length` bytes of the message. */
export function sipHashUpdate(pointer: usize, length: i32): void {
  const held = total & 7;
  total += length;
  let position = pointer;
  let left = length;
  if (held > 0) {
    const fill = min(8 - held, left);
    copyShort(PENDING + held, position, fill);
    if (held + fill < 8) return;
    absorb(PENDING, 1, compression);
    position += fill;
    left -= fill;
  }
  absorb(position, left >> 3, compression);
  copyShort(PENDING, position + (left & ~7), left & 7);
}

/** Takes a number as eight little-endian bytes. */
export function sipHashUpdateU64(value: u64): void {
  store<u64>(NUMBER, value);
  sipHashUpdate(NUMBER, 8);
}

/** Ends the hash. */
export function sipHashFinal(): u64 {
  const bits = (total & 7) << 3;
  const rest = load<u64>(PENDING) & (((<u64>1) << bits) - 1);
  store<u64>(PENDING, rest | ((<u64>total) << 56));
  absorb(PENDING, 1, compression);
  store<u64>(V2, load<u64>(V2) ^ 0xff);
  // A word of zeros leaves V3 and V0 alone, so this is nothing but the final rounds.
  store<u64>(PENDING, 0);
  absorb(PENDING, 1, finalization);
  return load<u64>(V0) ^ load<u64>(V1) ^ load<u64>(V2) ^ load<u64>(V3);
}

/** Takes `words` words of eight bytes with `rounds` rounds each. */
function absorb(pointer: usize, words: i32, rounds: i32): void {
  let v0 = load<u64>(V0);
  let v1 = load<u64>(V1);
  let v2 = load<u64>(V2);
  let v3 = load<u64>(V3);
  for (let i = 0; i < words; i++) {
    const word = load<u64>(pointer + (i << 3));
    v3 ^= word;
    for (let round = 0; round < rounds; round++) {
      v0 += v1;
      v2 += v3;
      v1 = rotl(v1, 13) ^ v0;
      v3 = rotl(v3, 16) ^ v2;
      v0 = rotl(v0, 32);
      v2 += v1;
      v0 += v3;
      v1 = rotl(v1, 17) ^ v2;
      v3 = rotl(v3, 21) ^ v0;
      v2 = rotl(v2, 32);
    }
    v0 ^= word;
  }
  store<u64>(V0, v0);
  store<u64>(V1, v1);
  store<u64>(V2, v2);
  store<u64>(V3, v3);
}

/** Fewer than eight bytes: dearer through `memory.copy`, which leaves the compiled code. */
function copyShort(target: usize, source: usize, length: i32): void {
  for (let i = 0; i < length; i++) store<u8>(target + i, load<u8>(source + i));
}
