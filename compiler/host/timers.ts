import { Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";

/** When a root is told again that time has passed. Nanoseconds of the monotonic clock. */
export interface Ticker {
  readonly period: bigint;
  due: bigint;
}

const MILLISECOND = 1_000_000n;

export function timerFunctions(border: Border): HostFunctions {
  return {
    proxy_set_tick_period_milliseconds: (milliseconds) => {
      const period = BigInt(milliseconds) * MILLISECOND;
      border.root().ticker =
        period === 0n ? undefined : { period, due: (border.environment.clock.monotonic() ?? 0n) + period };
      return Status.Ok;
    },
  };
}
