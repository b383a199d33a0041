// soap.wasm: what body.wasm does, for a proxy whose routes somebody else writes: method and path say which operation a request is for.

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
