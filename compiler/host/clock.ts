import { Errno, Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";

/** The two clocks of a host, in nanoseconds; undefined where it has none. */
export interface Clock {
  /** Never goes back. */
  monotonic(): bigint | undefined;
  /** Since 1970. */
  wall(): bigint | undefined;
}

/** Stands still unless it is moved. */
export class ManualClock implements Clock {
  private sinceStart: bigint;
  private since1970: bigint;

  /** @param monotonic not 0, which modules take for a failure */
  constructor({ monotonic = 1_000_000_000_000n, wall = 1_800_000_000_000_000_000n } = {}) {
    this.sinceStart = monotonic;
    this.since1970 = wall;
  }

  monotonic(): bigint {
    return this.sinceStart;
  }

  wall(): bigint {
    return this.since1970;
  }

  /** Moves both. */
  advance(nanoseconds: bigint): void {
    if (nanoseconds < 0n) throw new RangeError("time does not go back");
    this.sinceStart += nanoseconds;
    this.since1970 += nanoseconds;
  }

  /** As an operator does: the monotonic clock does not notice. */
  setWall(since1970: bigint): void {
    this.since1970 = since1970;
  }
}

const REALTIME = 0;
const MONOTONIC = 1;

export function clockFunctions({ memory, environment: { clock } }: Border): HostFunctions {
  const read = (id: number): bigint | undefined => {
    if (id === REALTIME) return clock.wall();
    return id === MONOTONIC ? clock.monotonic() : undefined;
  };
  return {
    clock_time_get: {
      position: 1,
      wide: (_precision, id, cell) => {
        const time = read(id);
        if (time === undefined) return Errno.NotSupported;
        return memory.putWide(cell, time) ? Errno.Success : Errno.Fault;
      },
    },
    clock_res_get: (id, cell) => {
      if (id > MONOTONIC) return Errno.NotSupported;
      return memory.putWide(cell, 1n) ? Errno.Success : Errno.Fault;
    },
    proxy_get_current_time_nanoseconds: (cell) =>
      memory.putWide(cell, clock.wall() ?? 0n) ? Status.Ok : Status.InvalidMemoryAccess,
  };
}
