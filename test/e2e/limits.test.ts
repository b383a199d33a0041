import { Metadata } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RawReply } from "../support/http.js";
import { type Orders, type OrdersClient, ordersClient, startOrders } from "./support/grpc.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve, WORKER_COUNTS } from "./support/serve.js";

// Windows, costs, shared counts and what clients are told, in a real Envoy. Rates are slow: time cannot matter.

const policy = (orders: string) => `apiVersion: sluice/v1
kind: Gateway
name: limits
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  orders: { endpoints: [${orders}], protocol: grpc }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  windows: { rateLimit: { rate: [100/hour burst 5, 8/day] } }
  tiers: { rateLimit: { key: [auth.consumer], rate: { gold: [6/hour, 7/day], default: 2/hour } } }
  together: { rateLimit: { key: [auth.consumer], rate: 5/hour, shared: true } }
  units: { rateLimit: { rate: 10/hour, cost: 'int(request.headers["x-units"])' } }
  x: { rateLimit: { rate: 2/hour, headers: [x-ratelimit, retry-after], jitter: 30m } }
  strict: { rateLimit: { rate: 100/hour burst 2, penalize: true } }
  rows: { rateLimit: { rate: 20/hour, cost: { request: 2, response: 'int(response.headers["x-rows"])' } } }
  failures: { rateLimit: { rate: 10/hour, cost: { response: 'response.status >= 500 ? 20 : 0' } } }
  methods: { rateLimit: { rate: 10/hour, cost: 'request.path == "/shop.Orders/Get" ? 4 : 1' } }
routes:
  - { name: windows, match: { path: /windows }, to: echo, apply: [windows] }
  - { name: tiers, match: { path: /tiers }, to: echo, apply: [known, tiers] }
  - { name: one, match: { path: /one }, to: echo, apply: [known, together] }
  - { name: two, match: { path: /two }, respond: { status: 200 }, apply: [known, together] }
  - { name: units, match: { path: /units }, to: echo, apply: [units] }
  - { name: x, match: { path: /x }, to: echo, apply: [x] }
  - { name: strict, match: { path: /strict }, to: echo, apply: [strict] }
  - { name: rows, match: { path: /rows }, to: echo, apply: [rows] }
  - { name: failures, match: { path: /failures }, to: echo, apply: [failures] }
  - { name: orders, match: { path: /shop.Orders/** }, to: orders, apply: [methods] }
`;

