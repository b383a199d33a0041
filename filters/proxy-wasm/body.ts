import { proxy_get_buffer_bytes, proxy_set_buffer_bytes } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { BufferType, Status } from "./status";

// The body of a request or an answer, as far as Envoy holds it.

/** Reads `length` bytes from the start into the arena; false if the host does not give all of them. Then they are at `bodyStart`. */
export function readBody(type: BufferType, length: i32): bool {
  const status = proxy_get_buffer_bytes(type, 0, length, resultCell(0), resultCell(1));
  return status === Status.Ok && resultNumber(1) === length;
}

export function bodyStart(): usize {
  return resultAddress(0);
}

/** Puts other bytes in the place of the first `length`; whether the host took them. */
export function replaceBody(type: BufferType, length: i32, start: usize, newLength: i32): bool {
  return proxy_set_buffer_bytes(type, 0, length, start, newLength) === Status.Ok;
}
