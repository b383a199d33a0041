import { beginCallback } from "../proxy-wasm/memory";
import { FilterHeadersStatus } from "../proxy-wasm/status";
import { chargeAnswer, dropDebits } from "../rate-limit/assembly/answer-cost";
import { hasDebits } from "../rate-limit/assembly/debits";
import { endFlights } from "../rate-limit/assembly/in-flight";
import { hasFlights } from "../rate-limit/assembly/policy";

// What limits have to hear of a stream after its request. Where no configuration counts calls in flight, or charges what answers say, nothing makes the host
// call it.

export function proxy_on_response_headers(context: u32, _headers: u32, _endOfStream: u32): FilterHeadersStatus {
  if (!hasDebits()) return FilterHeadersStatus.Continue;
  beginCallback();
  chargeAnswer(context);
  return FilterHeadersStatus.Continue;
}

/** Streams that are gone, however they ended. */
export function proxy_on_delete(context: u32): void {
  if (!hasFlights() && !hasDebits()) return;
  beginCallback();
  if (hasFlights()) endFlights(context);
  if (hasDebits()) dropDebits(context);
}
