import { Agent } from "node:http";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { request } from "../support/http.js";
import { type OtlpReceiver, START_TIMEOUT_MS, startOtlpReceiver } from "../support/trace-stores/store.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { isAlive, isOpen } from "./support/cli.js";
import { ENV, NO_ENVOY } from "./support/served-policy.js";
import { callerTrace, drawn } from "./support/traces.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

// What becomes of the spans of requests that have ended when `sluice run` is told to end, before its modules have sent them: received by the real OTLP
// receiver of the OpenTelemetry Collector.

const place = workplace("sluice-run-spans-", "first");

let store: OtlpReceiver;
beforeAll(async () => {
  store = await startOtlpReceiver();
}, START_TIMEOUT_MS);
afterAll(() => store?.stop());

const policyText = (collector: string, apply = "[trace]") => `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:0 } }
services:
  orders: { endpoints: ["${place.upstream.address}"] }
  collector: { endpoints: ["${collector}"] }
policies:
  trace: { tracing: { sample: { ratio: 100%, perSecond: 10000 }, export: { otlp: collector } } }
routes:
  - { name: orders, match: { path: /orders }, to: orders, apply: ${apply} }
`;

/** Requests on connections of their own, so of any worker; the identifiers of their traces. */
async function ask(url: string, count: number): Promise<string[]> {
  return Promise.all(
    Array.from({ length: count }, async () => {
      const { traceId, traceparent } = callerTrace();
      const agent = new Agent({ keepAlive: false });
      expect((await request(`${url}/orders`, { headers: { traceparent }, agent })).status).toBe(200);
      return traceId;
    }),
  );
}

/** Traces of these whose spans are not all in the store. */
async function lost(traceIds: readonly string[]): Promise<string[]> {
  const spans = await store.spans();
  const whole = ["server get /orders", "  client get orders"].join();
  return traceIds.filter((traceId) => drawn(spans.filter((span) => span.traceId === traceId)).join() !== whole);
}

const inStore = () => `127.0.0.1:${store.port}`;

describe.each([
  ["in Envoy", ["--concurrency", "2"], { env: ENV }],
  ["in the embedded host", ["--embedded"], { env: { ...ENV, ...NO_ENVOY } }],
] as const)("sluice run %s", (_, args, options) => {
  test.each([
    ["SIGTERM", "alone"],
    ["SIGINT", "with its children"],
  ] as const)("that is ended by %s %s has sent the spans of every request that has ended", async (signal, whom) => {
    const { cli, url } = await place.start(policyText(inStore()), args, options);
    const traceIds = [...(await ask(url, 20)), ...(await ask(url, 20))];
    // At once: the last ones wait for a tick.
    if (whom === "alone") cli.signal(signal);
    else cli.signalGroup(signal);
    expect((await cli.ended).code).toBe(0);
    expect(await lost(traceIds)).toEqual([]);
    expect(await cli.leftovers()).toEqual([]);
  });
});

test("a policy that sends spans since an edit has sent them too", async () => {
  const { cli, url } = await place.start(policyText(inStore(), "[]"), [], { env: ENV });
  expect(await place.change(cli, policyText(inStore()))).toBe("taken over");
  const traceIds = await ask(url, 10);
  cli.signalGroup("SIGINT");
  expect((await cli.ended).code).toBe(0);
  expect(await lost(traceIds)).toEqual([]);
});

describe("a collector that does not answer", () => {
  let silent: Upstream;
  beforeEach(async () => {
    silent = await startUpstream(() => new Promise(() => {}));
  });
  afterEach(() => silent.close());

  test.each([1, 2])("does not keep it from ending, of %i signals", async (count) => {
    const { cli, url } = await place.start(policyText(silent.address), [], { env: ENV });
    const [envoy = 0] = cli.children();
    await ask(url, 1);
    cli.signalGroup("SIGINT");
    await until("the spans to be sent", () => silent.received.length > 0);
    if (count === 2) cli.signalGroup("SIGINT");
    expect((await cli.ended).code).toBe(0);
    expect([isAlive(envoy), await isOpen(Number(new URL(url).port))]).toEqual([false, false]);
    expect(await cli.leftovers()).toEqual([]);
  });
});

test("a program that ends of SIGQUIT leaves no Envoy behind", async () => {
  const { cli } = await place.start(policyText(inStore()), [], { env: ENV });
  const [envoy = 0] = cli.children();
  cli.signalGroup("SIGQUIT");
  expect((await cli.ended).signal).toBe("SIGQUIT");
  expect(isAlive(envoy)).toBe(false);
  expect(await cli.leftovers()).toEqual([]);
});
