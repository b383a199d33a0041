import { byteTextOf } from "../host/byte-text.js";
import { composeReply, isGrpcType } from "../host/local-reply.js";
import type { Pairs } from "../host/pairs.js";
import type { Random } from "../host/random.js";
import type { Stream } from "../host/stream.js";
import type { RoutedRequest } from "../request/request.js";
import { wireOfText } from "../request/wire-text.js";
import { locationOf } from "./redirect.js";

// What the connection manager, the router and the HTTP/1.1 codec of Envoy add and take off, beside policies and routes.

/** Headers as the guard sees them. */
export function requestHeaders(request: RoutedRequest, id: string): Pairs {
  const headers = [...request.headers].flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, wireOfText(value)]),
  );
  return [
    [":authority", request.authority],
    [":path", request.path],
    [":method", request.method],
    [":scheme", request.scheme],
    ...headers.filter(([name]) => name !== "x-request-id"),
    ["x-request-id", id],
  ];
}

/** Envoy gives each request an id of its own, a random UUID (RFC 9562 section 5.4). */
export function requestId(random: Random): string {
  const digits = Buffer.from(random(16)).toString("hex");
  return digits.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, "$1-$2-4$3-8$4-$5");
}

/** On what of a request it depends how Envoy words an answer of its own. */
export function sortOf({ method, headers }: Pick<RoutedRequest, "method" | "headers">): {
  isHead: boolean;
  isGrpc: boolean;
} {
  return { isHead: method === "HEAD", isGrpc: isGrpcType(headers.get("content-type")?.[0]) };
}

/** The answer of a route that leads to no service. */
export function answerDirectly(
  stream: Stream,
  request: RoutedRequest,
  status: number,
  text: string,
  headers: Pairs,
): void {
  const body = byteTextOf(Buffer.from(text));
  const reply = composeReply(
    { status, body, headers: withPlace(request, status, headers), grpcStatus: -1, details: "direct_response" },
    sortOf(request),
  );
  stream.responseHeaders(reply.headers, reply.body === "", "direct_response");
  if (reply.body !== "") stream.responseData(Buffer.from(reply.body, "latin1"), true);
}

/** With a 201 or a redirection that says no other place, Envoy tells the one that the request came to. */
function withPlace(request: RoutedRequest, status: number, headers: Pairs): Pairs {
  const hasPlace = status === 201 || (status >= 300 && status < 400);
  if (!hasPlace || headers.some(([name]) => name === "location")) return headers;
  return [["location", locationOf({}, request)], ...headers];
}

/**
 * What the connection manager and the HTTP/1.1 codec take off an answer, and add to it.
 * @param ends nothing follows the headers
 */
export function onWire(pairs: Pairs, method: string, status: number, ends: boolean): Pairs {
  const kept = pairs.filter(([name]) => !/^(:.*|connection|transfer-encoding|server|keep-alive)$/.test(name));
  const saysLength = kept.some(([name]) => name === "content-length");
  const isEmpty = !saysLength && ends && status !== 204 && status !== 304 && method !== "HEAD";
  return [...kept, ["server", "envoy"], ...(isEmpty ? [["content-length", "0"] as const] : [])];
}
