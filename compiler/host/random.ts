import { Errno } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";

/** Gives as many bytes as asked for. */
export type Random = (length: number) => Uint8Array;

const MOST_BYTES = 64 * 1024;
const GOLDEN = 0x9e3779b97f4a7c15n;

/** The same bytes for the same seed (SplitMix64). Good for tests, and for nothing that must stay secret. */
export function seededRandom(seed: number): Random {
  let state = BigInt(seed);
  const next = (): bigint => {
    state = BigInt.asUintN(64, state + GOLDEN);
    let mixed = BigInt.asUintN(64, (state ^ (state >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    return mixed ^ (mixed >> 31n);
  };
  return (length) => Uint8Array.from({ length }, () => Number(next() >> 56n));
}

export function randomFunctions({ memory, environment: { random } }: Border): HostFunctions {
  return {
    random_get: (start, length) => {
      if (length > MOST_BYTES) return Errno.Invalid;
      // Envoy writes nothing for nothing, wherever the address points.
      if (length === 0) return Errno.Success;
      return memory.view(start, length) !== undefined && memory.putBytes(start, random(length))
        ? Errno.Success
        : Errno.Fault;
    },
  };
}
