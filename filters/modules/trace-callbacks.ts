import { exists } from "../lib/region";
import { beginCallback } from "../proxy-wasm/memory";
import { sendOnTick, settle } from "../tracing/assembly/delivery";
import { endStream } from "../tracing/assembly/ending";
import { hasRecords } from "../tracing/assembly/record";
import { Configuration } from "./configuration";
import { configurationOfRoot } from "./roots";

// The entry points of modules that trace, beside those of callbacks.ts: streams that end, time that passes, answers of collectors. Where no configuration
// exports spans, nothing makes the host call any of them.

export function proxy_on_log(context: u32): void {
  if (!hasRecords()) return;
  beginCallback();
  endStream(context);
}

export function proxy_on_tick(root: u32): void {
  beginCallback();
  const configuration = configurationOfRoot<Configuration>(root);
  if (exists(configuration)) sendOnTick(configuration.exporters);
}

export function proxy_on_http_call_response(
  root: u32,
  token: u32,
  _headers: u32,
  _bodySize: u32,
  _trailers: u32,
): void {
  beginCallback();
  settle(root, token);
}
