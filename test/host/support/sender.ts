import { bytesOf } from "../../../compiler/host/byte-text.js";
import { serializePairs } from "../../../compiler/host/pairs.js";
import { wat } from "./wat.js";

/** What the sender posts. */
export const SENT = "[]";
/** Where it posts to, and the service. */
export const COLLECTOR = { service: "collector", path: "/api/v2/spans" };

const PAIRS = serializePairs([
  [":method", "POST"],
  [":path", COLLECTOR.path],
  [":authority", COLLECTOR.service],
  ["content-type", "application/json"],
]);

function data(at: number, bytes: Uint8Array): string {
  const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return `(data (i32.const ${at}) "${escaped}")`;
}

/**
 * A guard that lets everything pass, and posts a document once a period if a stream has ended since the last time. What it is
 * answered it writes to the log: the whole header map.
 *
 * @param period of its ticks, in milliseconds
 * @param timeout of its calls
 */
export function sender({ period = 20, timeout = 5_000 } = {}): Uint8Array {
  return wat(`(import "env" "proxy_set_tick_period_milliseconds" (func $period (param i32) (result i32)))
    (import "env" "proxy_http_call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
    (import "env" "proxy_get_header_map_pairs" (func $pairs (param i32 i32 i32) (result i32)))
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (global $ended (mut i32) (i32.const 0))
    ${data(64, bytesOf(COLLECTOR.service))}
    ${data(128, PAIRS)}
    ${data(1024, bytesOf(SENT))}
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (drop (call $period (i32.const ${period})))
      (i32.const 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) (i32.const 0))
    (func (export "proxy_on_log") (param i32) (global.set $ended (i32.const 1)))
    (func (export "proxy_on_tick") (param i32)
      (if (global.get $ended) (then
        (global.set $ended (i32.const 0))
        (drop (call $call (i32.const 64) (i32.const ${COLLECTOR.service.length})
          (i32.const 128) (i32.const ${PAIRS.length}) (i32.const 1024) (i32.const ${SENT.length})
          (i32.const 0) (i32.const 0) (i32.const ${timeout}) (i32.const 2048))))))
    (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
      (if (i32.eqz (local.get 2)) (then (drop (call $log (i32.const 3) (i32.const 1024) (i32.const 1)))))
      (if (local.get 2) (then
        (drop (call $pairs (i32.const 6) (i32.const 2052) (i32.const 2056)))
        (drop (call $log (i32.const 3) (i32.load (i32.const 2052)) (i32.load (i32.const 2056)))))))`);
}

/** The policy of a gateway with it. Addresses are `host:port`. */
export function sendingPolicy({ one, collector }: { one: string; collector: string }): string {
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:0 } }
services:
  one: { endpoints: ["${one}"] }
  ${COLLECTOR.service}: { endpoints: ["${collector}"], connectTimeout: 1s }
policies:
  trace: { tracing: { export: { zipkin: ${COLLECTOR.service} } } }
routes: [{ name: all, match: { path: /** }, to: one, apply: [trace] }]
`;
}
