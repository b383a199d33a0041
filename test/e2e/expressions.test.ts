import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type StandingOracle, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { http2Request } from "./support/http2.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// What expressions read of a request, as a real Envoy tells it to the guard.

/** Each has two routes: on one a rule allows by it, on the other a rule denies by it. */
const CONDITIONS = {
  query: 'request.query["x"] == "a b"',
  "query-has": 'has(request.query["x"])',
  cookie: 'request.cookies["c"] == "1"',
  "cookie-there": '"c" in request.cookies',
  private: 'cidr(source.ip, "127.0.0.0/8") && !cidr(source.ip, "10.0.0.0/8") && source.port > 1023',
  foreign: 'cidr(source.ip, "::/0") || cidr(source.ip, "10.0.0.0/8")',
  agent: 'request.headers["user-agent"].lowerAscii().matches("^(curl|wget)/[0-9]+")',
  small: "request.size <= 4",
  now: 'request.time > timestamp("2026-01-01T00:00:00Z") && request.time < timestamp("2100-01-01T00:00:00Z")',
  old: 'request.time < timestamp("2026-01-01T00:00:00Z")',
  http1: 'request.protocol == "HTTP/1.1"',
  http2: 'request.protocol == "HTTP/2"',
  id: "request.id.size() == 36",
  choice: '(has(request.headers["x-a"]) ? int(request.headers["x-a"]) : 7) in [7, 8]',
  text: '"abc".contains(request.headers["x-a"]) && request.headers["x-a"].endsWith("c") && request.headers["x-a"] >= "b"',
} as const;

const names = Object.keys(CONDITIONS);
const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: expressions
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
policies:
${Object.entries(CONDITIONS)
  .flatMap(([name, text]) => [
    `  ${name}: { authorize: { rules: [{ name: if, allow: '${text}' }] } }`,
    `  not-${name}: { authorize: { rules: [{ name: if, deny: '${text}' }], otherwise: allow } }`,
  ])
  .join("\n")}
  own-order: { authorize: { rules: [{ name: own, allow: 'route.params.id == "7 7" && route.params.part.size() == 1' }] } }
  by-query: { rateLimit: { key: ['request.query["tenant"]', 'request.cookies["c"]'], rate: 1/hour } }
routes:
${names
  .flatMap((name) => [
    `  - { name: ${name}, match: { path: /${name}/** }, to: echo, apply: [${name}] }`,
    `  - { name: not-${name}, match: { path: /not-${name}/** }, to: echo, apply: [not-${name}] }`,
  ])
  .join("\n")}
  - { name: order, match: { path: "/orders/{id}/parts/{part}" }, to: echo, apply: [own-order] }
  - { name: counted, match: { path: /counted }, to: echo, apply: [by-query] }
