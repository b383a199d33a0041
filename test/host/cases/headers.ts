import type { ProbeCase } from "../support/case.js";

const twice = (names: readonly string[], type: 0 | 2, callback: string): string =>
  [
    ...names.flatMap((name) => [`${callback} add ${type} ${name} 1`, `${callback} add ${type} ${name} 2`]),
    `${callback} pairs ${type}`,
  ].join(";");

/** Headers that Envoy may or may not join, as a module adds them. */
const REQUEST_NAMES = [
  ...[
    "accept",
    "accept-encoding",
    "accept-language",
    "authorization",
    "cache-control",
    "cookie",
    "content-type",
    "origin",
    "referer",
  ],
  ...[
    "user-agent",
    "via",
    "x-api-key",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-request-id",
    "x-custom",
  ],
  ...[
    "access-control-request-method",
    "access-control-request-headers",
    "if-match",
    "if-none-match",
    "pragma",
    "te",
    "expect",
  ],
  ...[
    "grpc-timeout",
    "x-client-trace-id",
    "x-forwarded-port",
    "if-modified-since",
    "content-length",
    "upgrade",
    "connection",
  ],
  ...[
    "x-envoy-original-path",
    "x-envoy-internal",
    "x-ot-span-context",
    "x-b3-traceid",
    "traceparent",
    "proxy-connection",
    "keep-alive",
  ],
];
const RESPONSE_NAMES = [
  ...["cache-control", "content-type", "content-encoding", "etag", "location", "server", "date", "vary", "set-cookie"],
  ...[
    "access-control-allow-origin",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "grpc-status",
    "grpc-message",
  ],
  ...[
    "x-envoy-upstream-service-time",
    "x-custom",
    "age",
    "expires",
    "last-modified",
    "retry-after",
    "www-authenticate",
    "via",
    "x-request-id",
  ],
];

export const headerCases: Readonly<Record<string, ProbeCase>> = {
  "headers as a filter sees them": {
    script: "request-headers pairs 0;request-headers size 0;response-headers pairs 2;response-headers size 2",
    headers: [
      ["X-Upper", "Case Kept"],
      ["x-twice", "one"],
      ["accept", "text/plain"],
      ["x-twice", "two"],
      ["accept", "text/html"],
      ["x-empty", ""],
      ["cookie", "a=1"],
      ["cookie", "b=2"],
      ["x-bytes", "\xe9\xff"],
    ],
    service: {
      headers: [
        ["X-Upper", "Case Kept"],
        ["set-cookie", "a"],
        ["set-cookie", "b"],
        ["vary", "x"],
        ["vary", "y"],
      ],
      body: "up",
    },
  },
  "one value of a header": {
    script: [
      "request-headers get 0 x-twice",
      "request-headers get 0 X-TWICE",
      "request-headers get 0 x-absent",
      "request-headers get 0 x-empty",
      "request-headers get 0 accept",
      "request-headers get 0 :path",
      "request-headers get 0 host",
      "request-headers get 0 :authority",
      "request-headers get 0 ",
      "request-headers get 8 x-twice",
      "request-headers get 99 x-twice",
    ].join(";"),
    headers: [
      ["x-twice", "one"],
      ["x-twice", "two"],
      ["accept", "a"],
      ["accept", "b"],
      ["x-empty", ""],
    ],
  },
  "maps that are not there": {
    script: [1, 2, 3, 4, 5, 6, 7, 8]
      .flatMap((type) =>
        ["get", "pairs", "size", "add", "replace", "remove"].map((call) => `request-headers ${call} ${type} x-a b`),
      )
      .join(";"),
  },
  "maps in the log": {
    script: [0, 1, 2, 3]
      .flatMap((type) => ["get", "pairs", "size", "add", "remove"].map((call) => `log ${call} ${type} :status b`))
      .join(";"),
  },
  "maps when a stream is done": {
    script: ["done", "delete"]
      .flatMap((when) => [0, 2].flatMap((type) => [`${when} get ${type} :status`, `${when} pairs ${type}`]))
      .join(";"),
  },
  "request headers written": {
    script: [
      "request-headers add 0 X-New New",
      "request-headers add 0 x-twice three",
      "request-headers replace 0 x-three only",
      "request-headers replace 0 x-fresh made",
      "request-headers replace 0 accept c",
      "request-headers remove 0 x-gone",
      "request-headers remove 0 x-absent",
      "request-headers add 0 host other.test",
      "request-headers replace 0 x-bytes %e9%00x",
      "request-headers remove 0 x-bytes",
      "request-headers pairs 0",
    ].join(";"),
    headers: [
      ["x-twice", "one"],
      ["x-twice", "two"],
      ["x-three", "1"],
      ["x-three", "2"],
      ["x-three", "3"],
      ["accept", "a"],
      ["accept", "b"],
      ["x-gone", "1"],
      ["x-gone", "2"],
      ["x-bytes", "x"],
    ],
  },
  "pseudo-headers written": {
    script: [
      "request-headers replace 0 :path /other?x",
      "request-headers replace 0 :method POST",
      "request-headers replace 0 host replaced.test",
      "request-headers add 0 :scheme https",
      "request-headers pairs 0",
      "request-headers property request/path",
      "request-headers property request/method",
    ].join(";"),
  },
  "all pairs of a map set": {
    script: [
      "request-headers set-pairs 0 :path=/up :method=GET :authority=set.test :scheme=http b=1 a=2 b=3 Upper=4 accept=5 accept=6 x-forwarded-proto=http x-script=0",
      "request-headers pairs 0",
      "response-headers set-pairs 2 x-only=1 :status=201",
      "response-headers pairs 2",
    ].join(";"),
    headers: [["x-before", "1"]],
  },
  "request headers that are joined": { script: twice(REQUEST_NAMES, 0, "request-headers"), target: "/direct" },
  "response headers that are joined": { script: twice(RESPONSE_NAMES, 2, "response-headers"), target: "/direct" },
  "response headers written": {
    script: [
      "response-headers pairs 2",
      "response-headers add 2 X-New New",
      "response-headers add 2 set-cookie c=3",
      "response-headers replace 2 set-cookie only",
      "response-headers replace 2 :status 203",
      "response-headers remove 2 x-gone",
      "response-headers pairs 2",
      "response-headers get 0 x-script",
      "response-headers add 0 x-late 1",
    ].join(";"),
    service: {
      headers: [
        ["set-cookie", "a"],
        ["x-gone", "1"],
        ["set-cookie", "b"],
      ],
      body: "up",
    },
  },
  "a route that is matched again": {
    script: [
      "request-headers property xds/route_name",
      "request-headers replace 0 x-marked yes",
      "request-headers property xds/route_name",
      "response-headers property xds/route_name",
    ].join(";"),
  },
  "a HEAD request": { script: "response-headers pairs 2", method: "HEAD" },
  "an answer without a body": { script: "response-headers pairs 2", service: { status: 204 } },
  "a direct response": { script: "response-headers pairs 2;response-body body 1 0 100", target: "/direct/x" },
  "addresses outside of memory": {
    script: [
      ...[
        "get",
        "pairs",
        "set-pairs",
        "malformed-pairs",
        "add",
        "property",
        "set-property",
        "reply",
        "log",
        "log-level",
        "shared",
        "metric",
      ],
      ...["clock", "random", "environment"],
    ]
      .map((name) => `request-headers bad-address ${name}`)
      .join(";"),
  },
};
