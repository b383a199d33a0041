// Two regions of linear memory. `keep` holds configuration for the life of the VM and is never given back.
// The arena holds everything else and is emptied at the start of every callback. Both take whole pages from
// the engine, return 0 when there are none left, and never trap. See ../proxy-wasm/README.md for lifetimes.

const PAGE_BITS: u32 = 16;

/** Bytes that may be read past the end of any allocation, so that names can be compared in 8-byte words. */
const SLACK: usize = 16;

const LARGEST: usize = 64 << 20;

const ARENA_CHUNKS: i32 = 24;
const ARENA_CHUNK_BYTES: usize = 128 << 10;
const KEEP_CHUNK_BYTES: usize = 64 << 10;

/** Start of fresh, zeroed pages that hold at least `bytes`, or 0. */
function freshPages(bytes: usize): usize {
  const before = memory.grow(<i32>((bytes + 0xffff) >>> PAGE_BITS));
  return before < 0 ? 0 : (<usize>before) << PAGE_BITS;
}

function roundToPages(bytes: usize): usize {
  return (bytes + 0xffff) & ~(<usize>0xffff);
}

// ---- configuration: kept

let keepNext: usize = 0;
let keepEnd: usize = 0;
let keepFailed: bool = false;

/** Zeroed memory for the life of the VM, aligned to 8; 0 when there is none, and then `keepExhausted` says so. */
export function keep(bytes: usize): usize {
  if (bytes > LARGEST) {
    keepFailed = true;
    return 0;
  }
  const wanted = ((bytes + 7) & ~(<usize>7)) + SLACK;
  if (keepEnd - keepNext < wanted) {
    const size = roundToPages(max(wanted, KEEP_CHUNK_BYTES));
    const start = freshPages(size);
    if (start === 0) {
      keepFailed = true;
      return 0;
    }
    if (start !== keepEnd) keepNext = start;
    keepEnd = start + size;
  }
  const address = keepNext;
  keepNext += wanted - SLACK;
  return address;
}

/** Says that something that was to be kept could not be made. */
export function failKeeping(): void {
  keepFailed = true;
}

/** Whether a `keep` found no memory since the last `beginKeeping`. */
export function keepExhausted(): bool {
  return keepFailed;
}

export function beginKeeping(): void {
  keepFailed = false;
}

// ---- everything else: the arena

// Pairs of u32: start, end. Chunks are kept between callbacks, as WebAssembly memory cannot shrink.
const arenaChunks: usize = memory.data(ARENA_CHUNKS * 8, 4);
let arenaCount: i32 = 0;
let arenaChunk: i32 = 0;
let arenaNext: usize = 0;
let arenaEnd: usize = 0;

function enterChunk(index: i32): void {
  arenaChunk = index;
  arenaNext = <usize>load<u32>(arenaChunks + ((<usize>index) << 3));
  arenaEnd = <usize>load<u32>(arenaChunks + ((<usize>index) << 3), 4);
}

/** Forgets all that is in the arena. */
export function arenaReset(): void {
  if (arenaCount > 0) enterChunk(0);
}

// How far the arena was used when it was marked.
let markedChunk: i32 = 0;
let markedNext: usize = 0;

/** Notes how far the arena is used, for `arenaRewind`. */
export function arenaMark(): void {
  markedChunk = arenaChunk;
  markedNext = arenaNext;
}

/** Forgets all that was taken since `arenaMark`; no `arenaReset` may have come between. */
export function arenaRewind(): void {
  if (arenaCount === 0) return;
  enterChunk(markedChunk);
  if (markedNext !== 0) arenaNext = markedNext;
}

/** Memory until the next `arenaReset`, aligned to 8, not zeroed; 0 when there is none. */
export function arenaTake(bytes: usize): usize {
  if (bytes > LARGEST) return 0;
  const wanted = ((bytes + 7) & ~(<usize>7)) + SLACK;
  while (arenaEnd - arenaNext < wanted) {
    if (arenaChunk + 1 < arenaCount) {
      enterChunk(arenaChunk + 1);
      continue;
    }
    if (arenaCount === ARENA_CHUNKS) return 0;
    const size = roundToPages(max(wanted, ARENA_CHUNK_BYTES));
    const start = freshPages(size);
    if (start === 0) return 0;
    const entry = arenaChunks + ((<usize>arenaCount) << 3);
    store<u32>(entry, <u32>start);
    store<u32>(entry, <u32>(start + size), 4);
    enterChunk(arenaCount++);
  }
  const address = arenaNext;
  arenaNext += wanted - SLACK;
  return address;
}

