import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { START_TIMEOUT_MS, type TraceStore } from "../support/trace-stores/store.js";
import { type Gateway, serve } from "./support/serve.js";
import {
  answerSpan,
  callerTrace,
  drawn,
  FORMATS,
  type Format,
  named,
  outOfTime,
  startStore,
  traceIn,
} from "./support/traces.js";

// Spans of the gateway in a real Envoy, received by a real Zipkin server and by the real OTLP receiver of the OpenTelemetry
// Collector, and read back through their APIs.

/** What no span may have in it, nor the keys of consumers. */
const SECRETS = {
  query: "query-5Hq2",
  token: "token-9Zk1",
  cookie: "cookie-7Wp3",
  sent: "sent-2Mx6",
  answered: "got-4Rt8",
};

const HEADERS = {
  authorization: `Bearer ${SECRETS.token}`,
  cookie: `session=${SECRETS.cookie}`,
  "user-agent": "tester/1",
};

const policyOf = (format: Format) => `apiVersion: sluice/v1
kind: Gateway
name: edge
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  crm: { endpoints: [127.0.0.1:9002] }
  collector: { endpoints: [127.0.0.1:9411] }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  trace:
    tracing:
      sample: { ratio: 100%, perSecond: 10000 }
      tags:
        customer: auth.consumer
        gold: auth.tier == "gold"
        size: request.size
        tenant: 'request.headers["x-tenant"]'
      service: shop
      export: { ${format}: collector }
  failed: { tracing: { sample: 0%, always: response.status >= 500, redact: [url.path, client.address], service: shop, export: { ${format}: collector } } }
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  readers: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  few: { rateLimit: { key: [auth.consumer], rate: 1000/hour } }
  one: { rateLimit: { key: [auth.consumer], rate: 1/hour } }
  crm-as-rest: { soap: { wsdl: crm.wsdl, operations: { DeletePartner: "DELETE /partners/{id}" } } }
routes:
  - { name: order, match: { path: "/orders/{id}" }, to: orders, apply: [trace, known, readers, few] }
  - { name: once, match: { path: /once }, to: orders, apply: [trace, known, one] }
  - { name: tried, match: { path: /tried }, to: orders, retry: { attempts: 2, on: [503] }, apply: [trace] }
  - { name: failed, match: { path: /failed/** }, to: orders, apply: [failed] }
  - { name: partners, match: { path: /partners/** }, to: crm, apply: [trace, crm-as-rest] }
`;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-export-"));
  await copyFile(join(packageRoot(), "examples/soap-bridge/crm.wsdl"), join(folder, "crm.wsdl"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(FORMATS)("spans of the gateway, sent as %s", (format) => {
  let store: TraceStore;
  let gateway: Gateway;
  let key = "";
  beforeAll(async () => {
    const policy = join(folder, `${format}.yaml`);
    await writeFile(policy, policyOf(format));
    store = await startStore(format);
    gateway = await serve(policy, { ports: { collector: store.port } });
    key = gateway.env.ACME_KEY ?? "";
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    await gateway?.stop();
    await store?.stop();
  });
  beforeEach(() => {
    gateway.forget();
    gateway.upstream("orders").reply({ body: SECRETS.answered });
  });

  /** Sends a request of a trace that its caller has begun, and gives the spans of it. */
  async function traced(path: string, count: number, headers: Record<string, string> = {}) {
    const caller = callerTrace();
    const reply = await gateway.send(path, { headers: { ...HEADERS, ...headers, traceparent: caller.traceparent } });
    const spans = await traceIn(store, caller.traceId, count);
    expect(outOfTime(spans.filter(({ service }) => service === "shop"))).toEqual([]);
    return { caller, status: reply.status, spans };
  }

  test("hang together, from the caller over what the gateway does to the service", async () => {
    gateway.upstream("orders").reply(async (received) => {
      await answerSpan(format, store.port, "order-service", received.values("traceparent").join());
      return { body: SECRETS.answered };
    });
    const { caller, status, spans } = await traced(`/orders/7?q=${SECRETS.query}`, 6, { "x-api-key": key });
    expect(status).toBe(200);
    expect(drawn(spans)).toEqual([
      "server get /orders/{id}",
      "  internal authenticate known",
      "  internal authorize readers",
      "  client get orders",
      "    server answer of order-service",
      "  internal limit few",
    ]);
    const [server, client] = [named(spans, "get /orders/{id}"), named(spans, "get orders")];
    expect(server.parentId).toBe(caller.spanId);
    const [sent] = gateway.heard();
    expect(sent?.values("traceparent")).toEqual([`00-${caller.traceId}-${client.id}-01`]);
    expect(Object.fromEntries(server.tags)).toEqual({
      "client.address": "127.0.0.1",
      customer: "acme",
      gold: "true",
      "http.request.method": "GET",
      "http.response.status_code": "200",
      "http.route": "/orders/{id}",
      "network.protocol.version": "1.1",
      "server.address": "127.0.0.1",
      "server.port": String(gateway.port()),
      size: "0",
      "sluice.decision": "readers/get allowed rule",
      "sluice.route": "order",
      "url.path": "/orders/7",
      "url.scheme": "http",
      "user_agent.original": "tester/1",
    });
    expect(client.peer).toMatchObject({ service: "orders" });
    expect(Object.fromEntries(client.tags)).toMatchObject({
      "http.request.method": "GET",
      "http.response.status_code": "200",
      "server.address": "127.0.0.1",
      "server.port": String(gateway.upstream("orders").port),
    });
    for (const span of [server, client]) expect(span).not.toHaveProperty("error");
  });

  test("tell who refused, and of no service that was not asked", async () => {
    const stranger = await traced("/orders/7", 2);
    expect([stranger.status, ...drawn(stranger.spans)]).toEqual([
      401,
      "server get /orders/{id}",
      "  internal authenticate known",
    ]);
    const tags = named(stranger.spans, "get /orders/{id}").tags;
    expect([tags.get("http.response.status_code"), tags.get("sluice.decision")]).toEqual([
      "401",
      "known denied no-credential",
    ]);
    expect([tags.has("customer"), tags.has("error.type")]).toEqual([false, false]);

    await traced("/once", 4, { "x-api-key": key });
    const second = await traced("/once", 3, { "x-api-key": key });
    expect([second.status, ...drawn(second.spans)]).toEqual([
      429,
      "server get /once",
      "  internal authenticate known",
      "  internal limit one",
    ]);
    expect(named(second.spans, "limit one").tags.get("sluice.decision")).toMatch(/^one denied /);
  });

  test("tell of tries, and of what failed", async () => {
    const statuses = [503, 200];
    gateway.upstream("orders").reply(() => ({ status: statuses.shift() ?? 503 }));
    const again = await traced("/tried", 2);
    expect([again.status, ...drawn(again.spans)]).toEqual([200, "server get /tried", "  client get orders"]);
    const client = named(again.spans, "get orders");
    expect(client.tags.get("http.request.resend_count")).toBe("1");
    expect(client.events.map(({ name }) => name)).toEqual(["retry"]);
    expect(client.error).toBeUndefined();

    const failed = await traced("/tried", 2);
    expect(failed.status).toBe(503);
    expect(failed.spans.map(({ error }) => error)).toEqual(["503", "503"]);
    expect(named(failed.spans, "get orders").tags.get("http.request.resend_count")).toBe("2");
  });

  test("are those of sampled traces and of requests that are kept in any case", async () => {
    const [fine, broken] = [callerTrace(false), callerTrace(false)];
    const ask = ({ traceparent }: typeof fine, path: string) => gateway.send(path, { headers: { traceparent } });
    expect((await ask(fine, `/failed/a?q=${SECRETS.query}`)).status).toBe(200);
    expect((await ask(callerTrace(false), "/tried")).status).toBe(200);
    gateway.upstream("orders").reply({ status: 500 });
    expect((await ask(broken, "/failed/b")).status).toBe(500);
    const spans = await traceIn(store, broken.traceId, 2);
    expect(drawn(spans)).toEqual(["server get /failed/**", "  client get orders"]);
    expect(named(spans, "get /failed/**").parentId).toBe(broken.spanId);
    for (const name of ["url.path", "client.address"])
      expect(named(spans, "get /failed/**").tags.has(name)).toBe(false);
    for (const { values } of gateway.heard()) expect(values("traceparent").join()).toMatch(/-00$/);
    // One worker sends in order, so what was to be sent before is there now.
    expect((await store.spans()).filter(({ traceId }) => traceId === fine.traceId)).toEqual([]);
    expect((await store.spans()).filter(({ tags }) => tags.get("sluice.route") === "failed")).toHaveLength(1);
  });

  test("begin a trace where the caller's is none", async () => {
    const headers = { traceparent: "00-463ac35c9f6413ad48485a3953bb6124-zzz-01", tracestate: "a=b" };
    expect((await gateway.send("/tried", { headers })).status).toBe(200);
    const [, traceId = ""] = gateway.heard()[0]?.values("traceparent").join().split("-") ?? [];
    expect(traceId).not.toBe("463ac35c9f6413ad48485a3953bb6124");
    const spans = await traceIn(store, traceId, 2);
    expect(named(spans, "get /tried")).not.toHaveProperty("parentId");
  });

  test("tell of conversions", async () => {
    const body =
      '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><DeletePartnerResponse xmlns="urn:example:crm"/></s:Body></s:Envelope>';
    gateway.upstream("crm").reply({ headers: { "content-type": "text/xml" }, body });
    const caller = callerTrace();
    const headers = { traceparent: caller.traceparent };
    expect((await gateway.send("/partners/7", { method: "DELETE", headers })).status).toBe(200);
    const spans = await traceIn(store, caller.traceId, 4);
    expect(drawn(spans)).toEqual([
      "server delete /partners/**",
      "  internal convert request",
      "  internal convert response",
      "  client delete crm",
    ]);
    expect(outOfTime(spans)).toEqual([]);
  });

  test("hold what a client sends as a text, cut, and nothing of a secret", async () => {
    const tenant = `\u00fc"\\${"x".repeat(300)}`;
    const { spans } = await traced("/tried", 2, {
      "x-tenant": Buffer.from(tenant).toString("latin1"),
      "x-api-key": key,
    });
    expect(named(spans, "get /tried").tags.get("tenant")).toBe(Buffer.from(tenant).subarray(0, 256).toString());
    const text = await store.text();
    for (const secret of [...Object.values(SECRETS), key, "session="]) expect(text).not.toContain(secret);
    for (const span of await store.spans()) expect([...span.tags].join()).not.toContain("?");
  });
});
