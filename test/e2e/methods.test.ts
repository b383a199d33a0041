import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { HTTP1_METHODS } from "../../compiler/policy/methods.js";
import { http2Request } from "./support/http2.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: methods
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  writers: { authorize: { rules: [{ name: read, allow: 'request.method == "GET"' }] } }
routes:
  - { name: orders, match: { path: /orders/**, methods: [GET, POST] }, to: echo, MORE }
  - { name: one-order, match: { path: "/orders/{id}", methods: [DELETE] }, to: echo }
  - { name: api, match: { host: api.example.com, path: /only-here, methods: [PUT] }, to: echo }
`;

describe.each(WORKER_COUNTS)("methods, with %i workers", (concurrency) => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await serve(POLICY.replace("MORE", "apply: [known, writers]"), { concurrency });
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const cases: [
    method: string,
    target: string,
    host: string,
    status: number,
    route: string,
    allow: string | undefined,
  ][] = [
    ["GET", "/orders/7/x", "shop.test", 401, "orders", undefined],
    ["HEAD", "/orders", "shop.test", 405, "sluice:method-not-allowed", "GET, POST"],
    ["PUT", "/orders", "shop.test", 405, "sluice:method-not-allowed", "GET, POST"],
    ["PUT", "/orders/7", "shop.test", 405, "sluice:method-not-allowed", "DELETE, GET, POST"],
    ["OPTIONS", "/orders/7", "shop.test", 405, "sluice:method-not-allowed", "DELETE, GET, POST"],
    ["TRACE", "/orders", "shop.test", 405, "sluice:method-not-allowed", "GET, POST"],
    ["PROPFIND", "/orders", "shop.test", 405, "sluice:method-not-allowed", "GET, POST"],
    ["GET", "/nowhere", "shop.test", 404, "sluice:not-found", undefined],
    ["PUT", "/nowhere", "shop.test", 404, "sluice:not-found", undefined],
    ["PUT", "/ordersx", "shop.test", 404, "sluice:not-found", undefined],
    ["GET", "/only-here", "api.example.com", 405, "sluice:method-not-allowed", "PUT"],
    ["GET", "/only-here", "shop.test", 404, "sluice:not-found", undefined],
    ["GET", "/orders/7/x", "api.example.com", 401, "orders", undefined],
  ];
  test.each(cases)("%s %s of %s gets %i", async (method, target, host, status, route, allow) => {
    const { reply, decision } = await gateway.judged(() => gateway.raw({ method, target, headers: [["host", host]] }));
    expect([reply.status, decision.route, reply.values("allow")]).toEqual([
      status,
      route,
      allow === undefined ? [] : [allow],
    ]);
    expect(reply.values("content-type")).toEqual(["application/problem+json"]);
    if (method !== "HEAD") expect(JSON.parse(reply.text)).toMatchObject({ type: "about:blank", status });
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test.each(["get", "Get", "gET", "GETT", "GE"])("%s is not GET", async (method) => {
    const reply = await gateway
      .raw({ method, target: "/orders", headers: [["x-api-key", gateway.env.ACME_KEY ?? ""]] })
      .catch(() => undefined);
    expect([400, 405]).toContain(reply?.status ?? 400);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });

  test("of the methods that there are, those arrive that the compiler takes for them", async () => {
    const others = ["CONNECT", "QUERY", "M-SEARCH", "BASELINE-CONTROL", "LABEL", "UPDATE", "PRI", "FOO", "get", "G-E"];
    for (const method of [...HTTP1_METHODS, ...others]) {
      const reply = await gateway.raw({ method, target: "/nowhere", headers: [] });
      expect([method, reply.status]).toEqual([method, HTTP1_METHODS.includes(method) ? 404 : 400]);
    }
    const target = "shop.test:443";
    expect((await gateway.raw({ method: "CONNECT", target, headers: [["host", target]] })).status).toBe(403);
    expect((await http2Request(gateway, { ":method": "FOO", ":path": "/orders" })).status).toBe(405);
  });

  test("a rule about the method sees the method that the service sees", async () => {
    const key: [string, string] = ["x-api-key", gateway.env.ACME_KEY ?? ""];
    expect((await gateway.raw({ method: "GET", target: "/orders", headers: [key] })).status).toBe(200);
    expect(
      (
        await gateway.raw({
          method: "POST",
          target: "/orders",
          headers: [key, ["content-length", "0"], ["x-http-method-override", "GET"]],
        })
      ).status,
    ).toBe(403);
    expect(gateway.heard().map((request) => request.method)).toEqual(["GET"]);
  });

  test("CONNECT opens no tunnel", async () => {
    const target = `127.0.0.1:${gateway.upstream("echo").port}`;
    const reply = await gateway.raw({ method: "CONNECT", target, headers: [["host", target]] });
    expect(reply.status).toBeGreaterThanOrEqual(400);
    expect(gateway.heard().map(({ url }) => url)).toEqual([]);
  });
});

test.each(WORKER_COUNTS)(
  "mandatory policies hold for unknown paths and methods, with %i workers",
  async (concurrency) => {
    const gateway = await serve(`${POLICY.replace(", MORE", "")}mandatory: { apply: [known] }\n`, { concurrency });
    try {
      const key: [string, string] = ["x-api-key", gateway.env.ACME_KEY ?? ""];
      const tried: [method: string, target: string, status: number][] = [
        ["GET", "/nowhere", 404],
        ["PUT", "/orders", 405],
        ["GET", "/", 404],
        ["GET", "/orders", 200],
      ];
      for (const [method, target, status] of tried) {
        const stranger = await gateway.judged(() => gateway.raw({ method, target, headers: [] }));
        expect([stranger.reply.status, stranger.decision.decision, stranger.reply.values("allow")]).toEqual([
          401,
          "known denied no-credential",
          [],
        ]);
        const known = await gateway.judged(() => gateway.raw({ method, target, headers: [key] }));
        expect([known.reply.status, known.decision.decision]).toEqual([status, "known allowed authenticated"]);
      }
      expect(gateway.heard().map((request) => request.url)).toEqual(["/orders"]);
    } finally {
      await gateway.stop();
    }
  },
);
