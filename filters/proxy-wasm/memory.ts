import { arenaReset, arenaTake } from "../lib/region";

// The ABI's face of memory. Lifetimes are drawn in README.md.

/** Where host functions put 32-bit and 64-bit results: five cells of 8 bytes, valid until the next host call. */
export const RESULTS: usize = memory.data(40, 8);

/**
 * Called by the host, from inside a host call, for everything it hands over. It must not call the host (restricted
 * callbacks, proxy-wasm-cpp-host `allocMemory`). 0 when there is no memory: the host call then fails with InvalidMemoryAccess.
 */
export function malloc(size: usize): usize {
  return arenaTake(size);
}

/** To be called first in every callback: all that the last one was given is gone. */
export function beginCallback(): void {
  arenaReset();
}

/** The address in a result cell. */
export function resultAddress(cell: i32): usize {
  return <usize>load<u32>(RESULTS + ((<usize>cell) << 3));
}

/** The length or number in a result cell. */
export function resultNumber(cell: i32): i32 {
  return load<i32>(RESULTS + ((<usize>cell) << 3));
}

export function resultWide(cell: i32): u64 {
  return load<u64>(RESULTS + ((<usize>cell) << 3));
}

/** Address of a result cell, to be given to the host. */
export function resultCell(cell: i32): usize {
  return RESULTS + ((<usize>cell) << 3);
}
