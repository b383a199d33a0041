// body.wasm: conversions of requests and answers, bodies and all, behind guard.wasm.

export { malloc } from "../proxy-wasm/memory";
export {
  proxy_abi_version_0_2_1,
  proxy_on_configure,
  proxy_on_context_create,
  proxy_on_request_body,
  proxy_on_request_headers,
  proxy_on_request_trailers,
  proxy_on_response_body,
  proxy_on_response_headers,
  proxy_on_response_trailers,
} from "./body-callbacks";
