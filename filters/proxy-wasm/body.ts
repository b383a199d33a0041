import { proxy_get_buffer_bytes, proxy_set_buffer_bytes } from "./abi";
import { resultAddress, resultCell, resultNumber } from "./memory";
import { BufferType, Status } from "./status";

// The body of a request or an answer, as far as Envoy holds it.

/** Reads it from the start on into the arena, `most` bytes at most; false if the host does not give it. */
export function readBody(type: BufferType, most: i32): bool {
  return proxy_get_buffer_bytes(type, 0, most, resultCell(0), resultCell(1)) === Status.Ok;
}

/** Whether Envoy holds any of it. It may hold none where trailers follow headers. */
export function hasBody(type: BufferType): bool {
  return proxy_get_buffer_bytes(type, 0, 1, resultCell(0), resultCell(1)) === Status.Ok && resultNumber(1) > 0;
}

/** What was read, until the next host call: the address and length are to be taken before it. */
export function bodyStart(): usize {
  return resultAddress(0);
}

export function bodyLength(): i32 {
  return resultNumber(1);
}

/** Puts other bytes in the place of a body of `length` bytes; whether the host took them. */
export function replaceBody(type: BufferType, length: i32, start: usize, newLength: i32): bool {
  return proxy_set_buffer_bytes(type, 0, length, start, newLength) === Status.Ok;
}
