import { withoutIds } from "../../../compiler/testing/agreement.js";

// Requests whose way through Envoy the embedded host must model.

/** A policy with everything around the guard that Envoy does. */
export const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: both
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  moved: { endpoints: [127.0.0.1:9002] }
consumers:
  acme: { tier: gold, groups: [partners, finance], credentials: [{ apiKey: env:ACME_KEY }] }
  plain: { credentials: [{ apiKey: env:PLAIN_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  anyone: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true, forward: true } }
  readers: { authorize: { rules: [{ name: get, allow: 'request.method == "GET" || request.method == "HEAD"' }] } }
  tries:
    mode: shadow
    authorize: { rules: [{ name: from-home, allow: 'source.ip == "192.0.2.1"' }] }
  tells-its-port: { mode: shadow, authorize: { rules: [{ name: port, allow: "source.port > 0" }] } }
  twice: { rateLimit: { key: [source.ip], rate: 2/hour, headers: [ietf, retry-after] } }
  shops:
    cors: { origins: ["https://*.example.com"], headers: [x-api-key], expose: [x-total], credentials: true, maxAge: 10m }
  everybody: { cors: { origins: ["*"] } }
routes:
  - { name: open, match: { path: /open/** }, to: echo, apply: [tells-its-port] }
  - { name: orders, match: { path: "/orders/{id}", methods: [GET, POST] }, to: echo, timeout: 2s, apply: [known, readers, tries] }
  - { name: maybe, match: { path: /maybe }, to: echo, apply: [anyone] }
  - { name: limited, match: { path: /limited }, to: echo, apply: [twice] }
  - { name: limited-text, match: { path: /limited-text }, respond: { status: 200, body: "hi" }, apply: [twice] }
  - { name: shared, match: { path: /shared/**, methods: [GET, DELETE] }, to: echo, apply: [known, shops] }
  - { name: public, match: { path: /public }, to: echo, apply: [everybody] }
  - { name: text, match: { path: /text }, respond: { status: 200, body: "grüße 100%\\n" } }
  - { name: typed, match: { path: /typed }, respond: { status: 418, body: "<p>", headers: { content-type: text/html, x-rate: "5%" } } }
  - { name: empty, match: { path: /empty }, respond: { status: 204 } }
  - { name: known-text, match: { path: /known-text }, respond: { status: 200, body: "ok" }, apply: [known, everybody] }
  - { name: made, match: { path: /made }, respond: { status: 201, body: "made" } }
  - { name: seen, match: { path: /seen }, respond: { status: 304 } }
  - { name: placed, match: { path: /placed }, respond: { status: 302, headers: { location: /open/x } } }
  - { name: away, match: { path: /away }, redirect: { to: "https://example.com:8443/there", status: 308 } }
  - { name: secure, match: { path: /secure/** }, redirect: { to: "https://example.com", status: 301 } }
  - { name: elsewhere, match: { path: /elsewhere }, redirect: { path: "/open/x" } }
  - { name: beside, match: { path: /beside }, redirect: { path: "/open?y=2", status: 303 } }
  - { name: versioned, match: { path: /version, headers: { x-version: "~[0-9]+" } }, to: moved }
`;

/** A request as it is sent raw. */
export type Sent = [method: string, target: string, headers?: [string, string][], body?: string];

const KEY: [string, string] = ["x-api-key", "key-of-acme"];
const PLAIN: [string, string] = ["x-api-key", "key-of-plain"];
const ORIGIN: [string, string] = ["origin", "https://shop.example.com"];
const OTHER: [string, string] = ["origin", "https://shop.example.org"];
const wants = (method: string): [string, string] => ["access-control-request-method", method];

/** In order: the limits count. */
export const REQUESTS: Sent[] = [
  ["GET", "/open/a?b=c"],
  ["GET", "/open"],
  [
    "GET",
    "/open/./x/../y//z/%41",
    [
      ["x-consumer", "root"],
      ["x-consumer-tier", "gold"],
      ["cookie", "a=b"],
      ["cookie", "c=d"],
    ],
  ],
  [
    "POST",
    "/open/a",
    [
      ["content-type", "application/json"],
      ["content-length", "2"],
    ],
    "{}",
  ],
  ["HEAD", "/open/a"],
  [
    "GET",
    "/open/a",
    [
      ["x-forwarded-for", "203.0.113.7"],
      ["x-forwarded-proto", "https"],
      ["x-request-id", "mine"],
    ],
  ],
  [
    "GET",
    "/open/a",
    [
      ["accept", "text/html"],
      ["accept", "text/plain"],
      ["x-many", "1"],
      ["x-many", "2"],
    ],
  ],
  [
    "GET",
    "/open/a",
    [
      ["keep-alive", "5"],
      ["x-envoy-force-trace", "true"],
    ],
  ],
  ["GET", "/open/%2f"],
  ["GET", "/open/a", [["x_under", "1"]]],
  ["GET", "/open#x"],
  ["GET", "/open/..;x/y"],
  ["GET", "/open/%2e%2e;x/y"],
  ["GET", "/orders/7"],
  ["GET", "/orders/7", [KEY]],
  ["GET", "/orders/7", [PLAIN]],
  ["GET", "/orders/7", [["x-api-key", "wrong"]]],
  ["GET", "/orders/7", [KEY, PLAIN]],
  ["POST", "/orders/7", [KEY, ["content-length", "2"]], "{}"],
  ["HEAD", "/orders/7", [KEY]],
  ["PUT", "/orders/7", [KEY]],
  ["GET", "/orders/7/8", [KEY]],
  ["GET", "/maybe"],
  ["GET", "/maybe", [KEY]],
  ["GET", "/maybe", [KEY, ["x-forwarded-client-cert", "Subject=forged"]]],
  ["GET", "/maybe", [["x-api-key", "wrong"]]],
  ["GET", "/limited"],
  ["GET", "/limited"],
  ["GET", "/limited"],
  ["GET", "/limited-text"],
  ["OPTIONS", "/shared/7", [ORIGIN, wants("DELETE")]],
  ["OPTIONS", "/shared/7", [OTHER, wants("DELETE")]],
  ["OPTIONS", "/shared/7", [ORIGIN, wants("PUT")]],
  ["OPTIONS", "/shared/7", [ORIGIN]],
  ["GET", "/shared/7", [ORIGIN]],
  ["GET", "/shared/7", [ORIGIN, KEY]],
  ["GET", "/shared/7", [OTHER, KEY]],
  ["OPTIONS", "/public", [OTHER, wants("POST")]],
  ["GET", "/public", [OTHER]],
  ["GET", "/text"],
  ["HEAD", "/text"],
  ["GET", "/text", [["content-type", "application/grpc"]]],
  ["GET", "/typed"],
  ["GET", "/empty"],
  ["GET", "/known-text", [OTHER]],
  ["GET", "/known-text", [OTHER, KEY]],
  ["OPTIONS", "/known-text", [OTHER, wants("GET")]],
  ["GET", "/away?x=1"],
  ["GET", "/secure/a?x=1"],
  ["GET", "/secure/a", [["host", "shop.test:80"]]],
  ["GET", "/secure/a", [["host", "shop.test:8080"]]],
  ["GET", "/elsewhere?x=1"],
  ["GET", "/beside?x=1", [["host", "[::1]:8080"]]],
  ["HEAD", "/away"],
  ["GET", "/version"],
  ["GET", "/version", [["x-version", "2"]]],
  ["GET", "/version", [["x-version", "two"]]],
  ["GET", "/", [["host", "Shop.Test."]]],
  ["GET", "/open/a", [["host", "Shop.Test.:81"]]],
  ["GET", "/open/a", [["host", "a b"]]],
  ["GET", "/nowhere"],
  ["DELETE", "/limited-text"],
];

/** What random policies and requests showed. Chunks stand here as they are sent. */
export const FOUND: Sent[] = [
  ["GET", "http://shop.example.com/open/a?b=c", [["host", "a b"]]],
  ["GET", "HTTP://user@Shop.example.com:81/open/a"],
  ["GET", "http://shop.example.com"],
  ["GET", "http://shop.example.com?x=1"],
  ["GET", "http:///open/a"],
  ["GET", "http://shop.example.com/open#x"],
  ["GET", "http://shop.example.com#x"],
  ["GET", "https://shop.example.com/open/a"],
  ["GET", "ftp://shop.example.com/open/a"],
  ["GET", "open/a"],
  ["GET", "*"],
  ["OPTIONS", "*"],
  ["OPTIONS", "*/?x=a"],
  ["FOO", "/open#x"],
  ["GET", "/open/%2f", [["x_under", "1"]]],
  ["GET", "/open/%2f", [["host", "a b"]]],
  ["GET", "/open/%2f", [["content-type", "application/grpc"]]],
  ["OPTIONS", "*", [["content-type", "application/grpc"]]],
  ["HEAD", "/nowhere", [["content-type", "application/grpc"]]],
  ["POST", "/open/a"],
  ["OPTIONS", "/open/a"],
  ["DELETE", "/open/a"],
  ["TRACE", "/open/a"],
  ["POST", "/open/a", [["transfer-encoding", "chunked"]], "2\r\n{}\r\n0\r\n\r\n"],
  ["CONNECT", "/open/a", [["transfer-encoding", "chunked"]], "0\r\n\r\n"],
  ["GET", "/open/a", [["te", "trailers"]]],
  ["GET", "/open/a", [["te", "gzip, trailers"]]],
  ["GET", "/open/a", [["te", "trailers;q=1"]]],
  ["GET", "/open/a", [["te", "Trailers"]]],
  [
    "GET",
    "/open/a",
    [
      ["te", "gzip"],
      ["te", "trailers"],
    ],
  ],
  [
    "GET",
    "/open/a",
    [
      ["accept", ""],
      ["accept", "text/html"],
      ["accept", ""],
      ["accept", "text/plain"],
    ],
  ],
  ["GET", "/made?x=1"],
  ["GET", "/seen"],
  ["HEAD", "/seen"],
  ["GET", "/placed"],
];

/** What the wire, the clock and chance add. */
const OF_THE_WIRE = /^(date|connection|keep-alive|transfer-encoding|x-envoy-upstream-service-time|x-request-id)$/;

/** What two gateways must have alike, sorted. */
export function comparable(headers: readonly (readonly [string, string])[]): string[] {
  return headers
    .map(([name, value]) => [name.toLowerCase(), value] as const)
    .filter(([name]) => !OF_THE_WIRE.test(name))
    .map(([name, value]) => `${name}: ${shown(name, value)}`)
    .toSorted();
}

/** Seconds until a window ends depend on the clock. For a client on its own machine Envoy writes an address of the machine. */
function shown(name: string, value: string): string {
  if (name === "retry-after" || name === "ratelimit" || name === "x-ratelimit-reset")
    return value.replace(/\d{3,}/g, "n");
  return name === "x-forwarded-for" ? value.replace(/[^,]*$/, "client") : withoutIds(name, value);
}
