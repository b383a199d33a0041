import { HeaderMap } from "./header-map.js";
import type { Pairs } from "./pairs.js";

/** A reply that the module wants sent instead of the service's. Texts are byte texts. */
export interface LocalReply {
  readonly status: number;
  readonly body: string;
  readonly headers: Pairs;
  /** 0 to 16; any other number tells none. */
  readonly grpcStatus: number;
  /** For the access log, blanks already replaced. */
  readonly details: string;
}

export interface ComposedReply {
  readonly headers: HeaderMap;
  /** Empty for HEAD and gRPC, which have their reply in the headers alone. */
  readonly body: string;
}

const MOST_GRPC_STATUS = 16;

/** As Envoy composes it (source/common/http/utility.cc, `prepareLocalReply`; seen on 1.40). */
export function composeReply(reply: LocalReply, request: { isHead: boolean; isGrpc: boolean }): ComposedReply {
  const headers = new HeaderMap("response", [[":status", String(reply.status)]]);
  for (const [name, value] of reply.headers) headers.add(name, value);
  headers.replace(":status", String(reply.status));
  if (request.isGrpc) return composeGrpcReply(headers, request.isHead ? { ...reply, body: "" } : reply);
  if (reply.body === "") {
    headers.remove("content-length");
    headers.remove("content-type");
    return { headers, body: "" };
  }
  const type = headers.get("content-type");
  headers.remove("content-length");
  headers.add("content-length", String(reply.body.length));
  if (type === undefined) headers.add("content-type", "text/plain");
  return { headers, body: request.isHead ? "" : reply.body };
}

function composeGrpcReply(headers: HeaderMap, { status, body, grpcStatus }: LocalReply): ComposedReply {
  headers.replace(":status", "200");
  headers.replace("content-type", "application/grpc");
  const told = grpcStatus >= 0 && grpcStatus <= MOST_GRPC_STATUS ? grpcStatus : grpcStatusOf(status);
  headers.replace("grpc-status", String(told));
  if (body !== "") headers.replace("grpc-message", percentEncoded(body));
  headers.remove("content-length");
  return { headers, body: "" };
}

/** gRPC over HTTP/2, section "HTTP to gRPC status code mapping"; 200 is no gRPC answer either. */
export function grpcStatusOf(httpStatus: number): number {
  switch (httpStatus) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return 2;
  }
}

/** gRPC over HTTP/2, `Percent-Encoded`: all but printable ASCII, and the percent sign. */
function percentEncoded(text: string): string {
  return text.replace(
    /[^ -$&-~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );
}

/** Content types that make a request one of gRPC: `application/grpc`, alone or with a subtype. */
export function isGrpcRequest(headers: HeaderMap): boolean {
  return isGrpcType(headers.get("content-type"));
}

/** The same, of the header alone. */
export function isGrpcType(contentType = ""): boolean {
  return /^application\/grpc(\+.*)?$/.test(contentType);
}
