import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: cors
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  shops:
    cors:
      origins: ["https://shop.example.com", "https://*.example.org", "http://localhost:3000"]
      methods: [GET, DELETE]
      headers: [x-api-key, content-type]
      expose: [x-total]
      credentials: true
      maxAge: 10m
  everybody: { cors: { origins: ["*"] } }
routes:
  - { name: orders, match: { path: /orders/**, methods: [GET, DELETE] }, to: echo, apply: [known, shops] }
  - { name: any-method, match: { path: /any/** }, to: echo, apply: [known, shops] }
  - { name: unshared, match: { path: /any/unshared, methods: [DELETE] }, to: echo, apply: [known] }
  - { name: public, match: { path: /public, methods: [GET] }, to: echo, apply: [everybody] }
`;

const SHOP = "https://shop.example.com";
const ALLOWED = [SHOP, "https://a.example.org", "https://a.b.example.org", "http://localhost:3000"];
const OTHERS = [
  "https://evil.example.com",
  "http://shop.example.com",
  "https://shop.example.com:8443",
  "https://shop.example.com.evil.com",
  "https://shop-example.com",
  "https://example.org",
  "https://evilexample.org",
  "https://.example.org",
  "https://a.example.org.evil.com",
  "https://evil.com/.example.org",
  "https://a.example.org\\.evil.com",
  "https://shop.example.com, https://evil.com",
  "HTTPS://SHOP.EXAMPLE.COM",
  "null",
  "*",
];

describe.each(WORKER_COUNTS)("cors, with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const send = (method: string, target: string, ...headers: [string, string][]) =>
    gateway.raw({ method, target, headers });
  const preflight = (target: string, origin: string, wanted: string) =>
    send("OPTIONS", target, ["origin", origin], ["access-control-request-method", wanted]);
  const key = (): [string, string] => ["x-api-key", gateway.env.ACME_KEY ?? ""];
  const urls = () => gateway.heard().map(({ method, url }) => `${method} ${url}`);

  test.each(ALLOWED)("answers a preflight of %s without credentials, and asks no service", async (origin) => {
    for (const [target, wanted] of [
      ["/orders/7", "DELETE"],
      ["/orders/7", "GET"],
      ["/any/thing", "PATCH"],
    ] as const) {
      const reply = await preflight(target, origin, wanted);
      expect(reply.status).toBe(200);
      expect(reply.values("access-control-allow-origin")).toEqual([origin]);
      expect(reply.values("access-control-allow-methods")).toEqual(["GET, DELETE"]);
      expect(reply.values("access-control-allow-headers")).toEqual(["x-api-key, content-type"]);
      expect(reply.values("access-control-allow-credentials")).toEqual(["true"]);
      expect(reply.values("access-control-max-age")).toEqual(["600"]);
    }
    expect(urls()).toEqual([]);
  });

  test.each(OTHERS)("gives %s no leave, neither before nor after", async (origin) => {
    const asked = await preflight("/orders/7", origin, "GET");
    const called = await send("GET", "/orders/7", ["origin", origin], key());
    expect(asked.values("access-control-allow-origin")).toEqual([]);
    expect([called.status, called.headers.filter(([name]) => name.startsWith("access-control-"))]).toEqual([200, []]);
    expect(urls()).toEqual(["GET /orders/7"]);
  });

  test("a call of an allowed origin needs its key, and is told what scripts may read", async () => {
    const stranger = await send("GET", "/orders/7", ["origin", SHOP]);
    expect([stranger.status, stranger.values("access-control-allow-origin")]).toEqual([401, [SHOP]]);
    expect(urls()).toEqual([]);
    const known = await send("GET", "/orders/7", ["origin", SHOP], key());
    expect([known.status, known.values("access-control-allow-origin")]).toEqual([200, [SHOP]]);
    expect(known.values("access-control-expose-headers")).toEqual(["x-total"]);
    expect(known.values("access-control-allow-credentials")).toEqual(["true"]);
    expect(urls()).toEqual(["GET /orders/7"]);
  });

  test("answers that differ by origin say so to caches", async () => {
    for (const origin of [SHOP, "https://evil.example.com"])
      expect((await send("GET", "/orders/7", ["origin", origin], key())).values("vary")).toEqual(["origin"]);
    expect((await send("GET", "/orders/7", key())).values("vary")).toEqual(["origin"]);
    expect((await send("GET", "/public")).values("vary")).toEqual(["origin"]);
  });

  test("what is no preflight is no way past the guard", async () => {
    const origin: [string, string] = ["origin", SHOP];
    const wanted: [string, string] = ["access-control-request-method", "GET"];
    const tried: [string, [string, string][], number][] = [
      ["/any/thing", [], 401],
      ["/any/thing", [origin], 401],
      ["/any/thing", [wanted], 401],
      ["/any/thing", [["origin", ""], wanted], 401],
      ["/orders/7", [], 405],
      ["/orders/7", [origin], 405],
      ["/orders/7", [wanted], 405],
      ["/orders/7", [["origin", ""], wanted], 405],
    ];
    for (const [target, headers, status] of tried)
      expect([target, headers, (await send("OPTIONS", target, ...headers)).status]).toEqual([target, headers, status]);
    expect((await send("GET", "/orders/7", origin, wanted)).status).toBe(401);
    expect(urls()).toEqual([]);
    expect((await send("OPTIONS", "/any/thing", key())).status).toBe(200);
    expect(urls()).toEqual(["OPTIONS /any/thing"]);
  });

  test("a method that the route does not take is no preflight of it", async () => {
    expect((await preflight("/orders/7", SHOP, "PUT")).status).toBe(405);
  });

  test("a wider route does not give the leave of a narrower one", async () => {
    const narrow = await preflight("/any/unshared", SHOP, "DELETE");
    expect([narrow.status, narrow.values("access-control-allow-origin")]).toEqual([403, []]);
    const wide = await preflight("/any/unshared", SHOP, "GET");
    expect([wide.status, wide.values("access-control-allow-origin")]).toEqual([200, [SHOP]]);
    expect(urls()).toEqual([]);
  });

  test("`*` takes every origin and never credentials", async () => {
    for (const origin of [SHOP, "https://anybody.example", "null"]) {
      const reply = await preflight("/public", origin, "GET");
      expect([reply.status, reply.values("access-control-allow-origin")]).toEqual([200, [origin]]);
      expect(reply.values("access-control-allow-credentials")).toEqual([]);
      expect((await send("GET", "/public", ["origin", origin])).values("access-control-allow-origin")).toEqual([
        origin,
      ]);
    }
  });
});
