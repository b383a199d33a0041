import { proxy_continue_stream, proxy_set_effective_context } from "./abi";
import { readProperty } from "./properties";
import { Status, StreamType } from "./status";

// Requests that wait for the module, and in whose name it speaks.

/**
 * Makes a root or a stream the one that host calls are for, until the callback ends; false if it is not there any more. Each callback begins with its own
 * (proxy-wasm-cpp-host, `contextOrEffectiveContext`).
 */
export function speakFor(context: u32): bool {
  return proxy_set_effective_context(context) === Status.Ok;
}

/** `request.duration`: Envoy has it from the moment on at which a request is over (CEL attributes; `ConnectionManagerImpl::doDeferredStreamDestroy`). */
const DURATION: usize = memory.data<u8>([
  0x72, 0x65, 0x71, 0x75, 0x65, 0x73, 0x74, 0x00, 0x64, 0x75, 0x72, 0x61, 0x74, 0x69, 0x6f, 0x6e,
]);
const DURATION_LENGTH: i32 = 16;

/**
 * Makes a stream the one that host calls are for, as {@link speakFor} does; false also if it is over. Until the turn of its worker ends, Envoy knows streams
 * whose client has left, and an answer to one of these, or that it go on, reaches into memory that is no more.
 */
export function speakForLiving(stream: u32): bool {
  return speakFor(stream) && readProperty(DURATION, DURATION_LENGTH) !== Status.Ok;
}

/** Lets the request go on that was stopped. Its headers cannot be read any more afterwards. Whether the host took it. */
export function continueRequest(): bool {
  return proxy_continue_stream(StreamType.Request) === Status.Ok;
}
