import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readOtlp } from "../../compiler/traces/otlp.js";
import type { Span } from "../../compiler/traces/span.js";
import { readZipkin } from "../../compiler/traces/zipkin.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { acme, ENV, NO_ENVOY } from "./support/served-policy.js";
import { until } from "./support/until.js";
import { workplace } from "./support/workplace.js";

// `sluice run --embedded` sends spans, by the real time.

const place = workplace("sluice-embedded-spans-", "first");

let collector: Upstream;
beforeEach(async () => {
  collector = await startUpstream({ status: 202 });
});
afterEach(() => collector.close());

const CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

function policyText(format: "zipkin" | "otlp"): string {
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:0 } }
services:
  orders: { endpoints: ["${place.upstream.address}"] }
  collector: { endpoints: ["${collector.address}"] }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  held: { fault: { delay: { for: 60ms } } }
  trace:
    tracing:
      sample: 0%
      always: response.status == 401 || response.duration > duration("50ms")
      export: { ${format}: collector }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [trace, known] }
  - { name: held, match: { path: /held }, to: orders, apply: [trace, held] }
`;
}

async function start(format: "zipkin" | "otlp" = "zipkin"): Promise<{ url: string; stop(): Promise<unknown> }> {
  const options = { env: { ...ENV, ...NO_ENVOY } };
  const { cli, url } = await place.start(policyText(format), ["--embedded"], options);
  const stop = () => {
    cli.signal("SIGTERM");
    return cli.ended;
  };
  return { url, stop };
}

/** All spans that have come, by name. */
function received(read = readZipkin): ReadonlyMap<string, Span> {
  const spans = collector.received.flatMap(({ body }) => {
    const found = read(body.toString());
    if (found.outcome === "damaged") throw new Error(found.reason);
    return found.spans;
  });
  return new Map(spans.map((span) => [span.name, span]));
}

function isWithin(inner: Span | undefined, outer: Span | undefined): boolean {
  if (inner?.start === undefined || outer?.start === undefined) return false;
  return inner.start >= outer.start && inner.start + (inner.duration ?? 0n) <= outer.start + (outer.duration ?? 0n);
}

describe("spans", () => {
  test("of a trace that its caller records come to the collector, with times that nest and the service as it was", async () => {
    const { url } = await start();
    const began = BigInt(Date.now()) * 1_000_000n;
    expect((await request(`${url}/orders/7`, { headers: { ...acme, traceparent: CALLER } })).status).toBe(200);
    const spans = await until("spans", () => (collector.received.length > 0 ? received() : undefined));
    const [server, known, service] = ["GET /orders/**", "authenticate known", "GET orders"].map((name) =>
      spans.get(name),
    );
    expect(server).toMatchObject({ kind: "server", parentId: CALLER.split("-")[2], service: "shop" });
    expect(server?.start ?? 0n).toBeGreaterThanOrEqual(began);
    expect([known?.parentId, service?.parentId]).toEqual([server?.id, server?.id]);
    expect([isWithin(known, server), isWithin(service, server)]).toEqual([true, true]);
    const [host, port] = place.upstream.address.split(":");
    expect(service?.tags.get("server.address")).toBe(host);
    expect(service?.tags.get("server.port")).toBe(port);
    const [told] = place.upstream.received[0]?.values("traceparent") ?? [];
    expect(told).toBe(`00-${server?.traceId}-${service?.id}-01`);
    expect(collector.received[0]?.values("content-type")).toEqual(["application/json"]);
  });

  test("are kept by what became of the request: who is refused, and what takes long", async () => {
    const { url } = await start("otlp");
    expect((await request(`${url}/orders/7`, { headers: acme })).status).toBe(200);
    expect((await request(`${url}/orders/7`)).status).toBe(401);
    expect((await request(`${url}/held`)).status).toBe(200);
    const spans = await until("both", () => {
      const found = received(readOtlp);
      return found.has("GET /held") && found.has("GET /orders/**") ? found : undefined;
    });
    expect(spans.get("GET /orders/**")?.tags.get("http.response.status_code")).toBe("401");
    expect(spans.get("GET /held")?.duration ?? 0n).toBeGreaterThan(50_000_000n);
    expect([...spans.keys()].toSorted()).toEqual(["GET /held", "GET /orders/**", "GET orders", "authenticate known"]);
  });

  test("wait for a collector that is away, and disturb nobody", async () => {
    const { url } = await start();
    collector.reply({ status: 503 });
    expect((await request(`${url}/orders/7`)).status).toBe(401);
    await until("a try", () => collector.received.length > 0);
    expect((await request(`${url}/orders/7`, { headers: acme })).status).toBe(200);
    collector.clear();
    collector.reply({ status: 202 });
    const spans = await until("another try", () => (collector.received.length > 0 ? received() : undefined));
    expect(spans.get("GET /orders/**")?.tags.get("http.response.status_code")).toBe("401");
  });

  test("that are there yet go out at the end", async () => {
    const { url, stop } = await start();
    expect((await request(`${url}/orders/7`)).status).toBe(401);
    await stop();
    expect([...received().keys()].toSorted()).toEqual(["GET /orders/**", "authenticate known"]);
  });
});
