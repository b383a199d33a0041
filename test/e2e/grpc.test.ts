import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect } from "node:http2";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Metadata, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Orders, type OrdersClient, ordersClient, startOrders } from "./support/grpc.js";
import { passOnBoth } from "./support/on-both.js";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

let folder: string;
let orders: Orders;
let gateway: Gateway;
let client: OrdersClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-grpc-"));
  orders = await startOrders();
  gateway = await serve(policy(), { ownServices: true });
  client = ordersClient(gateway.port());
});
afterAll(async () => {
  client?.close();
  await gateway?.stop();
  orders?.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  orders.says({ text: "order" });
  orders.serves(true);
});

function policy(): string {
  const service = `endpoints: [${orders.address}], protocol: grpc`;
  return `apiVersion: sluice/v1
kind: Gateway
name: calls
listeners:
  public: { address: 127.0.0.1:8080, accessLog: { to: ${folder}/calls.jsonl } }
services:
  orders: { ${service} }
  checked: { ${service}, panic: 0%, health: { interval: 50ms, unhealthyAfter: 1 } }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
routes:
  - { name: orders, match: { path: /shop.Orders/** }, to: orders }
  - { name: bounded, match: { path: /shop.Orders/Get, headers: { x-bounded: "1" } }, to: orders, timeout: 300ms }
  - { name: long, match: { path: /shop.Orders/Get, headers: { x-long: "1" } }, to: orders, timeout: 2h }
  - { name: again, match: { path: /shop.Orders/Get, headers: { x-again: "1" } }, to: orders, retry: { on: [cancelled, resource-exhausted, unavailable], backoff: { base: 1ms } } }
  - { name: usual, match: { path: /shop.Orders/Get, headers: { x-again: usual } }, to: orders, retry: { attempts: 1, backoff: { base: 1ms } } }
  - { name: known, match: { path: /shop.Orders/Get, headers: { x-known: "1" } }, to: orders, apply: [known] }
  - { name: checked, match: { path: /shop.Orders/Get, headers: { x-checked: "1" } }, to: checked }
`;
}

const marked = (name: string, value = "1") => {
  const metadata = new Metadata();
  metadata.set(name, value);
  return { metadata };
};

describe("calls of gRPC", () => {
  test("reach the service and come back with their code", async () => {
    expect(await client.get("7")).toEqual({ text: "order", code: "OK", details: "" });
    expect(orders.asked.map(({ text }) => text)).toEqual(["7"]);
    orders.says({ code: status.NOT_FOUND });
    expect(await client.get("8")).toEqual({ text: undefined, code: "NOT_FOUND", details: "as it was told to" });
  });

  test("may be streams, whose messages go on one by one", async () => {
    expect(await client.talk(["a", "b", "c"])).toEqual({ answers: ["a, again", "b, again", "c, again"], code: "OK" });
  });

  test("that are refused, or that nobody takes, end with a code too", async () => {
    expect(await client.get("7", marked("x-known"))).toMatchObject({ code: "UNAUTHENTICATED" });
    expect(orders.asked).toEqual([]);
    const { metadata } = marked("x-known");
    metadata.set("x-api-key", gateway.env.ACME_KEY ?? "");
    expect(await client.get("7", { metadata })).toMatchObject({ text: "order", code: "OK" });
    expect(orders.asked[0]?.metadata.get("x-consumer")).toEqual(["acme"]);
  });
});

describe("time", () => {
  test("ends a call with DEADLINE_EXCEEDED: the time-out of its route", async () => {
    orders.says("nothing");
    expect(await client.get("7", marked("x-bounded"))).toMatchObject({ code: "DEADLINE_EXCEEDED" });
  });

  test("that a client gives holds also where the client does not look after it", async () => {
    orders.says("nothing");
    expect(await rawCall({ "grpc-timeout": "200m" })).toMatchObject({ "grpc-status": "4" });
    // It is known to the service, which may give up as well.
    expect(orders.asked).toHaveLength(1);
  });

  test("that a client gives is at most that of the route", async () => {
    orders.says("nothing");
    expect(await rawCall({ "grpc-timeout": "1H", "x-bounded": "1" })).toMatchObject({ "grpc-status": "4" });
  });
});

