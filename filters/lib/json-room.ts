// How long a tape has to be.

/** No fewer nodes than a text of JSON can have: each begins it, or follows an opening bracket, a comma or a colon. Those in strings are counted too. */
export function jsonNodesAtMost(start: usize, length: i32): i32 {
  let count = 1;
  let i = 0;
  if (ASC_FEATURE_SIMD) {
    for (; i + 16 <= length; i += 16) count += popcnt(i8x16.bitmask(structural(v128.load(start + <usize>i))));
  }
  for (; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (byte === 0x2c || byte === 0x3a || (byte | 0x20) === 0x7b) count++;
  }
  return count;
}

/** `{` and `[` differ in one bit only, and no other byte is like them but for it. */
function structural(bytes: v128): v128 {
  const brackets = i8x16.eq(v128.or(bytes, i8x16.splat(0x20)), i8x16.splat(0x7b));
  const commas = i8x16.eq(bytes, i8x16.splat(0x2c));
  const colons = i8x16.eq(bytes, i8x16.splat(0x3a));
  return v128.or(brackets, v128.or(commas, colons));
}
