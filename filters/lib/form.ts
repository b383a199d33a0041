// The encoding of HTML forms, `application/x-www-form-urlencoded` (URL Standard, section 5.2): a text becomes one value of a form, whatever is in it.

const SPACE: u32 = 0x20;
const PLUS: u8 = 0x2b;
const PERCENT: u8 = 0x25;

/** Bytes that a text of `length` bytes has at most when it is encoded. */
export function formBytes(length: i32): i32 {
  return 3 * length;
}

/** Encodes `length` bytes at `target`, which has `formBytes(length)`; returns how many were written. */
export function formEncode(source: usize, length: i32, target: usize): i32 {
  let write = target;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(source + <usize>i);
    if (byte === SPACE) store<u8>(write++, PLUS);
    else if (isPlain(byte)) store<u8>(write++, <u8>byte);
    else {
      store<u8>(write, PERCENT);
      store<u8>(write + 1, hexDigit(byte >> 4));
      store<u8>(write + 2, hexDigit(byte & 15));
      write += 3;
    }
  }
  return <i32>(write - target);
}

/** Letters, digits, `*`, `-`, `.` and `_` stand for themselves. */
function isPlain(byte: u32): bool {
  if ((byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10) return true;
  return byte === 0x2a || byte === 0x2d || byte === 0x2e || byte === 0x5f;
}

function hexDigit(value: u32): u8 {
  return <u8>(value < 10 ? value + 0x30 : value - 10 + 0x41);
}