/** A call by a client that only sends a request: the headers of the answer, in which a refusal has its code. */
function rawCall(headers: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const session = connect(gateway.url(""));
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    const fixed = {
      ":method": "POST",
      ":path": "/shop.Orders/Get",
      "content-type": "application/grpc",
      te: "trailers",
    };
    const stream = session.request({ ...fixed, ...headers });
    stream.once("response", (fields) => resolve({ ...fields }));
    stream.once("error", reject);
    stream.resume();
    stream.end(Buffer.from([0, 0, 0, 0, 1, 55]));
  }).finally(() => session.destroy());
}

describe("retries", () => {
  test.each([
    ["CANCELLED", status.CANCELLED],
    ["RESOURCE_EXHAUSTED", status.RESOURCE_EXHAUSTED],
    ["UNAVAILABLE", status.UNAVAILABLE],
  ])("after %s, where it is named", async (_name, code) => {
    orders.says({ code }, { text: "second" });
    expect(await client.get("7", marked("x-again"))).toMatchObject({ text: "second", code: "OK" });
    expect(orders.asked).toHaveLength(2);
  });

  test("are none after a code that is not named", async () => {
    orders.says({ code: status.ABORTED }, { text: "second" });
    expect(await client.get("7", marked("x-again"))).toMatchObject({ code: "ABORTED" });
    expect(orders.asked).toHaveLength(1);
  });

  test("without a word on when, after UNAVAILABLE", async () => {
    orders.says({ code: status.UNAVAILABLE }, { text: "second" });
    expect(await client.get("7", marked("x-again", "usual"))).toMatchObject({ text: "second", code: "OK" });
  });
});

test("health without a word on how is asked by gRPC", async () => {
  await until("a healthy service", async () => (await client.get("7", marked("x-checked"))).code === "OK");
  orders.serves(false);
  await until("no call to a service that is not well", async () => {
    const { code, details } = await client.get("7", marked("x-checked"));
    return code === "UNAVAILABLE" && details === "no healthy upstream";
  });
});

test("the access log has the code of a call, and none of other requests", async () => {
  orders.says({ code: status.NOT_FOUND });
  await client.get("logged", marked("x-log"));
  await gateway.send("/elsewhere");
  const lines = await until("both lines", async () => {
    const text = await readFile(join(folder, "calls.jsonl"), "utf8");
    const all = text.trim().split("\n");
    return text.includes('"status":404') && text.includes("NOT_FOUND") ? all : undefined;
  });
  const told = lines.map((line): unknown => JSON.parse(line));
  expect(told).toContainEqual(expect.objectContaining({ status: 200, grpc_status: "NOT_FOUND", route: "orders" }));
  expect(told).toContainEqual(expect.objectContaining({ status: 404, grpc_status: null }));
});

test("tests on both engines agree", () => {
  const call = (headers: string) =>
    `request: { path: /shop.Orders/Get, method: POST, headers: { content-type: application/grpc, ${headers} } }`;
  const told = (timeout: string) =>
    `expect: { status: 200, upstream: { service: orders, headers: { grpc-timeout: ${timeout}, x-envoy-expected-rq-timeout-ms: false } } }`;
  return passOnBoth(
    policy(),
    [
      `${call('x-other: "1"')}, ${told("false")}`,
      `${call("grpc-timeout: 10S")}, ${told("10000m")}`,
      `${call("grpc-timeout: 99999999H")}, ${told("99999999H")}`,
      `${call("grpc-timeout: 2999999u")}, ${told("3000m")}`,
      `${call("grpc-timeout: soon")}, ${told("soon")}`,
      `${call('grpc-timeout: 10S, x-long: "1"')}, ${told("10000m")}`,
      `${call('grpc-timeout: 3H, x-long: "1"')}, ${told("7200000m")}`,
      `${call('x-long: "1"')}, ${told("7200000m")}`,
      `request: { path: /shop.Orders/Get, headers: { x-long: "1" } }, ${told("false")}`,
      `${call('x-known: "1"')}, expect: { status: 200, decidedBy: known, upstream: none, headers: { grpc-status: "16" } }`,
      'request: { path: /elsewhere, method: POST, headers: { content-type: application/grpc } }, expect: { status: 200, upstream: none, headers: { grpc-status: "12" } }',
    ],
    "upstreams:\n  orders: { headers: { content-type: application/grpc } }\n",
  );
});
