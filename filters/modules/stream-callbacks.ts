import { beginCallback } from "../proxy-wasm/memory";
import { endFlights } from "../rate-limit/assembly/in-flight";
import { hasFlights } from "../rate-limit/assembly/policy";

/** Streams that are gone, however they ended. Where no configuration counts calls in flight, nothing makes the host call it. */
export function proxy_on_delete(context: u32): void {
  if (!RATE_LIMIT || !hasFlights()) return;
  beginCallback();
  endFlights(context);
}
