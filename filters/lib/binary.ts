import { BASE64_STANDARD, digitValue } from "./base64";
import { isSpace } from "./space";

// How many bytes a text stands for, of the two that XML Schema has for bytes (Part 2, sections 3.2.15 and 3.2.16).

/** Bytes of `hexBinary`: digits of either case, an even number; -1 for any other text. */
export function hexBytes(start: usize, length: i32): i32 {
  if ((length & 1) !== 0) return -1;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (byte - 0x30 > 9 && (byte | 0x20) - 0x61 > 5) return -1;
  }
  return length >> 1;
}

/** Bytes of `base64Binary`: whole groups with their `=`, unused bits zero, white space anywhere; -1 for any other text. */
export function base64Bytes(start: usize, length: i32): i32 {
  let digits = 0;
  let pads = 0;
  let last = 0;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (isSpace(byte)) continue;
    if (byte === 0x3d) {
      pads++;
      continue;
    }
    last = digitValue(byte, BASE64_STANDARD);
    if (last < 0 || pads > 0) return -1;
    digits++;
  }
  if (((digits + pads) & 3) !== 0 || pads > 2 || (pads > 0 && digits === 0)) return -1;
  const unused = pads === 2 ? 15 : pads === 1 ? 3 : 0;
  return (last & unused) !== 0 ? -1 : ((digits + pads) >> 2) * 3 - pads;
}
