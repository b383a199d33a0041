// rate-limit.wasm: rateLimit alone. Who calls it is told by a module in front, in filter state. Compiled with AUTH=0 and RATE_LIMIT=1.

export { malloc } from "../proxy-wasm/memory";
export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_request_headers,
} from "./callbacks";
export { proxy_on_tick } from "./service-callbacks";
export { proxy_on_delete, proxy_on_response_headers } from "./stream-callbacks";
