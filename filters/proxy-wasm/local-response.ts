import { none } from "../lib/region";
import { Text } from "../lib/text";
import { proxy_send_local_response } from "./abi";
import { Status } from "./status";

/** Envoy tells gRPC clients what the status stands for. */
const NO_GRPC_STATUS: i32 = -1;

/** An answer that is the same for every request it is given to. Made when the configuration is read. */
@unmanaged
export class LocalResponse {
  status: u32 = 0;
  grpcStatus: i32 = 0;
  /** For the access log, without spaces. */
  details: Text = none<Text>();
  body: Text = none<Text>();
  /** Serialised header pairs. */
  headers: Text = none<Text>();
}

/** Answers the request at hand; whether the host took it. */
export function respond(response: LocalResponse): bool {
  return respondWith(response, response.headers.start, response.headers.length);
}

/** The same with header pairs of this request instead of the constant ones. */
export function respondWith(response: LocalResponse, headers: usize, headersLength: i32): bool {
  const status = proxy_send_local_response(
    response.status,
    response.details.start,
    response.details.length,
    response.body.start,
    response.body.length,
    headers,
    headersLength,
    response.grpcStatus,
  );
  return status === Status.Ok;
}

/**
 * Answers the request at hand with what is in memory: `headers` are serialised pairs, `details` is for the access log. Whether the host took it.
 */
export function respondNow(
  status: u32,
  details: Text,
  headers: usize,
  headersLength: i32,
  body: usize,
  bodyLength: i32,
): bool {
  return (
    proxy_send_local_response(
      status,
      details.start,
      details.length,
      body,
      bodyLength,
      headers,
      headersLength,
      NO_GRPC_STATUS,
    ) === Status.Ok
  );
}
