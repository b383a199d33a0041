// Names of attributes.

/** Whether a text is `[A-Za-z][A-Za-z0-9._-]*`. */
export function isName(start: usize, length: i32): bool {
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if ((byte | 0x20) - 0x61 < 26) continue;
    if (i === 0 || !(byte - 0x30 < 10 || byte === 0x2e || byte === 0x5f || byte === 0x2d)) return false;
  }
  return length > 0;
}