/** The same, zeroed. */
export function arenaTakeZeroed(bytes: usize): usize {
  const address = arenaTake(bytes);
  if (address !== 0) memory.fill(address, 0, bytes);
  return address;
}

/** Gives back the last thing that was taken, if it still is the last of its chunk. */
export function arenaGiveBack(address: usize): void {
  if (address >= arenaChunkStart() && address < arenaNext) arenaNext = address;
}

/**
 * Makes what is at `address` have room for `bytes`, of which the first `used` are kept; where it is afterwards, or 0. It stays where it is if it was
 * the last thing that was taken and its chunk has room, or can be made longer.
 */
export function arenaExtend(address: usize, used: i32, bytes: i32): usize {
  const wanted = ((<usize>bytes + 7) & ~(<usize>7)) + SLACK;
  const isLast = address >= arenaChunkStart() && address < arenaNext;
  if (isLast && (arenaEnd - address >= wanted || lengthenChunk(address + wanted))) {
    arenaNext = address + wanted - SLACK;
    return address;
  }
  const target = arenaTake(<usize>bytes);
  if (target !== 0) memory.copy(target, address, <usize>used);
  return target;
}

/** Makes the chunk at hand end at `end` or later, if it is at the end of memory and there is more. */
function lengthenChunk(end: usize): bool {
  if (arenaEnd !== (<usize>memory.size()) << PAGE_BITS) return false;
  const size = roundToPages(end - arenaEnd);
  if (size > LARGEST || freshPages(size) === 0) return false;
  arenaEnd += size;
  store<u32>(arenaChunks + ((<usize>arenaChunk) << 3), <u32>arenaEnd, 4);
  return true;
}

function arenaChunkStart(): usize {
  return <usize>load<u32>(arenaChunks + ((<usize>arenaChunk) << 3));
}

// ---- typed views of memory

/** The record at the `index`th place of an array of records that starts at `base`. */
export function at<T>(base: usize, index: i32): T {
  return changetype<T>(base + <usize>index * offsetof<T>());
}

/** The place of a record of such an array. */
export function indexAt<T>(base: usize, record: T): i32 {
  return <i32>((changetype<usize>(record) - base) / offsetof<T>());
}

/** Zeroed memory for `count` records for the life of the VM, or 0. `count` is bounded by the caller. */
export function keepRecords<T>(count: i32): usize {
  return keep(<usize>count * offsetof<T>());
}

// Takes the writes to single records when memory is used up, until the one place that looks.
const SCRAP: usize = memory.data(256, 8);

/** One zeroed record of at most 256 bytes for the life of the VM; without memory scrap, and `keepExhausted()` is true. */
export function keepRecord<T>(): T {
  const address = keep(offsetof<T>());
  return changetype<T>(address === 0 ? SCRAP : address);
}

export function addressOf<T>(record: T): usize {
  return changetype<usize>(record);
}

/** Whether a record that may be missing is there. */
export function exists<T>(record: T): bool {
  return changetype<usize>(record) !== 0;
}

/** The missing record. */
export function none<T>(): T {
  return changetype<T>(0);
}

/** Zeroed memory for `count` addresses for the life of the VM, or 0. */
export function keepPointers(count: i32): usize {
  return keep((<usize>count) << 2);
}

export function setPointer<T>(list: usize, index: i32, record: T): void {
  store<u32>(list + ((<usize>index) << 2), <u32>changetype<usize>(record));
}

export function pointerAt<T>(list: usize, index: i32): T {
  return changetype<T>(<usize>load<u32>(list + ((<usize>index) << 2)));
}

/** The same of what is no record. */
export function setAddress(list: usize, index: i32, address: usize): void {
  store<u32>(list + ((<usize>index) << 2), <u32>address);
}

export function addressAt(list: usize, index: i32): usize {
  return <usize>load<u32>(list + ((<usize>index) << 2));
}
