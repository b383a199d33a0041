// guard.wasm: tracing, authenticate, authorize and rateLimit in one pass. Compiled with TRACING=1, AUTH=1 and RATE_LIMIT=1.

export { malloc } from "../proxy-wasm/memory";
export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_request_headers,
} from "./callbacks";
export { proxy_on_http_call_response, proxy_on_tick } from "./service-callbacks";
export { proxy_on_delete, proxy_on_response_headers } from "./stream-callbacks";
export { proxy_on_log } from "./trace-callbacks";
