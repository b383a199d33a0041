// Names of XML 1.0, fifth edition (section 2.3, productions 4, 4a and 5), and qualified names of Namespaces in XML 1.0
// (section 4). The bytes are known to be valid UTF-8.

let firstColon: usize = 0;
let colons: i32 = 0;

/** Address after the longest name that begins at `start`, or 0 if none does. Then `nameColon` says whether it has a prefix. */
export function nameEnd(start: usize, end: usize): usize {
  firstColon = 0;
  colons = 0;
  let position = start;
  let hasWide = false;
  if (ASC_FEATURE_SIMD) {
    for (; position + 16 <= end; position += 16) {
      const bytes = v128.load(position);
      const others = i8x16.bitmask(i8x16.eq(nameClass(bytes), i8x16.splat(0)));
      const size = ctz(others | 0x10000);
      const inside = (1 << size) - 1;
      noteColons(i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0x3a))) & inside, position);
      hasWide = hasWide || (i8x16.bitmask(bytes) & inside) !== 0;
      if (others !== 0) return finish(start, position + <usize>size, hasWide);
    }
  }
  for (; position < end; position++) {
    const byte = <u32>load<u8>(position);
    if (byte === 0x3a) noteColons(1, position);
    else if (byte >= 0x80) hasWide = true;
    else if (!isPlainName(byte)) break;
  }
  return finish(start, position, hasWide);
}

/** Address of the colon of the last name, 0 without one; 1 if a qualified name cannot have the colons that it has. */
export function nameColon(start: usize, end: usize): usize {
  if (firstColon === 0) return 0;
  if (colons > 1 || firstColon === start || firstColon + 1 === end) return 1;
  return startsName(firstColon + 1) ? firstColon : 1;
}

/** A byte is zero where its byte is ASCII that no name has. One bit for each row of the table of ASCII, as two look-ups. */
function nameClass(bytes: v128): v128 {
  // Bits: 1 for `-.`, 2 for digits, `:` and p to z, 4 for A to O and a to o, 8 for P to Z and `_`, 16 for all beyond ASCII.
  const high = i8x16.swizzle(
    i8x16(0, 0, 1, 2, 4, 8, 4, 2, 16, 16, 16, 16, 16, 16, 16, 16),
    v128.and(i16x8.shr_u(bytes, 4), i8x16.splat(0x0f)),
  );
  const low = i8x16.swizzle(
    i8x16(26, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 20, 20, 21, 21, 28),
    v128.and(bytes, i8x16.splat(0x0f)),
  );
  return v128.and(high, low);
}

function noteColons(found: i32, position: usize): void {
  if (found === 0) return;
  if (firstColon === 0) firstColon = position + <usize>ctz(found);
  colons += popcnt(found);
}

function finish(start: usize, stop: usize, hasWide: bool): usize {
  if (stop === start || !startsName(start)) return 0;
  return hasWide ? wideEnd(start, stop) : stop;
}

function isPlainName(byte: u32): bool {
  return isPlainStart(byte) || byte - 0x30 < 10 || byte === 0x2d || byte === 0x2e;
}

function isPlainStart(byte: u32): bool {
  return (byte | 0x20) - 0x61 < 26 || byte === 0x5f || byte === 0x3a;
}

function startsName(position: usize): bool {
  const byte = <u32>load<u8>(position);
  return byte < 0x80 ? isPlainStart(byte) : isNameStart(scalarAt(position));
}

/** The end of the name within bytes that may not all be of it, as some lie beyond ASCII. */
function wideEnd(start: usize, stop: usize): usize {
  let position = start;
  while (position < stop) {
    const byte = <u32>load<u8>(position);
    if (byte < 0x80) {
      position++;
      continue;
    }
    const scalar = scalarAt(position);
    if (!isNameStart(scalar) && !continuesName(scalar)) break;
    position += byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
  }
  return position;
}

/** The character of two to four bytes at `position`. */
function scalarAt(position: usize): u32 {
  const lead = <u32>load<u8>(position);
  const second = <u32>load<u8>(position, 1) & 0x3f;
  if (lead < 0xe0) return ((lead & 0x1f) << 6) | second;
  const third = <u32>load<u8>(position, 2) & 0x3f;
  if (lead < 0xf0) return ((lead & 0x0f) << 12) | (second << 6) | third;
  return ((lead & 0x07) << 18) | (second << 12) | (third << 6) | (<u32>load<u8>(position, 3) & 0x3f);
}

/** NameStartChar, of what lies beyond ASCII. */
function isNameStart(scalar: u32): bool {
  if (scalar < 0x300) return scalar >= 0xc0 && scalar !== 0xd7 && scalar !== 0xf7;
  if (scalar < 0x2000) return scalar >= 0x370 && scalar !== 0x37e;
  if (scalar < 0x3001) return isHighStart(scalar);
  if (scalar < 0xd800) return true;
  if (scalar < 0x10000) return (scalar >= 0xf900 && scalar <= 0xfdcf) || (scalar >= 0xfdf0 && scalar <= 0xfffd);
  return scalar <= 0xeffff;
}

function isHighStart(scalar: u32): bool {
  if (scalar < 0x2070) return scalar === 0x200c || scalar === 0x200d;
  return scalar <= 0x218f || (scalar >= 0x2c00 && scalar <= 0x2fef);
}

/** What NameChar has beside NameStartChar, beyond ASCII. */
function continuesName(scalar: u32): bool {
  return scalar === 0xb7 || (scalar >= 0x300 && scalar <= 0x36f) || scalar === 0x203f || scalar === 0x2040;
}
