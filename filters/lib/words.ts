// Lists of 32-bit integers in memory that the caller has taken.

export function wordAt(list: usize, index: i32): i32 {
  return load<i32>(list + ((<usize>index) << 2));
}

export function setWord(list: usize, index: i32, value: i32): void {
  store<i32>(list + ((<usize>index) << 2), value);
}

/** Sets the first `count` to 0. */
export function clearWords(list: usize, count: i32): void {
  memory.fill(list, 0, (<usize>count) << 2);
}

/** Bytes of one of them. */
export const WORD_BYTES: i32 = 4;
