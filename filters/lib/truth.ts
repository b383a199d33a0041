// Booleans of XML Schema Part 2, section 3.2.2.

/** 1 for `true` and `1`, 0 for `false` and `0`, -1 for any other text. */
export function truthOf(start: usize, length: i32): i32 {
  if (length === 1) {
    const digit = <u32>load<u8>(start) - 0x30;
    return digit < 2 ? <i32>digit : -1;
  }
  if (length === 4) return load<u32>(start) === 0x65757274 ? 1 : -1;
  return length === 5 && load<u8>(start) === 0x66 && load<u32>(start, 1) === 0x65736c61 ? 0 : -1;
}
