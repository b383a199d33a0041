// Blocks of memory that are given back one by one, for what outlives a callback: of seven sizes, MOST_BYTES in all. A block that was given back serves the
// next that wants its size, or one that wants less where there is nothing else.

import { keep } from "./region";

const SIZES: i32 = 7;
const SMALLEST: u32 = 512;
/** The most that a block holds. */
export const LARGEST_BLOCK: i32 = (512 << 6) - 8;

const CHUNK_BYTES: u32 = 64 << 10;
const MOST_BYTES: u32 = 16 << 20;
/** In front of a block: its size as a power of two over SMALLEST; in a free one, behind it, the next free one. */
const HEAD_BYTES: usize = 8;

// The first free block of each size.
const FREE: usize = memory.data(SIZES * 4, 4);

let chunkBytes: u32 = 0;
let blocks: i32 = 0;

/** Blocks that were taken and not given back. */
export function blocksTaken(): i32 {
  return blocks;
}

/** A block of `bytes` or more, aligned to 8, not zeroed; 0 if there is none. */
export function takeBlock(bytes: i32): usize {
  if (bytes > LARGEST_BLOCK) return 0;
  let size = 0;
  while (SMALLEST << size < <u32>bytes + <u32>HEAD_BYTES) size++;
  if (firstFree(size) === 0 && !cutChunk(size)) {
    while (size < SIZES && firstFree(size) === 0) size++;
    if (size === SIZES) return 0;
  }
  const block = firstFree(size);
  setFirstFree(size, <usize>load<u32>(block, HEAD_BYTES));
  blocks++;
  return block + HEAD_BYTES;
}

export function giveBlock(block: usize): void {
  blocks--;
  free(block - HEAD_BYTES, load<i32>(block - HEAD_BYTES));
}

function firstFree(size: i32): usize {
  return <usize>load<u32>(FREE + ((<usize>size) << 2));
}

function setFirstFree(size: i32, block: usize): void {
  store<u32>(FREE + ((<usize>size) << 2), <u32>block);
}

function free(block: usize, size: i32): void {
  store<i32>(block, size);
  store<u32>(block, <u32>firstFree(size), HEAD_BYTES);
  setFirstFree(size, block);
}

/** Makes a chunk of memory into free blocks of a size; false if there is none, or were too much then. */
function cutChunk(size: i32): bool {
  if (chunkBytes + CHUNK_BYTES > MOST_BYTES) return false;
  const chunk = keep(CHUNK_BYTES);
  if (chunk === 0) return false;
  chunkBytes += CHUNK_BYTES;
  const bytes = SMALLEST << size;
  for (let offset = CHUNK_BYTES; offset > 0; offset -= bytes) free(chunk + <usize>(offset - bytes), size);
  return true;
}
