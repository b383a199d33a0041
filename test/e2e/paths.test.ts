import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: paths
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
routes:
  - { name: admin, match: { path: /admin/** }, to: echo, apply: [known] }
  - { name: item, match: { path: "/items/{id}" }, to: echo, apply: [known] }
  - { name: parts, match: { path: "/items/{id}/parts/**" }, to: echo, apply: [known] }
  - { name: version, match: { path: "~/v[0-9]+/.*" }, to: echo, apply: [known] }
  - { name: secret, match: { path: /secret }, to: echo, apply: [known] }
  - { name: api, match: { host: api.example.com, path: /** }, to: echo, apply: [known] }
  - { name: tenant, match: { host: "*.tenants.example.com", path: /** }, to: echo, apply: [known] }
  - { name: rest, match: { path: /** }, to: echo }
`;

/** Every path under which a service finds what the policy protects, once it has decoded and resolved it. */
function isProtected(url: string): boolean {
  const bytes = url
    .replace(/[?#].*$/s, "")
    .replace(/%([0-9a-f]{2})/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  const segments: string[] = [];
  for (const written of bytes.split(/[/\\]+/)) {
    // A service may drop the parameters of a segment before it resolves dots.
    const segment = written.replace(/^(\.\.?);.*$/s, "$1");
    if (segment === "..") segments.pop();
    else if (segment !== "." && segment !== "") segments.push(segment);
  }
  // `/secret/` is another path than `/secret`; below the others all paths are protected.
  const path = `/${segments.join("/")}${/[/\\]\.{0,2}$/.test(bytes) ? "/" : ""}`;
  return /^\/(admin(\/.*)?|items\/[^/]+|items\/[^/]+\/parts(\/.*)?|v[0-9]+\/.*|secret)$/s.test(path);
}

/** Ways to write a path that some parsers take for a protected one and others do not. */
const TARGETS = [
  "/admin",
  "/admin/",
  "/admin/x",
  "//admin",
  "///admin//x",
  "/./admin",
  "/admin/.",
  "/admin/./x",
  "/a/../admin",
  "/a/b/../../admin/x",
  "/../admin",
  "/../../../admin/x",
  "/a/%2e%2e/admin",
  "/a/%2E%2E/admin",
  "/a/.%2e/admin",
  "/%2e/admin",
  "/adm%69n",
  "/%61dmin",
  "/%61%64%6d%69%6e/x",
  "/admin%2f",
  "/admin%2fx",
  "/a%2fb",
  "/a%2f..%2fadmin",
  "/a/..%2fadmin",
  "/%2fadmin",
  "/%5cadmin",
  "/a/..%5cadmin",
  "/\\admin",
  "/a\\..\\admin",
  "/a/..\\admin/x",
  "\\admin",
  "/%252e%252e/admin",
  "/%252fadmin",
  "/a%252f..%252fadmin",
  "/adm%2569n",
  "/admin%00",
  "/admin%00.css",
  "/%00admin",
  "/admin%0a",
  "/admin%0d%0a",
  "/admin%20",
  "/admin%09",
  "/admin%",
  "/admin%2",
  "/admin%zz",
  "/%u0061dmin",
  "/%c0%afadmin",
  "/%c0%ae%c0%ae/admin",
  "/\xc0\xafadmin",
  "/admin\xff",
  "/admin/\xff",
  "/items/\xff",
  "/items/%ff",
  "/items/\xc3\x28",
  "/items/%0a",
  "/items/%0d",
  "/items/7/parts/\xff",
  "/items/7/parts/%0a",
  "/items/7/parts/a\xffb",
  "/items/%ff/parts/x",
  "/items/\xff/parts/x",
  "/v1/\xff",
  "/v1/%ff",
  "/v1/%0ax",
  "/v1/a%0ab",
  "/v1/x",
  "/v1/../v1/x",
  "/v%31/x",
  "/items/7",
  "/items//7",
  "/items/./7",
  "/items/7/../8",
  "/items/7/parts",
  "/items/7//parts//x",
  "/secret",
  "/secret?x",
  "/secret#x",
  "/secret%23x",
  "/secret%3fx",
  "/%73ecret",
  "/a/../secret",
  "/secret/../secret",
  "/secret/.",
  "/secret/./",
  "/secret?/../x",
  "/x?/../secret",
  "/x#/../secret",
  "/x/..;/secret",
  "/admin?",
  "/admin??x",
  "/admin?x=/../a",
  "/admin#",
  "/admin/#/x",
  "/admin/..;/x",
  "/;/admin",
  "/a/%2e%2e;x/admin",
  "/a/%2e%2e;/admin",
  "/a/.%2e;x=y/admin/x",
  "/%2e;x/admin",
  "/a/b/%2e%2e;x/%2E%2E;y/secret",
  "/a/%2e%2e;x/items/7",
  "/x;a/%2e%2e;b/x/../admin",
  "/admin\t",
  "/admin\x0b",
  "/ADMIN",
  "/Admin/x",
  "http://shop.test/admin",
  "http://shop.test//admin",
  "http://shop.test/a/../admin",
  "HTTP://shop.test/admin",
  "http://shop.test/adm%69n",
  "http://shop.test:80/admin",
  "http://user@shop.test/admin",
  "http://shop.test?/admin",
  "http://shop.test",
  "https://shop.test/admin",
  "ftp://shop.test/admin",
  "http:/admin",
  "http:admin",
  "admin",
  "*",
  "",
  "/x/http://shop.test/../../../admin",
  "/a/b/c/../../../admin",
  "/a/./../admin/.",
  "/admin/x/../..",
  "/admin/../admin",
  "/x/../admin/../x/../admin/y",
];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const get = (target: string, host = "shop.test", method = "GET") =>
    gateway.raw({ method, target, headers: [["host", host]] });

  test("no way to write a path reaches what it protects without a key", async () => {
    const entered: string[] = [];
    const outcomes = new Map<number, number>();
    for (const target of TARGETS) {
      gateway.forget();
      // Envoy closes the connection on some of them, without an answer.
      const reply = await get(target).catch(() => undefined);
      const status = reply?.status ?? 0;
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
      for (const request of gateway.heard())
        if (isProtected(request.url)) entered.push(`${JSON.stringify(target)} came as ${JSON.stringify(request.url)}`);
      if (gateway.heard().length > 0) expect([target, status]).toEqual([target, 200]);
    }
    expect(entered).toEqual([]);
    // The list would prove nothing if all of it were refused, or if all of it passed.
    expect([...outcomes.keys()].toSorted()).toEqual(expect.arrayContaining([200, 400, 401, 404]));
    expect(outcomes.get(401)).toBeGreaterThan(20);
    expect(outcomes.get(200)).toBeGreaterThan(10);
  });

  const exact: [target: string, status: number, url?: string][] = [
    ["/a/../admin", 401],
    ["//admin", 401],
    ["/adm%69n", 401],
    ["/a%2fb", 400],
    ["/a%5Cb", 400],
    ["/a\\..\\admin", 401],
    ["http://shop.test/admin", 401],
    ["/secret#x", 400],
    ["/%252fadmin", 200, "/%252fadmin"],
    // A path parameter is text to Envoy. A service that drops it must be given a policy for the prefix.
    ["/admin;x=y", 200, "/admin;x=y"],
    // Envoy takes `..;` for `..`, as some services do, and hands on what it made of it.
    ["/admin/..;/x", 200, "/x"],
    ["/x/..;/admin", 401],
    // Dots that are decoded only after dot segments were resolved: Envoy would hand on `/x/..;y/admin`.
    ["/x/%2e%2e;y/admin", 400],
    ["/%2e;y/admin", 400],
    ["/x/a..;y", 200, "/x/a..;y"],
    ["/x;y?a=/..;b", 200, "/x;y?a=/..;b"],
    ["/a//b/./c?d=//e/../f", 200, "/a/b/c?d=//e/../f"],
    ["http://shop.test/a//b", 200, "/a/b"],
  ];
  test.each(exact)("%s gets %i", async (target, status, url) => {
    expect((await get(target)).status).toBe(status);
    expect(gateway.heard().map((request) => request.url)).toEqual(url === undefined ? [] : [url]);
  });

  const hosts: [host: string, route: string][] = [
    ["api.example.com", "api"],
    ["API.Example.COM", "api"],
    ["api.example.com.", "api"],
    ["api.example.com:8080", "api"],
    ["API.example.com.:8080", "api"],
    ["api.example.com:", "api"],
    ["one.tenants.example.com", "tenant"],
    ["ONE.two.TENANTS.example.com.:443", "tenant"],
    ["tenants.example.com", "rest"],
    ["api.example.com.evil.test", "rest"],
    ["evil-api.example.com", "rest"],
    ["127.0.0.1", "rest"],
    ["[::1]:80", "rest"],
    ["[2001:db8::192.0.2.1]", "rest"],
    ["api_example.com", "rest"],
    ["unknown.test", "rest"],
  ];
  test.each(hosts)("host %s is served by route %s", async (host, route) => {
    const { reply, decision } = await gateway.judged(() => get("/x", host));
    expect([decision.route, reply.status]).toEqual([route, route === "rest" ? 200 : 401]);
    expect(gateway.heard()).toHaveLength(route === "rest" ? 1 : 0);
  });

  test("the host of an absolute target holds, not that of the header", async () => {
    const { decision } = await gateway.judged(() => get("http://api.example.com/x", "shop.test"));
    expect(decision).toMatchObject({ route: "api", status: 401 });
    const other = await gateway.judged(() => get("http://shop.test/x", "api.example.com"));
    expect(other.decision).toMatchObject({ route: "rest", status: 200 });
    expect(gateway.heard().map((request) => request.values("host"))).toEqual([["shop.test"]]);
  });

  /** What a service may take for a host with another route than the one that Envoy would choose. */
  const refused = [
    "api.example.com..",
    ".api.example.com",
    "api..example.com",
    "api.example.com:x",
    "api.example.com:80:80",
    "x@api.example.com",
    "x:y@api.example.com",
    "shop.test@api.example.com",
    "api.example.com@shop.test",
    // What stands before the colon is the name of a virtual host, or what is behind the `@` is the name for a service.
    "one.tenants.example.com:@api.example.com",
    "api.example.com:@one.tenants.example.com",
    "api.example.com:80@shop.test",
    "api%2eexample.com",
    "%61pi.example.com",
    "api.example.com%00",
    "api.example.com;",
    "api.example.com;x=y",
    "api.example.com=",
    "api.example.com!",
    "api.example.com~",
    "[api.example.com]",
    "[api.example.com]:80",
    "[face:cafe]",
    "[::1",
    "::1",
    "shop.test,api.example.com",
    "",
    ":80",
  ];
  test.each(refused)("host %j is refused", async (host) => {
    const { reply, decision } = await gateway.judged(() => get("/x", host));
    expect([decision.route, reply.status, gateway.heard().length]).toEqual(["sluice:bad-host", 400, 0]);
  });

  test.each([
    ["a host with a path", [["host", "api.example.com/../x"]]],
    ["two hosts with a space", [["host", "shop.test, api.example.com"]]],
    ["two hosts with a comma", [["host", "shop.test,api.example.com"]]],
    [
      "two host headers",
      [
        ["host", "api.example.com"],
        ["host", "shop.test"],
      ],
    ],
  ] satisfies [string, [string, string][]][])("%s is refused", async (_, headers) => {
    expect([(await gateway.raw({ target: "/x", headers })).status, gateway.heard().length]).toEqual([400, 0]);
  });

  test("headers that name another host, path or method change nothing", async () => {
    const headers: [string, string][] = [
      ["x-forwarded-host", "shop.test"],
      ["x-original-url", "/x"],
      ["x-rewrite-url", "/x"],
      ["x-http-method-override", "GET"],
      ["x-envoy-original-path", "/x"],
      ["x-envoy-decorator-operation", "x"],
    ];
    const { decision } = await gateway.judged(() => gateway.raw({ target: "/admin", headers }));
    expect(decision).toMatchObject({ route: "admin", status: 401 });
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });
});

test("a rule that denies by the host denies what a service may take for it", async () => {
  const gateway = await serve(`apiVersion: sluice/v1
kind: Gateway
name: internal
listeners: { public: { address: 127.0.0.1:8080 } }
services: { echo: { endpoints: [127.0.0.1:9001] } }
policies:
  outside: { authorize: { rules: [{ name: internal, deny: 'request.host == "internal.example.com"' }], otherwise: allow } }
routes: [{ name: all, match: { path: /** }, to: echo, apply: [outside] }]
`);
  const status = async (host: string) => (await gateway.raw({ target: "/x", headers: [["host", host]] })).status;
  try {
    for (const host of ["shop.test", "shop.test:80", "[::1]", "internal.example.com.shop.test", "a_b.test"])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of [
      "internal.example.com",
      "INTERNAL.example.com:80",
      "internal.example.com.",
      "internal.example.com..",
      "x@internal.example.com",
      "shop.test:@internal.example.com",
      "internal%2eexample.com",
      "internal.example.com;",
      "[internal.example.com]",
      "internal.example.com:x",
      "shop.test,internal.example.com",
      "",
    ])
      expect([host, await status(host)]).toEqual([host, 403]);
  } finally {
    await gateway.stop();
  }
});
