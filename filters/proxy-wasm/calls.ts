import { parseDecimalU32 } from "../lib/bytes";
import { Text } from "../lib/text";
import { proxy_http_call, proxy_set_tick_period_milliseconds } from "./abi";
import { fieldLength, fieldStart, findField, readFields } from "./headers";
import { resultCell, resultNumber } from "./memory";
import { HeaderMapType, Status } from "./status";

// Requests that the module itself makes, and the ticks by which it makes them.

/**
 * Sends a request to a cluster of the proxy. Its number, by which the answer comes to `proxy_on_http_call_response` of the root; 0 if it cannot be
 * made, and then no answer comes that anybody waits for.
 *
 * @param headers serialised pairs, with `:method`, `:path` and `:authority`
 * @param timeout milliseconds
 */
export function callService(cluster: Text, headers: Text, body: usize, bodyLength: i32, timeout: i32): u32 {
  const status = proxy_http_call(
    cluster.start,
    cluster.length,
    headers.start,
    headers.length,
    body,
    bodyLength,
    NO_TRAILERS,
    NO_TRAILERS_BYTES,
    timeout,
    resultCell(0),
  );
  return status === Status.Ok ? <u32>resultNumber(0) : 0;
}

/** No pairs. */
const NO_TRAILERS: usize = memory.data(4, 4);
const NO_TRAILERS_BYTES: i32 = 4;

/** The status that a service answered, while its answer is told; 0 if it gave none. */
export function answeredStatus(statusName: Text): i32 {
  if (!readFields(HeaderMapType.HttpCallResponseHeaders) || findField(statusName) !== 1 || fieldLength() !== 3)
    return 0;
  return <i32>parseDecimalU32(fieldStart(), 3);
}

/** Lets the host call `proxy_on_tick` of the root at hand again and again; whether it took that. */
export function tickEvery(milliseconds: u32): bool {
  return proxy_set_tick_period_milliseconds(milliseconds) === Status.Ok;
}
