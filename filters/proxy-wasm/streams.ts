import { proxy_continue_stream, proxy_set_effective_context } from "./abi";
import { Status, StreamType } from "./status";

// Requests that wait for the module, and in whose name it speaks.

/**
 * Makes a root or a stream the one that host calls are for, until the callback ends; false if it is not there any more. Each callback begins with its own
 * (proxy-wasm-cpp-host, `contextOrEffectiveContext`).
 */
export function speakFor(context: u32): bool {
  return proxy_set_effective_context(context) === Status.Ok;
}

/** Lets the request go on that was stopped. Its headers cannot be read any more afterwards. Whether the host took it. */
export function continueRequest(): bool {
  return proxy_continue_stream(StreamType.Request) === Status.Ok;
}
