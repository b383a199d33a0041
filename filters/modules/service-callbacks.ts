import { exists } from "../lib/region";
import { beginCallback } from "../proxy-wasm/memory";
import { beatOfFlights } from "../rate-limit/assembly/in-flight";
import { hasFlights } from "../rate-limit/assembly/policy";
import { sendOnTick, settle } from "../tracing/assembly/delivery";
import { Configuration } from "./configuration";
import { configurationOfRoot } from "./roots";

// The entry points of modules that ask services of their own accord: time that passes, and answers. Where no configuration has somebody to ask, nothing makes
// the host call them.

export function proxy_on_tick(root: u32): void {
  beginCallback();
  if (RATE_LIMIT && hasFlights()) beatOfFlights();
  const configuration = configurationOfRoot<Configuration>(root);
  if (!exists(configuration)) return;
  if (TRACING) sendOnTick(configuration.exporters);
}

/** Whoever made the call knows its number. An answer that nobody waits for any more is nobody's. */
export function proxy_on_http_call_response(
  root: u32,
  token: u32,
  _headers: u32,
  _bodySize: u32,
  _trailers: u32,
): void {
  beginCallback();
  if (TRACING && settle(root, token)) return;
}
