// What is written of DER (ITU-T X.690): headers and unsigned integers.

export enum DerTag {
  Integer = 0x02,
  BitString = 0x03,
  Sequence = 0x30,
}

/** Bytes of tag and length before `length` bytes, which are fewer than 65,536. */
export function derHeaderBytes(length: i32): i32 {
  return length < 0x80 ? 2 : length < 0x100 ? 3 : 4;
}

/** Writes tag and length; returns the address after them. */
export function writeDerHeader(target: usize, tag: DerTag, length: i32): usize {
  store<u8>(target, <u8>tag);
  if (length < 0x80) {
    store<u8>(target, <u8>length, 1);
    return target + 2;
  }
  if (length < 0x100) {
    store<u16>(target, <u16>(0x81 | (length << 8)), 1);
    return target + 3;
  }
  store<u8>(target, 0x82, 1);
  store<u16>(target, bswap<u16>(<u16>length), 2);
  return target + 4;
}

/** Bytes of an unsigned number that stand as its content: none too few to tell it from a negative one. `length` is at least 1. */
function contentBytes(number: usize, length: i32): i32 {
  const zeros = leadingZeros(number, length);
  return length - zeros + (load<u8>(number + <usize>zeros) >> 7);
}

/** Zero bytes before the first other one, or before the last. */
function leadingZeros(number: usize, length: i32): i32 {
  let zeros = 0;
  while (zeros < length - 1 && load<u8>(number + <usize>zeros) === 0) zeros++;
  return zeros;
}

/** Bytes of an unsigned number of `length` bytes, the highest first, as an INTEGER. */
export function derIntegerBytes(number: usize, length: i32): i32 {
  const content = contentBytes(number, length);
  return derHeaderBytes(content) + content;
}

/** Writes such a number; returns the address after it. */
export function writeDerInteger(target: usize, number: usize, length: i32): usize {
  const content = contentBytes(number, length);
  const digits = length - leadingZeros(number, length);
  let cursor = writeDerHeader(target, DerTag.Integer, content);
  if (content > digits) store<u8>(cursor++, 0);
  memory.copy(cursor, number + <usize>(length - digits), digits);
  return cursor + <usize>digits;
}
