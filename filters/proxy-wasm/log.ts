import { proxy_get_log_level, proxy_log } from "./abi";
import { resultCell, resultNumber } from "./memory";
import { LogLevel, Status } from "./status";

let level: i32 = LogLevel.Critical;

/** Asks for the level once, as asking costs a host call. Unknown: nothing but errors. */
export function readLogLevel(): void {
  const known = proxy_get_log_level(resultCell(0)) === Status.Ok;
  level = known ? resultNumber(0) : LogLevel.Error;
}

export function debugIsOn(): bool {
  return level <= LogLevel.Debug;
}

/** Writes a line; whether the host took it. */
export function log(severity: LogLevel, start: usize, length: i32): bool {
  return proxy_log(severity, start, length) === Status.Ok;
}
