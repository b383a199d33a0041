import { proxy_get_property, proxy_set_property } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { Status } from "./status";

/**
 * Asks Envoy for an attribute; the path has NUL between its parts. Afterwards `propertyStart` and `propertyLength` tell
 * where the value is in the arena.
 */
export function readProperty(path: usize, pathLength: i32): Status {
  return <Status>proxy_get_property(path, pathLength, resultCell(0), resultCell(1));
}

export function propertyStart(): usize {
  return resultAddress(0);
}

export function propertyLength(): i32 {
  return resultNumber(1);
}

/** Sets filter state `wasm.<name>` of the stream (Envoy `Wasm::Context::setProperty`); whether the host took it. */
export function setProperty(name: usize, nameLength: i32, value: usize, valueLength: i32): bool {
  return proxy_set_property(name, nameLength, value, valueLength) === Status.Ok;
}

/** A number that Envoy hands over in eight bytes: nanoseconds, a code, a count. -1 if it has none. */
export function readNumber(path: usize, pathLength: i32): i64 {
  if (readProperty(path, pathLength) !== Status.Ok || propertyLength() !== 8) return -1;
  return load<i64>(propertyStart());
}
