import { LogLevel, Status } from "./abi.js";
import type { Border, HostFunctions } from "./border.js";
import { textOf } from "./byte-text.js";

export interface LogLine {
  /** 0 trace, 1 debug, 2 info, 3 warn, 4 error, 5 critical. */
  readonly level: number;
  readonly text: string;
}

export interface LogSink {
  /** Lines below it are not kept. */
  readonly level: number;
  write(line: LogLine): void;
}

export function logFunctions({ memory, environment: { log } }: Border): HostFunctions {
  return {
    proxy_log: (level, start, length) => {
      if (level > LogLevel.Critical) return Status.BadArgument;
      const bytes = memory.bytes(start, length);
      if (bytes === undefined) return Status.InvalidMemoryAccess;
      if (level >= log.level) log.write({ level, text: textOf(bytes) });
      return Status.Ok;
    },
    proxy_get_log_level: (cell) => (memory.putWord(cell, log.level) ? Status.Ok : Status.InvalidMemoryAccess),
  };
}
