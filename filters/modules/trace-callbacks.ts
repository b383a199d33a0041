import { beginCallback } from "../proxy-wasm/memory";
import { endStream } from "../tracing/assembly/ending";
import { hasRecords } from "../tracing/assembly/record";

/** Streams that end. Where no configuration exports spans, nothing makes the host call it. */
export function proxy_on_log(context: u32): void {
  if (!hasRecords()) return;
  beginCallback();
  endStream(context);
}