describe.each(WORKER_COUNTS)("with %i workers", (concurrency) => {
  let orders: Orders;
  let gateway: Gateway;
  let client: OrdersClient;
  beforeAll(async () => {
    orders = await startOrders();
    const [, port = ""] = orders.address.split(":");
    gateway = await serve(policy(orders.address), { concurrency, ports: { orders: Number(port) } });
    client = ordersClient(gateway.port());
  });
  afterAll(async () => {
    client?.close();
    await gateway?.stop();
    orders?.close();
  });

  const call = (target: string, headers: [string, string][] = []) => gateway.raw({ target, headers });
  const as = (consumer: "ACME" | "GLOBEX"): [string, string][] => [["x-api-key", gateway.env[`${consumer}_KEY`] ?? ""]];
  async function calls(count: number, target: string, headers: [string, string][] = []): Promise<RawReply[]> {
    const replies: RawReply[] = [];
    for (let n = 0; n < count; n++) replies.push(await call(target, headers));
    return replies;
  }
  const statuses = (replies: readonly RawReply[]) => replies.map(({ status }) => status);

  test("all windows of a limit hold, and each is told", async () => {
    const replies = await calls(6, "/windows");
    expect(statuses(replies)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(replies[4]?.values("ratelimit")).toEqual([
      expect.stringMatching(/^"windows\/3600s";r=0;t=\d+, "windows\/86400s";r=3;t=\d+$/),
    ]);
    expect(replies[5]?.values("ratelimit-policy")).toEqual([
      '"windows/3600s";q=100;w=3600, "windows/86400s";q=8;w=86400',
    ]);
    expect(JSON.parse(replies[5]?.text ?? "")).toMatchObject({ "violated-policies": ["windows/3600s"] });
  });

  test("a tier may have several, and the others one", async () => {
    expect(statuses(await calls(7, "/tiers", as("ACME")))).toEqual([200, 200, 200, 200, 200, 200, 429]);
    expect(statuses(await calls(3, "/tiers", as("GLOBEX")))).toEqual([200, 200, 429]);
  });

  test("routes that share a limit count together, each consumer alone", async () => {
    const paths = ["/one", "/two", "/one", "/two", "/one"];
    for (const path of paths) expect((await call(path, as("ACME"))).status).toBe(200);
    for (const path of paths) expect((await call(path, as("ACME"))).status).toBe(429);
    expect((await call("/two", as("GLOBEX"))).values("ratelimit")).toEqual([
      expect.stringMatching(/^"together";r=4;t=\d+$/),
    ]);
  });

  test("a call costs what its header says, and no header gets around that", async () => {
    const spend = async (...headers: [string, string][]) => {
      const reply = await call("/units", headers);
      return [reply.status, Number(/r=(\d+)/.exec(reply.values("ratelimit")[0] ?? "")?.[1])];
    };
    expect(await spend(["x-units", "3"])).toEqual([200, 7]);
    expect(await spend(["x-units", "-100"])).toEqual([200, 6]);
    expect(await spend(["x-units", "0"])).toEqual([200, 5]);
    expect(await spend(["x-units", "6"])).toEqual([429, 5]);
    expect(await spend()).toEqual([429, 5]);
    expect(await spend(["x-units", "1"], ["x-units", "1"])).toEqual([429, 5]);
    expect(await spend(["x-units", "99999999999999999999999"])).toEqual([429, 5]);
    expect(await spend(["x-units", "5"])).toEqual([200, 0]);
  });

  test("X-RateLimit fields are told once each, of calls that pass and of those that do not, and a jitter only lengthens Retry-After", async () => {
    const replies = await calls(3, "/x");
    const told = (reply: RawReply) => ["limit", "remaining"].map((name) => reply.values(`x-ratelimit-${name}`));
    expect(statuses(replies)).toEqual([200, 200, 429]);
    expect(replies.map(told)).toEqual([
      [["2"], ["1"]],
      [["2"], ["0"]],
      [["2"], ["0"]],
    ]);
    expect(replies[0]?.values("x-ratelimit-reset")).toEqual(["0"]);
    const [reset] = replies[2]?.values("x-ratelimit-reset") ?? [];
    const [retry] = replies[2]?.values("retry-after") ?? [];
    expect(Number(reset)).toBeGreaterThan(1700);
    expect(Number(reset)).toBeLessThanOrEqual(1800);
    expect(Number(retry)).toBeGreaterThanOrEqual(Number(reset));
    expect(Number(retry)).toBeLessThanOrEqual(Number(reset) + 1800);
    expect(replies.flatMap((reply) => reply.values("ratelimit"))).toEqual([]);
  });

  test("who goes on after a refusal gets nothing", async () => {
    const replies = await calls(8, "/strict");
    expect(statuses(replies)).toEqual([200, 200, 429, 429, 429, 429, 429, 429]);
    // One call of a hundred an hour comes back after 36 seconds, and each refused one takes it away again.
    expect(replies.slice(2).map((reply) => reply.values("retry-after"))).toEqual(replies.slice(2).map(() => ["36"]));
  });

  test("calls of gRPC cost by their method, and end with RESOURCE_EXHAUSTED", async () => {
    expect(await client.get("1")).toMatchObject({ code: "OK" });
    expect(await client.get("2")).toMatchObject({ code: "OK" });
    expect(await client.get("3", { metadata: new Metadata() })).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(await client.talk(["a"])).toMatchObject({ code: "OK" });
    expect(await client.talk(["a"])).toMatchObject({ code: "OK" });
    expect(await client.talk(["a"])).toMatchObject({ code: "RESOURCE_EXHAUSTED" });
    expect(orders.asked.map(({ text }) => text)).toEqual(["1", "2"]);
  });
});

test("tests on both engines agree", () => {
  const windows = (status: number) => `{ request: { path: /windows }, expect: { status: ${status} } }`;
  const rows = (left: number, status = 200) =>
    `{ request: { path: /rows }, expect: { status: ${status}, headers: { ratelimit: '~"rows";r=${left};t=.*' } } }`;
  const [told, xTold] = [
    `ratelimit: '"windows/3600s";r=4;t=36, "windows/86400s";r=7;t=10800'`,
    'x-ratelimit-limit: "2", x-ratelimit-remaining: "1", x-ratelimit-reset: "0"',
  ];
  return passOnBoth(policy("127.0.0.1:9002"), [
    `request: { path: /windows }, expect: { status: 200, headers: { ${told} } }`,
    `steps: [${[200, 200, 200, 200, 200, 429].map(windows).join(", ")}]`,
    'request: { path: /units, headers: { x-units: "11" } }, expect: { status: 429, decidedBy: units }',
    'request: { path: /units, headers: { x-units: "4" } }, expect: { status: 200 }',
    "request: { path: /units }, repeat: 1, expect: { status: 200 }",
    `request: { path: /x }, expect: { status: 200, headers: { ${xTold} } }`,
    `upstreams: { echo: { headers: { x-rows: "7" } } }, steps: [${rows(18)}, ${rows(9)}, ${rows(0, 200)}, { request: { path: /rows }, expect: { status: 429, decidedBy: rows } }]`,
    `upstreams: { echo: { headers: { x-rows: "-7" } } }, steps: [${rows(18)}, ${rows(16)}]`,
    "upstreams: { echo: { status: 503 } }, steps: [{ request: { path: /failures }, expect: { status: 503 } }, { request: { path: /failures }, expect: { status: 429 } }]",
    "repeat: 3, request: { path: /failures }, expect: { status: 200 }",
  ]);
});
