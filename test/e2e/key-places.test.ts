import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { testValueOf } from "../../compiler/plan/credentials.js";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { http2Request } from "./support/http2.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Keys in the query and in cookies: what is looked for is what is taken out, and it is nowhere to be seen behind the guard.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: places
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  other: { endpoints: [127.0.0.1:9002] }
  judge: { endpoints: [127.0.0.1:9003] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  by-query: { authenticate: { anyOf: [{ apiKey: { query: api_key } }] } } # sluice-ignore: SL0560 it is what is tested
  by-cookie: { authenticate: { anyOf: [{ apiKey: { cookie: sid } }] } }
  anywhere:
    authenticate:
      optional: true
      anyOf:
        - apiKey: { header: x-api-key }
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
  kept:
    authenticate:
      forward: true
      anyOf:
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
  posts:
    when: 'request.method == "POST"'
    authenticate:
      anyOf:
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
  tried:
    mode: shadow
    authenticate:
      anyOf:
        - apiKey: { query: api_key } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: sid }
  judged: { externalAuth: { http: { service: judge, headersToService: [cookie] } } }
routes:
  - { name: query, match: { path: /query/** }, to: echo, apply: [by-query] }
  - { name: chosen, match: { path: /chosen/**, query: { api_key: true } }, to: echo, apply: [by-query] }
  - { name: unchosen, match: { path: /chosen/** }, to: other, apply: [] }
  - { name: cookie, match: { path: /cookie/** }, to: echo, apply: [by-cookie] }
  - { name: any, match: { path: /any/** }, to: echo, apply: [anywhere] }
  - { name: kept, match: { path: /kept/** }, to: echo, apply: [kept] }
  - { name: posts, match: { path: /posts/** }, to: echo, apply: [posts] }
  - { name: tried, match: { path: /tried/** }, to: echo, apply: [tried] }
  - { name: asked, match: { path: /asked/** }, to: echo, apply: [anywhere, judged] }
  - { name: moved, match: { path: /moved/** }, redirect: { to: "http://elsewhere.test", status: 302 }, apply: [by-query] }
  - name: rewritten
    match: { path: /old/** }
    to: echo
    rewrite: { path: /new }
    apply: [by-query]
`;

const KEY = testValueOf("ACME_KEY");
const good = (path: string, seen: string) =>
  `request: { path: "${path}" }, expect: { status: 200, upstream: { service: echo, path: "${seen}", headers: { x-consumer: acme } } }`;
const refused = (path: string, policy = "by-query") =>
  `request: { path: "${path}" }, expect: { status: 401, decidedBy: ${policy}, upstream: none, metrics: { ${policy}.denied: 1 }, headers: { www-authenticate: "ApiKey realm=\\"places\\"" } }`;

/** A path, and the one that the service gets. */
const TAKEN: readonly (readonly [string, string])[] = [
  [`/query/x?api_key=${KEY}`, "/query/x"],
  [`/query/x?a=1&api_key=${KEY}`, "/query/x?a=1"],
  [`/query/x?api_key=${KEY}&a=1`, "/query/x?a=1"],
  [`/query/x?b=2&api_key=${KEY}&a=1`, "/query/x?b=2&a=1"],
  // Whatever else is there keeps its bytes and its order.
  [`/query/x?&&b&api_key=${KEY}&=&a=%41+b&c=%zz&`, "/query/x?&&b&=&a=%41+b&c=%zz&"],
  [`/query/x?a=?api_key=1&api_key=${KEY}`, "/query/x?a=?api_key=1"],
  // What is looked for decoded is taken out decoded.
  [`/query/x?api%5Fkey=${KEY}`, "/query/x"],
  [`/query/x?%61%70i_k%65y=${KEY}&a=1`, "/query/x?a=1"],
  [`/query/x?api_key=%74${KEY.slice(1)}`, "/query/x"],
  // Names of other parameters.
  [
    `/query/x?API_KEY=1&api_key=${KEY}&api_keys=2&xapi_key=3&api_key%20=4`,
    "/query/x?API_KEY=1&api_keys=2&xapi_key=3&api_key%20=4",
  ],
];

const REFUSED: readonly (readonly [string, string])[] = [
  ["/query/x", "no key"],
  ["/query/x?api_key", "an empty key"],
  ["/query/x?api_key=", "an empty key"],
  ["/query/x?api_key=wrong", "a wrong key"],
  [`/query/x?api_key=${KEY}&api_key=${KEY}`, "the key twice"],
  [`/query/x?api_key=${KEY}&api_key=wrong`, "another key behind it"],
  [`/query/x?api_key=wrong&api_key=${KEY}`, "another key in front of it"],
  [`/query/x?api_key=${KEY}&api%5fkey=wrong`, "another in another spelling"],
  [`/query/x?api%5fkey=${KEY}&api_key=`, "an empty one behind it"],
  [`/query/x?api_key=${KEY}&%zz=1`, "a name that may be any"],
  [`/query/x?%ff=1&api_key=${KEY}`, "a name that is no text"],
  [`/query/x?api_key=${KEY}%zz`, "a value that is none"],
  [`/query/x?api_key=${KEY}%00`, "a byte more"],
  [`/query/x?api_key=${KEY}+`, "a space more"],
  [`/query/x?api_key=%C1%A1&a=${KEY}`, "bytes that are no text"],
  [`/query/x?API_KEY=${KEY}`, "another name"],
  [`/query/x?api_key%20=${KEY}`, "another name, by a space"],
  [`/query/x?api%255fkey=${KEY}`, "a name that was encoded twice"],
  [`/query/api_key=${KEY}`, "a path"],
];

const withCookie = (path: string, cookie: string, seen: string) =>
  `request: { path: ${path}, headers: { cookie: '${cookie}' } }, expect: { status: 200, upstream: { service: echo, headers: { cookie: ${seen}, x-consumer: acme } } }`;
const refusedCookie = (cookie: string) =>
  `request: { path: /cookie/x, headers: { cookie: '${cookie}' } }, expect: { status: 401, decidedBy: by-cookie, upstream: none }`;

describe("on both engines", () => {
  test("a key in the query is taken out of it", async () => {
    await passOnBoth(
      POLICY,
      TAKEN.map(([path, seen]) => good(path, seen)),
    );
  });

  test("a key that is not there once, and right, lets nobody in", async () => {
    await passOnBoth(
      POLICY,
      REFUSED.map(([path]) => refused(path)),
    );
  });

  test("a key in a cookie is taken out of the others", async () => {
    await passOnBoth(POLICY, [
      withCookie("/cookie/x", `sid=${KEY}`, "false"),
      withCookie("/cookie/x", `sid=${KEY} ;;`, "false"),
      withCookie("/cookie/x", `a=1; sid=${KEY}`, "a=1"),
      withCookie("/cookie/x", `sid=${KEY}; a=1`, "a=1"),
      withCookie("/cookie/x", `b="2";sid=${KEY};a=1;;c`, `'b="2"; a=1; c'`),
      withCookie("/cookie/x", `SID=1; sid=${KEY}; sids=2; s%69d=3`, "SID=1; sids=2; s%69d=3"),
      refusedCookie("a=1"),
      refusedCookie("sid"),
      refusedCookie("sid="),
      refusedCookie("sid=wrong"),
      refusedCookie(`sid="${KEY}"`),
      refusedCookie(`sid=${KEY}; sid=${KEY}`),
      refusedCookie(`sid=wrong; sid=${KEY}`),
      refusedCookie(`sid = ${KEY}`),
      refusedCookie(`SID=${KEY}`),
    ]);
  });

  test("keys in several places are several credentials, and none is needed where that is said", async () => {
    const both = (path: string, headers: string) =>
      `request: { path: "${path}", headers: { ${headers} } }, expect: { status: 401, decidedBy: anywhere, upstream: none }`;
    await passOnBoth(POLICY, [
      both(`/any/x?api_key=${KEY}`, `x-api-key: ${KEY}`),
      both(`/any/x?api_key=${KEY}`, `cookie: sid=${KEY}`),
      both("/any/x", `x-api-key: ${KEY}, cookie: sid=${KEY}`),
      both("/any/x?api_key=wrong", "accept: text/plain"),
      both("/any/x?%zz", "accept: text/plain"),
      'request: { path: "/any/x?a=1", headers: { cookie: b=2 } }, expect: { status: 200, upstream: { service: echo, path: "/any/x?a=1", headers: { cookie: b=2, x-consumer: false } } }',
      "as: acme, request: { path: /any/x }, expect: { status: 200, upstream: { service: echo, path: /any/x, headers: { x-consumer: acme } } }",
    ]);
  });

  test("callers of tests sign in where the policy looks", async () => {
    await passOnBoth(POLICY, [
      'as: acme, request: { path: "/query/x?a=1" }, expect: { status: 200, upstream: { service: echo, path: "/query/x?a=1", headers: { x-consumer: acme } } }',
      "as: acme, request: { path: /query/x }, expect: { status: 200, upstream: { service: echo, path: /query/x } }",
      "as: acme, request: { path: /cookie/x, headers: { cookie: a=1 } }, expect: { status: 200, upstream: { service: echo, headers: { cookie: a=1 } } }",
      "as: acme, request: { path: /cookie/x }, expect: { status: 200, upstream: { service: echo, headers: { cookie: false } } }",
    ]);
  });

  test("a key stays where that is said, and in shadow; where the policy does not apply it goes", async () => {
    const sent = `path: "/PLACE/x?api_key=wrong&a=1", headers: { cookie: 'sid=${KEY}; a=1' }`;
    const at = (place: string) => sent.replace("PLACE", place);
    await passOnBoth(POLICY, [
      `request: { path: "/kept/x?api_key=${KEY}&a=1" }, expect: { status: 200, upstream: { service: echo, path: "/kept/x?api_key=${KEY}&a=1" } }`,
      `request: { path: /kept/x, headers: { cookie: 'a=1; sid=${KEY}' } }, expect: { status: 200, upstream: { service: echo, headers: { cookie: "a=1; sid=${KEY}" } } }`,
      `request: { ${at("tried")} }, expect: { status: 200, shadow: tried, upstream: { service: echo, path: "/tried/x?api_key=wrong&a=1", headers: { cookie: "sid=${KEY}; a=1" } } }`,
      `request: { ${at("posts")} }, expect: { status: 200, upstream: { service: echo, path: "/posts/x?a=1", headers: { cookie: a=1, x-consumer: false } } }`,
      `request: { ${at("posts")}, method: POST }, expect: { status: 401, decidedBy: posts, upstream: none }`,
    ]);
  });

  test("the route was chosen with the key, and stays", async () => {
    await passOnBoth(POLICY, [
      good(`/chosen/x?api_key=${KEY}`, "/chosen/x"),
      "request: { path: /chosen/x }, expect: { status: 200, upstream: other }",
      'request: { path: "/chosen/x?api_key=wrong" }, expect: { status: 401, upstream: none }',
    ]);
  });

  test("who is asked behind the guard, where a client is sent, and what the service is told of the path have no key", async () => {
    await passOnBoth(
      POLICY,
      [
        `request: { path: "/moved/x?api_key=${KEY}&a=1" }, expect: { status: 302, headers: { location: "http://elsewhere.test/moved/x?a=1" } }`,
        `request: { path: "/old/x?api_key=${KEY}&a=1" }, expect: { status: 200, upstream: { service: echo, path: "/new?a=1", headers: { x-envoy-original-path: "/old/x?a=1" } } }`,
        `request: { path: "/asked/x?api_key=${KEY}&a=1", headers: { cookie: c=1 } }, expect: { status: 200, upstream: { service: echo, path: "/asked/x?a=1" } }`,
      ],
      "upstreams: { judge: { status: 200 } }\n",
    );
  });
});

describe.each(WORKER_COUNTS)("in Envoy alone, with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());

  test("cookies in crumbs, as HTTP/2 has them, are one", async () => {
    const key = gateway.env.ACME_KEY ?? "";
    gateway.forget();
    const ask = (...crumbs: string[]) => http2Request(gateway, { ":path": "/cookie/x", cookie: crumbs });
    expect((await ask("a=1", `sid=${key}`, "b=2")).status).toBe(200);
    expect(gateway.heard().map((heard) => heard.values("cookie"))).toEqual([["a=1; b=2"]]);
    expect((await ask(`sid=${key}`, "sid=x")).status).toBe(401);
    expect(gateway.heard()).toHaveLength(1);
  });

  test("nobody behind the guard sees a key, and no log, statistic or configuration has it", async () => {
    const key = gateway.env.ACME_KEY ?? "";
    const asks: readonly (readonly [target: string, ...cookies: string[]])[] = [
      [`/query/x?api_key=${key}&a=1`],
      [`/query/x?api_key=${key}&api_key=${key}`],
      [`/any/x?api_key=${key}`, `sid=${key}`],
      ["/cookie/x", `a=1; sid=${key}`],
      ["/cookie/x", "a=1", `sid=${key}`],
      ["/posts/x", "a=1", `sid=${key}`],
      [`/asked/x?api_key=${key}`, "a=1"],
      [`/old/x?api_key=${key}`],
    ];
    const seen: unknown[] = [];
    for (const [target, ...cookies] of asks) {
      const headers = cookies.map((cookie) => ["cookie", cookie] as const);
      const { reply, decision } = await gateway.judged(() => gateway.raw({ target, headers }));
      expect(JSON.stringify([reply, decision])).not.toContain(key);
      seen.push([reply.status, decision.decision]);
    }
    expect(seen).toEqual([
      [200, "by-query allowed authenticated"],
      [401, "by-query denied duplicate-credential"],
      [401, "anywhere denied several-credentials"],
      [200, "by-cookie allowed authenticated"],
      // Nobody can tell what is in two lines.
      [401, "by-cookie denied duplicate-credential"],
      [200, "sluice allowed no-policy"],
      [200, "anywhere allowed authenticated"],
      [200, "by-query allowed authenticated"],
    ]);
    expect(JSON.stringify(gateway.heard())).not.toContain(key);
    await oracle.check({
      goodRequest: (agent) => request(gateway.url(`/query/x?api_key=${key}`), { agent }),
      secrets: [key],
    });
  });
});
