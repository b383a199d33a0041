// White space of XML (section 2.3: space, tab, line feed, carriage return) as XML Schema treats it, in place: what comes of it is never longer.

let resultStart: usize = 0;
let resultLength: i32 = 0;

/** Where the text is that `collapseSpace` or `replaceSpace` has made; good until the next call of either. */
export function spacedStart(): usize {
  return resultStart;
}

export function spacedLength(): i32 {
  return resultLength;
}

export function isSpace(byte: u32): bool {
  return byte === 0x20 || byte - 0x09 < 2 || byte === 0x0d;
}

/** Address of the first white space, or `end`. */
export function spaceFrom(start: usize, end: usize): usize {
  let cursor = start;
  if (ASC_FEATURE_SIMD) {
    for (; cursor + 16 <= end; cursor += 16) {
      const bytes = v128.load(cursor);
      const low = i8x16.bitmask(i8x16.le_u(bytes, i8x16.splat(0x20)));
      // Other control characters are rare: they only end the quick part.
      if (low !== 0) break;
    }
  }
  while (cursor < end && !isSpace(load<u8>(cursor))) cursor++;
  return cursor;
}

/** Address of the first byte that is no white space, or `end`. */
export function spaceEnd(start: usize, end: usize): usize {
  let cursor = start;
  while (cursor < end && isSpace(load<u8>(cursor))) cursor++;
  return cursor;
}

/** Address after the last byte that is no white space, or `start`. */
export function trimmedEnd(start: usize, end: usize): usize {
  let cursor = end;
  while (cursor > start && isSpace(load<u8>(cursor - 1))) cursor--;
  return cursor;
}

/** Each white space becomes a space. */
export function replaceSpace(start: usize, length: i32): void {
  const end = start + <usize>length;
  for (let cursor = spaceFrom(start, end); cursor < end; cursor = spaceFrom(cursor + 1, end)) store<u8>(cursor, 0x20);
  resultStart = start;
  resultLength = length;
}

/** None is left at either end, and one space of each run between. */
export function collapseSpace(start: usize, length: i32): void {
  const first = spaceEnd(start, start + <usize>length);
  const end = trimmedEnd(first, start + <usize>length);
  resultStart = first;
  let read = spaceFrom(first, end);
  let write = read;
  while (read < end) {
    store<u8>(write++, 0x20);
    const word = spaceEnd(read, end);
    read = spaceFrom(word, end);
    const size = read - word;
    if (write !== word) memory.copy(write, word, size);
    write += size;
  }
  resultLength = <i32>(write - first);
}

/** Whether white space stands anywhere. */
export function hasSpace(start: usize, length: i32): bool {
  const end = start + <usize>length;
  return spaceFrom(start, end) < end;
}
