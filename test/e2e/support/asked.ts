// A policy with everything that routes and policies can do, and requests that are near its edges.

/** `LISTENER` stands for the options of the listener. */
export const ASKED_POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080, LISTENER }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, groups: [partners, finance], credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { tier: free, credentials: [{ apiKey: env:GLOBEX_KEY }] }
  initech: { credentials: [{ apiKey: "sha256:5f10f814ab3fe3a24dff1b5bbc9dd54a7b6bbd0f1e0ac2d1bcf5b6a7e3ee1a77" }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }, { apiKey: { header: x-old-key } }] } }
  guests: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }], optional: true, forward: true } }
  access:
    authorize:
      rules:
        - { name: no-robots, deny: 'request.headers["user-agent"].startsWith("robot/")' }
        - { name: readers, allow: 'request.method == "GET" && (auth.tier == "gold" || "partners" in auth.groups)' }
        - { name: own-host, allow: 'request.host == "api.example.com" || request.path == "/orders/own"' }
        - { name: scheme, deny: 'request.scheme != "http"' }
        - { name: probe, allow: '!(request.headers["x-probe"] == "a")' }
  local: { authorize: { rules: [{ name: here, allow: 'source.ip == "127.0.0.1" && route.name == "open"' }], otherwise: deny } }
  by-address: { rateLimit: { key: [source.ip], rate: 100000/second } }
  by-caller: { rateLimit: { key: [auth.consumer], rate: { gold: 100000/second, default: 90000/second } } }
  shop: { cors: { origins: ["https://shop.example.com", "https://*.example.org"], methods: [GET] } }
