import { byteTextOf } from "../host/byte-text.js";
import type { Stream } from "../host/stream.js";
import { CALLER_PROPERTIES, type KnownCaller } from "../plan/callers.js";

/** Who calls, as the guard left it in filter state: the model of `targets/envoy/callers.ts`. */
export function callerOf({ filterState }: Stream): KnownCaller {
  const result = (property: string) => {
    const value = filterState.get(`sluice.${property}`);
    return value === undefined ? undefined : byteTextOf(value);
  };
  const groups = result(CALLER_PROPERTIES.groups);
  return {
    consumer: result(CALLER_PROPERTIES.consumers),
    tier: result(CALLER_PROPERTIES.tiers),
    groups: groups === undefined ? [] : groups.split(","),
  };
}
