// Numbers of Protobuf in seven bits a byte, the lowest first (Protocol Buffers, Encoding).

/** The bytes of a number, 1 to 5. */
export function varintBytes(value: u32): i32 {
  let bytes = 1;
  for (let rest = value >> 7; rest !== 0; rest >>= 7) bytes++;
  return bytes;
}

/** Writes a number; where the next byte goes. */
export function writeVarint(target: usize, value: u32): usize {
  let cursor = target;
  let rest = value;
  while (rest > 0x7f) {
    store<u8>(cursor++, <u8>(rest | 0x80));
    rest >>= 7;
  }
  store<u8>(cursor, <u8>rest);
  return cursor + 1;
}
