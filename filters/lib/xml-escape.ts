// Texts as XML 1.0 (fifth edition) has them in content and in attributes. The text is valid UTF-8.

/** Where the text is to stand: in an attribute white space other than a space is escaped too, as a parser would make spaces of it (section 3.3.3). */
export enum Place {
  Content,
  Attribute,
}

/** The most bytes that one byte becomes: `&quot;`. */
export const XML_ESCAPE_FACTOR: i32 = 6;

/**
 * Writes a text escaped at `target`, which has room for `XML_ESCAPE_FACTOR * length + 16` bytes; 16 bytes after the text may be read. Returns the
 * bytes written, or -1 if it has a character that XML cannot have (section 2.2): a control character, U+FFFE or U+FFFF.
 */
export function escapeXml(start: usize, length: i32, target: usize, place: Place): i32 {
  const end = start + <usize>length;
  let read = start;
  let write = target;
  while (read < end) {
    const run = plainRun(read, end, write);
    read += run;
    write += run;
    if (read >= end) break;
    const byte = <u32>load<u8>(read);
    const size = byte === 0xef ? noncharacter(read) : escapeByte(byte, write, place);
    if (size < 0) return -1;
    if (size === 0) store<u8>(write++, <u8>byte);
    write += <usize>size;
    read++;
  }
  return <i32>(write - target);
}

/** Copies bytes up to the first that may be special; their number. What is copied beyond that is overwritten later. */
function plainRun(start: usize, end: usize, target: usize): usize {
  let i: usize = 0;
  const length = end - start;
  if (ASC_FEATURE_SIMD) {
    for (; i < length; i += 16) {
      const bytes = v128.load(start + i);
      v128.store(target + i, bytes);
      const found = i8x16.bitmask(specials(bytes));
      if (found !== 0) return min(i + <usize>ctz(found), length);
    }
    return length;
  }
  for (; i < length; i++) {
    const byte = <u32>load<u8>(start + i);
    if (byte < 0x20 || byte === 0x22 || byte === 0x26 || byte === 0x3c || byte === 0x3e || byte === 0xef) return i;
    store<u8>(target + i, <u8>byte);
  }
  return i;
}

/** Control characters, `"`, `&`, `<`, `>`, and the byte that U+FFFE and U+FFFF begin with, as other characters do. */
function specials(bytes: v128): v128 {
  const controls = i8x16.lt_u(bytes, i8x16.splat(0x20));
  // `<` and `>` differ in one bit, which no other byte of their row has alike.
  const angles = i8x16.eq(v128.and(bytes, i8x16.splat(<i8>0xfd)), i8x16.splat(0x3c));
  const ampersands = i8x16.eq(bytes, i8x16.splat(0x26));
  const quotes = i8x16.eq(bytes, i8x16.splat(0x22));
  const leads = i8x16.eq(bytes, i8x16.splat(<i8>0xef));
  return v128.or(v128.or(controls, angles), v128.or(v128.or(ampersands, quotes), leads));
}

/** -1 if the character of three bytes is U+FFFE or U+FFFF. */
function noncharacter(start: usize): i32 {
  return load<u8>(start, 1) === 0xbf && load<u8>(start, 2) >= 0xbe ? -1 : 0;
}

/** Bytes that stand for one that is special; 0 if it stands for itself, -1 if nothing does. */
function escapeByte(byte: u32, target: usize, place: Place): i32 {
  switch (byte) {
    case 0x26:
      return put(target, 0x3b706d6126, 5);
    case 0x3c:
      return put(target, 0x3b746c26, 4);
    case 0x3e:
      return put(target, 0x3b746726, 4);
    case 0x22:
      return place === Place.Attribute ? put(target, 0x3b746f757126, 6) : 0;
    case 0x0d:
      return put(target, 0x3b33312326, 5);
    case 0x0a:
      return place === Place.Attribute ? put(target, 0x3b30312326, 5) : 0;
    case 0x09:
      return place === Place.Attribute ? put(target, 0x3b392326, 4) : 0;
    default:
      return -1;
  }
}

/** `bytes` hold an entity or character reference, the first character lowest. */
function put(target: usize, bytes: u64, size: i32): i32 {
  store<u64>(target, bytes);
  return size;
}
