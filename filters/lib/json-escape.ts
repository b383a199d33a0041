// Characters that cannot stand in a string of JSON as they are (RFC 8259 section 7).

const QUOTE: u32 = 0x22;
const BACKSLASH: u32 = 0x5c;
const ZERO: u32 = 0x30;

/** Writes an escape of two bytes; 0 if the byte has none. */
export function escapeByte(byte: u32, target: usize): i32 {
  const letter = escapeLetter(byte);
  if (letter === 0) return 0;
  store<u8>(target, <u8>BACKSLASH);
  store<u8>(target, <u8>letter, 1);
  return 2;
}

function escapeLetter(byte: u32): u32 {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
      return byte;
    case 0x08:
      return 0x62;
    case 0x09:
      return 0x74;
    case 0x0a:
      return 0x6e;
    case 0x0c:
      return 0x66;
    case 0x0d:
      return 0x72;
    default:
      return 0;
  }
}

/** Writes an escape of six bytes for a byte below 0x20: `\u001f`. */
export function escapeControl(byte: u32, target: usize): i32 {
  store<u32>(target, 0x3030755c);
  store<u8>(target, <u8>(ZERO + (byte >> 4)), 4);
  const low = byte & 15;
  store<u8>(target, <u8>(low < 10 ? ZERO + low : 0x57 + low), 5);
  return 6;
}
