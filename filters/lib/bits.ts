// Sets of small numbers as bits in memory that the caller has taken.

/** Empties a set of numbers below `count`. */
export function clearBits(set: usize, count: i32): void {
  memory.fill(set, 0, (<usize>count + 7) >> 3);
}

export function setBit(set: usize, bit: i32): void {
  const byte = set + <usize>(bit >> 3);
  store<u8>(byte, <u8>(<u32>load<u8>(byte) | (1 << (bit & 7))));
}

export function hasBit(set: usize, bit: i32): bool {
  return ((<u32>load<u8>(set + <usize>(bit >> 3)) >> (bit & 7)) & 1) !== 0;
}