mandatory: { apply: [by-address] }
routes:
  - { name: health, match: { path: /healthz, methods: [GET] }, respond: { status: 200, body: ok } }
  - { name: old, match: { path: /old }, redirect: { path: /new, status: 301 } }
  - { name: orders, match: { path: /orders/**, methods: [GET, POST] }, to: echo, apply: [known, access, by-caller] }
  - { name: order, match: { path: "/orders/{id}/lines", methods: [DELETE] }, to: echo, apply: [known] }
  - { name: verb, match: { path: "/v1/x:cancel" }, to: echo }
  - { name: version, match: { path: "~/v[0-9]+/[^/]*" }, to: echo, apply: [guests] }
  - { name: tenant, match: { path: /tenants/**, headers: { x-tenant: "~[a-z]+" } }, to: echo }
  - { name: no-debug, match: { path: /debug/**, headers: { x-debug: false } }, to: echo }
  - { name: debug, match: { path: /debug/**, headers: { x-debug: "on" } }, respond: { status: 204 } }
  - { name: accepts, match: { path: /accepts, headers: { accept: "a,b" } }, to: echo }
  - { name: api, match: { host: api.example.com, path: /** }, to: echo, apply: [local] }
  - { name: star, match: { host: "*.example.com", path: /wild/** }, to: echo }
  - { name: deep, match: { host: "*.deep.example.com", path: /wild/** }, to: echo }
  - { name: script, match: { path: /script/**, methods: [GET] }, to: echo, apply: [shop, known] }
  - { name: scripted, match: { path: /scripted }, respond: { status: 200 }, apply: [shop] }
  - { name: scripts, match: { path: /scripts/** }, to: echo, apply: [shop] }
  - { name: named, match: { path: /named, headers: { host: "Named.test:80" } }, to: echo }
  - { name: deep-paths, match: { path: "/{any}/**" }, to: echo }
  - { name: open, match: { path: /open/** }, to: echo, apply: [local] }
`;

export type Headers = [name: string, value: string][];
type Asked = [method: string, target: string, headers?: Headers];

const paths = [
  "/orders",
  "/orders/",
  "/orders/7?x=/../y",
  "/ordersx",
  "/Orders",
  "//orders//7",
  "/a/../orders",
  "/a/..;/orders",
  "/a/%2e%2E;x/orders",
  "/a/.%2e;/orders",
  "/a/..%2e/orders",
  "/a\\..;\\orders",
  "/a/..;b\\c/orders",
  "/a%2f..;x/orders",
  "/a/..;x%2forders",
  "/a/..;%2f../orders",
  "/orders/..;x",
  "/orders/;../x",
  "/orders/../../healthz",
  "/%6frders/%41%7e%2d",
  "/orders/%2e/%2E./x",
  "/orders\\..\\healthz",
  "/orders/%%32%65/%4%31/%%341/%",
  '/orders/<"^`{|}>[]',
  "/orders/%3Cx%3c",
  "/orders/a%2fb",
  "/orders/a%5Cb/..%2f..%2fhealthz",
  "/orders/%252f",
  "/orders/%00",
  "/orders/%01%7f%0a",
  "/orders/\xc3\xa9",
  "/orders/a b",
  "/orders#x",
  "*",
  "orders",
  "/",
  "//",
  "/..",
  "/healthz",
  "/healthz/",
  "/healthz/.",
  "/healthz?",
  "/old?a=b",
  "/v1/x:cancel",
  "/v1/x%3acancel",
  "/v1/x%3Acancel/y",
  "/v12/x",
  "/v1/",
  "/open/x",
  "/nowhere",
];

const hosts = [
  "api.example.com",
  "API.Example.com:8080",
  "api.example.com.",
  "api.example.com.:80",
  "api.example.com..",
  "one.example.com",
  "a.deep.example.com",
  "deep.example.com",
  "example.com",
  "api.example.com:1:2",
  "api.example.com,x",
  "api.example.com:x",
  "one.example.com:@api.example.com",
  "api.example.com:@one.example.com",
  "x@api.example.com",
  "api%2eexample.com",
  "api.example.com;",
  "[api.example.com]",
  ".example.com",
  "[::1]:80",
  "",
  "a/b",
  "a_b",
];

const origins = [
  "https://shop.example.com",
  "https://a.example.org",
  "https://a.b.example.org",
  "https://example.org",
  "null",
];

/** Requests of all sorts; `ACME` and `GLOBEX` stand for keys. */
export const asked: Asked[] = [
  ...origins.flatMap((origin): Asked[] => {
    const preflight: Headers = [
      ["origin", origin],
      ["access-control-request-method", "GET"],
    ];
    return ["/script/x", "/scripts/x", "/scripted", "/orders/x"].flatMap((path): Asked[] => [
      ["OPTIONS", path, preflight],
      ["OPTIONS", path, preflight.slice(0, 1)],
      ["GET", path, preflight.slice(0, 1)],
      [
        "OPTIONS",
        path,
        [
          ["origin", origin],
          ["access-control-request-method", "POST"],
        ],
      ],
    ]);
  }),
  ...paths.map((path): Asked => ["GET", path]),
  ...hosts.flatMap((host): Asked[] => [
    ["GET", "/wild/x", [["host", host]]],
    [
      "GET",
      "/orders/x",
      [
        ["host", host],
        ["x-api-key", "ACME"],
        ["user-agent", "x"],
      ],
    ],
  ]),
  ["delete", "/orders/7/lines"],
  ["FOO", "/orders/7"],
  ["CONNECT", "/orders/7"],
  ["MSEARCH", "/orders/7"],
  ["M-SEARCH", "/orders/7"],
  ["OPTIONS", "*"],
  ["POST", "/orders/own", [["content-length", "+5"]]],
  ["POST", "/orders/own", [["content-length", ""]]],
  ["POST", "/orders/own", [["content-length", "0, 0"]]],
  ["POST", "/orders/own", [["content-length", "00"]]],
  ["POST", "/orders/own", [["content-length", "99999999999999999999"]]],
  [
    "POST",
    "/orders/own",
    [
      ["content-length", "0"],
      ["content-length", "0"],
    ],
  ],
  [
    "POST",
    "/orders/own",
    [
      ["content-length", "0"],
      ["transfer-encoding", "chunked"],
    ],
  ],
  ["POST", "/orders/own", [["transfer-encoding", "gzip"]]],
  ["POST", "/orders/own", [["transfer-encoding", "gzip, chunked"]]],
  ["PUT", "/orders/7"],
  ["DELETE", "/orders/7/lines"],
  ["GET", "/orders/7/lines"],
  ["PUT", "/orders/7/lines"],
  ["POST", "/healthz"],
  ["PROPFIND", "/nowhere"],
  ["GET", "/named", [["host", "Named.test:80"]]],
  ["GET", "/named", [["host", "named.test:80"]]],
  ["GET", "/tenants/x"],
  ["GET", "/tenants/x", [["x-tenant", "acme"]]],
  ["GET", "/tenants/x", [["x-tenant", "acme1"]]],
  [
    "GET",
    "/tenants/x",
    [
      ["x-tenant", "a"],
      ["x-tenant", "b"],
    ],
  ],
  [
    "GET",
    "/tenants/x",
    [
      ["x-tenant", "1"],
      ["x-tenant", "b"],
    ],
  ],
  [
    "GET",
    "/tenants/x",
    [
      ["x-tenant", "1"],
      ["x-tenant", "2"],
    ],
  ],
  ["GET", "/tenants/x", [["x-tenant", "a,b"]]],
  [
    "GET",
    "/debug/x",
    [
      ["x-debug", "off"],
      ["x-debug", "on"],
    ],
  ],
  ["GET", "/debug/x"],
  ["GET", "/debug/x", [["x-debug", "on"]]],
  ["GET", "/debug/x", [["x-debug", "off"]]],
  [
    "GET",
    "/accepts",
    [
      ["accept", "a"],
      ["accept", "b"],
    ],
  ],
  [
    "GET",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "curl"],
    ],
  ],
  ["GET", "/orders/7", [["x-api-key", "ACME"]]],
  [
    "GET",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "robot/1"],
    ],
  ],
  [
    "GET",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "a"],
      ["user-agent", "robot/1"],
    ],
  ],
  [
    "POST",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "x"],
    ],
  ],
  [
    "POST",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "x"],
      ["x-probe", "b"],
    ],
  ],
  [
    "POST",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "x"],
      ["x-probe", "b"],
      ["x-probe", "b"],
    ],
  ],
  [
    "POST",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["user-agent", "x"],
      ["x-probe", "a"],
    ],
  ],
  [
    "POST",
    "/orders/own",
    [
      ["x-api-key", "GLOBEX"],
      ["user-agent", "x"],
      ["x-forwarded-proto", "https"],
    ],
  ],
  [
    "GET",
    "/orders/7",
    [
      ["x-api-key", "GLOBEX"],
      ["user-agent", "x"],
    ],
  ],
  [
    "GET",
    "/orders/7",
    [
      ["x-old-key", "GLOBEX"],
      ["user-agent", "x"],
      ["x-probe", "b"],
    ],
  ],
  ["GET", "/orders/7", [["x-api-key", "nobody"]]],
  ["GET", "/orders/7", [["x-api-key", ""]]],
  ["GET", "/orders/7", [["x-api-key", "a,b"]]],
  ["GET", "/orders/7", [["x-api-key", "k".repeat(4097)]]],
  [
    "GET",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["x-api-key", "ACME"],
    ],
  ],
  [
    "GET",
    "/orders/7",
    [
      ["x-api-key", "ACME"],
      ["x-old-key", "ACME"],
    ],
  ],
  [
    "GET",
    "/orders/7",
    [
      ["x_y", "1"],
      ["x-api-key", "ACME"],
      ["user-agent", "x"],
    ],
  ],
  ["GET", "/v1/x", [["x-api-key", "ACME"]]],
  ["GET", "/v1/x", [["x-api-key", "nobody"]]],
  [
    "GET",
    "/v1/x",
    [
      ["x-consumer", "root"],
      ["x-consumer-tier", "gold"],
    ],
  ],
];
