// What a request may give as its host (compiler/plan/authority.ts has it as an expression): a name of letters, digits, `-` and `_` between
// single dots, or an IPv6 address in brackets; then perhaps a port. Whatever else RFC 3986 section 3.2 allows, a service may take for another
// name than Envoy does.

/** Length of the name in an authority in lower case, before the port; 0 if that is nothing that a host may be. */
export function hostNameLength(start: usize, length: i32): i32 {
  if (length === 0) return 0;
  const name = load<u8>(start) === 0x5b ? bracketsLength(start, length) : labelsLength(start, length);
  return isPort(start + <usize>name, length - name) ? name : 0;
}

/** Labels with a dot between each two; 0 if one of them is empty. */
function labelsLength(start: usize, length: i32): i32 {
  let isEmpty = true;
  for (let i = 0; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (byte === 0x2e) {
      if (isEmpty) return 0;
      isEmpty = true;
    } else if (byte - 0x61 < 26 || byte - 0x30 < 10 || byte === 0x2d || byte === 0x5f) {
      isEmpty = false;
    } else {
      return isEmpty ? 0 : i;
    }
  }
  return isEmpty ? 0 : length;
}

/** Hexadecimal digits, colons and, after two of these, dots, in brackets. */
function bracketsLength(start: usize, length: i32): i32 {
  let colons = 0;
  for (let i = 1; i < length; i++) {
    const byte = <u32>load<u8>(start + <usize>i);
    if (byte === 0x5d) return colons < 2 ? 0 : i + 1;
    if (byte === 0x3a) colons++;
    else if (byte === 0x2e ? colons < 2 : byte - 0x61 >= 6 && byte - 0x30 >= 10) return 0;
  }
  return 0;
}

/** Whether a text is empty, or a colon with digits only behind it. */
function isPort(start: usize, length: i32): bool {
  if (length === 0) return true;
  if (load<u8>(start) !== 0x3a) return false;
  for (let i = 1; i < length; i++) {
    if (<u32>load<u8>(start + <usize>i) - 0x30 >= 10) return false;
  }
  return true;
}

/** The port behind a name, `:` and digits up to a byte that is none; 0 if there is none, or none of 16 bits. */
export function portAfter(nameEnd: usize): i32 {
  if (load<u8>(nameEnd) !== 0x3a) return 0;
  let port = 0;
  for (let i: usize = 1; i < 7; i++) {
    const digit = <u32>load<u8>(nameEnd + i) - 0x30;
    if (digit > 9) return port;
    port = port * 10 + <i32>digit;
    if (port > 65535) return 0;
  }
  return 0;
}