`;

/** What the answers of the two routes say of a condition. */
const FOUND = new Map<string, boolean | "unknown">([
  ["200 403", true],
  ["403 200", false],
  ["403 403", "unknown"],
]);

type Headers = [string, string][];

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let gateway: Gateway;
  let oracle: StandingOracle;
  beforeAll(async () => {
    gateway = await serve(POLICY, { concurrency });
    oracle = await standingOracle(gateway.envoy);
  });
  afterAll(() => gateway?.stop());
  beforeEach(() => gateway.forget());

  const status = async (target: string, headers: Headers = [], body?: string): Promise<number> =>
    (
      await gateway.raw({
        method: body === undefined ? "GET" : "POST",
        target,
        headers: body === undefined ? headers : [...headers, ["content-length", `${body.length}`]],
        ...(body === undefined ? {} : { body }),
      })
    ).status;
  /** What a condition is found to be, by what it allows and what it denies; and the service gets what passes alone. */
  async function truth(name: keyof typeof CONDITIONS, rest = "", headers: Headers = [], body?: string) {
    gateway.forget();
    const allowed = await status(`/${name}/${rest}`, headers, body);
    const denied = await status(`/not-${name}/${rest}`, headers, body);
    expect(gateway.heard()).toHaveLength([allowed, denied].filter((one) => one === 200).length);
    const found = FOUND.get(`${allowed} ${denied}`);
    expect(found, `${allowed} ${denied}`).toBeDefined();
    return found;
  }

  test("reads query parameters", async () => {
    expect(await truth("query", "?x=a+b")).toBe(true);
    expect(await truth("query", "?y=1&%78=a%20b")).toBe(true);
    expect(await truth("query", "?x=a")).toBe(false);
    for (const query of ["", "?", "?y=1", "?x=a+b&x=a+b", "?x=%zz", "?x=%ff", "?x=a+b&%u0078=1"])
      expect(await truth("query", query), query).toBe("unknown");
    expect(await truth("query-has", "?x")).toBe(true);
    expect(await truth("query-has", "?x=%zz&x")).toBe(true);
    expect(await truth("query-has", "?X=1")).toBe(false);
  });

  test("reads cookies", async () => {
    expect(await truth("cookie", "", [["cookie", "a=b; c=1"]])).toBe(true);
    expect(await truth("cookie", "", [["cookie", 'c="1"']])).toBe(false);
    for (const cookie of ["", "d=1", "c=1; c=1", "c", "c =1"])
      expect(await truth("cookie", "", [["cookie", cookie]]), cookie).toBe("unknown");
    expect(await truth("cookie-there", "", [["cookie", "c"]])).toBe(true);
    expect(await truth("cookie-there", "", [["cookie", "cc=1"]])).toBe(false);
    expect(await truth("cookie-there")).toBe(false);
  });

  test("takes a cookie of two Cookie lines only if there is one of its name", async () => {
    const twice: Headers = [
      ["cookie", "c=1"],
      ["cookie", "c=2"],
    ];
    expect(await truth("cookie", "", twice)).toBe("unknown");
    expect(await truth("cookie-there", "", twice)).toBe(true);
  });

  test("reads the parts of the path that the route names", async () => {
    expect(await status("/orders/7%207/parts/%C3%A4")).toBe(200);
    for (const path of [
      "/orders/7/parts/a",
      "/orders/7%207/parts/ab",
      "/orders/7+7/parts/a",
      "/orders/7%207/parts/%FF",
    ])
      expect(await status(path), path).toBe(403);
    expect(await status("/orders/7%207/parts/a?id=8")).toBe(200);
  });

  test("reads where a call comes from", async () => {
    expect(await truth("private")).toBe(true);
    expect(await truth("foreign")).toBe(false);
  });

  test("matches, converts and chooses", async () => {
    expect(await truth("agent", "", [["user-agent", "CURL/8.1"]])).toBe(true);
    expect(await truth("agent", "", [["user-agent", "a curl/8"]])).toBe(false);
    expect(await truth("agent")).toBe("unknown");
    expect(await truth("choice")).toBe(true);
    expect(await truth("choice", "", [["x-a", "08"]])).toBe(true);
    expect(await truth("choice", "", [["x-a", "9"]])).toBe(false);
    expect(await truth("choice", "", [["x-a", "9.0"]])).toBe("unknown");
    expect(await truth("text", "", [["x-a", "bc"]])).toBe(true);
    expect(await truth("text", "", [["x-a", "abc"]])).toBe(false);
    expect(await truth("text", "", [["x-a", "b"]])).toBe(false);
  });

  test("reads the length of the body, the time and the id of the request", async () => {
    expect(await truth("small", "", [], "1234")).toBe(true);
    expect(await truth("small", "", [], "12345")).toBe(false);
    // Nothing follows the headers: no body.
    expect(await truth("small")).toBe(true);
    const inChunks = (name: string) =>
      gateway.raw({
        method: "POST",
        target: `/${name}/`,
        headers: [["transfer-encoding", "chunked"]],
        body: "1\r\na\r\n0\r\n\r\n",
      });
    // That they say nothing of a size is unknown.
    expect([(await inChunks("small")).status, (await inChunks("not-small")).status]).toEqual([403, 403]);
    expect(await truth("now")).toBe(true);
    expect(await truth("old")).toBe(false);
    expect(await truth("id")).toBe(true);
  });

  test("reads the protocol, of HTTP/1.1 and of HTTP/2", async () => {
    expect(await truth("http1")).toBe(true);
    expect(await truth("http2")).toBe(false);
    const over2 = async (path: string, headers = {}) =>
      (await http2Request(gateway, { ":path": path, ...headers })).status;
    expect([await over2("/http2/"), await over2("/http1/")]).toEqual([200, 403]);
    expect([await over2("/cookie/", { cookie: "a=b; c=1" }), await over2("/query/?x=a+b")]).toEqual([200, 200]);
    expect([await over2("/agent/", { "user-agent": "wget/1" }), await over2("/small/")]).toEqual([200, 200]);
    expect((await http2Request(gateway, { ":method": "POST", ":path": "/small/" }, { "x-t": "1" })).status).toBe(403);
  });

  test("counts calls by them", async () => {
    const count = (target: string, cookie: string) => status(target, [["cookie", cookie]]);
    expect(await count("/counted?tenant=a", "c=1")).toBe(200);
    expect(await count("/counted?tenant=b", "c=1")).toBe(200);
    expect(await count("/counted?tenant=a", "c=2")).toBe(200);
    expect(await count("/counted?x=1&tenant=%61", "d=3; c=1")).toBe(429);
    // What is missing and what is ambiguous is one bucket, so that neither is a way around the limit.
    expect(await count("/counted", "c=9")).toBe(200);
    expect(await count("/counted?tenant=1&tenant=2", "c=9")).toBe(429);
    expect(await count("/counted?tenant=%zz", "c=9")).toBe(429);
  });

  test("holds against hostile values", async () => {
    const long = "a".repeat(50_000);
    const requests: [string, Headers][] = [
      [`/query/?${"x=%41&".repeat(8000)}`, []],
      [`/query/?${"&=".repeat(20_000)}x=a+b%`, []],
      [`/query/?x=${"%".repeat(30_000)}`, []],
      [`/query/?x=${long}`, []],
      ["/query/?x=\xff\xfe", []],
      ["/query/?x=%00%0d%0a", []],
      ["/cookie/", [["cookie", "c=1;".repeat(10_000)]]],
      ["/cookie/", [["cookie", "=;c==;".repeat(5000)]]],
      ["/cookie/", [["cookie", "c=\xff\xfe"]]],
      ["/agent/", [["user-agent", long.toUpperCase()]]],
      ["/choice/", [["x-a", "9".repeat(50_000)]]],
      ["/text/", [["x-a", long]]],
      [`/orders/${"%41".repeat(15_000)}/parts/${"%c3%a4".repeat(500)}`, []],
    ];
    const good = async () => {
      expect(await status("/query/?x=a+b")).toBe(200);
      expect(await status("/not-query/?x=a+b")).toBe(403);
    };
    for (const [target, headers] of requests) {
      gateway.forget();
      const got = await status(target, headers);
      expect([400, 403, 431], target.slice(0, 20)).toContain(got);
      expect(gateway.heard(), target.slice(0, 20)).toEqual([]);
      for (let n = 0; n < 4; n++) await good();
    }
    await oracle.check({ secrets: [], goodRequest: (agent) => request(gateway.url("/query/?x=a+b"), { agent }) });
  });
});
