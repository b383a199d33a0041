// White space in the values of header fields (RFC 9110 section 5.6.3): spaces and tabs.

export function isFieldSpace(byte: u32): bool {
  return byte === 0x20 || byte === 0x09;
}

/** Address of the first byte that is no white space, or `to`. */
export function afterSpace(from: usize, to: usize): usize {
  let start = from;
  while (start < to && isFieldSpace(load<u8>(start))) start++;
  return start;
}

/** Address after the last byte that is no white space, or `from`. */
export function beforeSpace(from: usize, to: usize): usize {
  let end = to;
  while (end > from && isFieldSpace(load<u8>(end - 1))) end--;
  return end;
}
