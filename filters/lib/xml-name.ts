// Names in XML. Only ASCII is looked at: whatever is above it may stand in a name.

/** Whether a text can stand in a tag as a name without prefix (Namespaces in XML 1.0, NCName). */
export function isXmlName(start: usize, length: i32): bool {
  if (length === 0 || !beginsName(load<u8>(start))) return false;
  for (let i: usize = 1; i < <usize>length; i++) {
    const byte = <u32>load<u8>(start + i);
    if (!beginsName(byte) && byte - 0x30 > 9 && byte !== 0x2d && byte !== 0x2e) return false;
  }
  return true;
}

function beginsName(byte: u32): bool {
  return (byte | 0x20) - 0x61 < 26 || byte === 0x5f || byte >= 0x80;
}
