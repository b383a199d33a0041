import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Span } from "../../../compiler/traces/span.js";
import { until } from "../../e2e/support/until.js";
import { request } from "../http.js";
import { type OtlpReceiver, START_TIMEOUT_MS, startOtlpReceiver, startZipkin, type TraceStore } from "./store.js";

// The same trace, sent by hand: what a store makes of it is what `compiler/traces` reads.

const TRACE = "463ac35c9f6413ad48485a3953bb6124";
const [SERVER, CLIENT] = ["00000000000000a1", "00000000000000a2"];
const START_US = Date.now() * 1000;

async function post(port: number, path: string, document: unknown): Promise<number> {
  const headers = { "content-type": "application/json" };
  const reply = await request(`http://127.0.0.1:${port}${path}`, {
    method: "POST",
    headers,
    body: JSON.stringify(document),
  });
  return reply.status;
}

function byId(spans: readonly Span[]): Span[] {
  return [...spans].toSorted((one, other) => (one.id < other.id ? -1 : 1));
}

describe("a Zipkin server", () => {
  let zipkin: TraceStore;
  beforeAll(async () => {
    zipkin = await startZipkin();
  }, START_TIMEOUT_MS);
  afterAll(() => zipkin?.stop());

  it("gives back the spans that it was sent, names in lower case", async () => {
    const span = { traceId: TRACE, timestamp: START_US, localEndpoint: { serviceName: "shop" } };
    const sent = [
      { ...span, id: SERVER, kind: "SERVER", name: "GET /Orders", duration: 900, tags: { "http.route": "/Orders" } },
      {
        ...span,
        id: CLIENT,
        parentId: SERVER,
        kind: "CLIENT",
        name: "GET orders",
        duration: 500,
        remoteEndpoint: { serviceName: "orders", ipv4: "127.0.0.1", port: 9001 },
        annotations: [{ timestamp: START_US + 3, value: "retry" }],
        tags: { error: "503" },
      },
    ];
    expect(await post(zipkin.port, "/api/v2/spans", sent)).toBe(202);
    const spans = await until("both spans", async () => {
      const found = await zipkin.spans();
      return found.length === 2 && found;
    });
    const start = BigInt(START_US) * 1000n;
    const common = { traceId: TRACE, shared: false, service: "shop", start };
    expect(byId(spans)).toEqual([
      {
        ...common,
        id: SERVER,
        kind: "server",
        name: "get /orders",
        duration: 900_000n,
        tags: new Map([["http.route", "/Orders"]]),
        events: [],
      },
      {
        ...common,
        id: CLIENT,
        parentId: SERVER,
        kind: "client",
        name: "get orders",
        duration: 500_000n,
        peer: { service: "orders", address: "127.0.0.1", port: 9001 },
        tags: new Map([["error", "503"]]),
        events: [{ at: start + 3000n, name: "retry", tags: new Map() }],
        error: "503",
      },
    ]);
  });

  it("refuses what it cannot read", async () => {
    expect(await post(zipkin.port, "/api/v2/spans", [{ traceId: TRACE }])).toBe(400);
  });
});

describe("an OTLP receiver", () => {
  let receiver: OtlpReceiver;
  beforeAll(async () => {
    receiver = await startOtlpReceiver();
  }, START_TIMEOUT_MS);
  afterAll(() => receiver?.stop());

  it("gives back the spans that it was sent, until they are cleared", async () => {
    expect(await receiver.spans()).toEqual([]);
    const start = BigInt(START_US) * 1000n;
    const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
    const span = { traceId: TRACE, startTimeUnixNano: String(start), endTimeUnixNano: String(start + 900_001n) };
    const spans = [
      { ...span, spanId: SERVER, kind: 2, name: "GET /Orders", attributes: [text("http.route", "/Orders")] },
      {
        ...span,
        spanId: CLIENT,
        parentSpanId: SERVER,
        kind: 3,
        name: "GET orders",
        attributes: [text("server.address", "orders"), { key: "server.port", value: { intValue: 9001 } }],
        events: [{ timeUnixNano: String(start + 3n), name: "retry" }],
        status: { code: 2, message: "503" },
      },
    ];
    const resource = { attributes: [text("service.name", "Shop")] };
    const sent = { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: "sluice" }, spans }] }] };
    expect(await post(receiver.port, "/v1/traces", sent)).toBe(200);
    const common = { traceId: TRACE, shared: false, service: "Shop", start, duration: 900_001n };
    expect(byId(await receiver.spans())).toEqual([
      {
        ...common,
        id: SERVER,
        kind: "server",
        name: "GET /Orders",
        tags: new Map([["http.route", "/Orders"]]),
        events: [],
      },
      {
        ...common,
        id: CLIENT,
        parentId: SERVER,
        kind: "client",
        name: "GET orders",
        peer: { address: "orders", port: 9001 },
        tags: new Map([
          ["server.address", "orders"],
          ["server.port", "9001"],
        ]),
        events: [{ at: start + 3n, name: "retry", tags: new Map() }],
        error: "503",
      },
    ]);
    await receiver.clear();
    expect(await receiver.spans()).toEqual([]);
  });

  it("refuses what it cannot read", async () => {
    expect(await post(receiver.port, "/v1/traces", { resourceSpans: 7 })).toBe(400);
    const span = { traceId: "463ac35c", spanId: SERVER };
    expect(await post(receiver.port, "/v1/traces", { resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).toBe(400);
  });
});
