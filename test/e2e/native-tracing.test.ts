import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// What Envoy's own tracers make of policies with `native: true`: headers for services, spans for a collector.

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const SECRET = "s3cr3t-of-a-caller";

function policyOf(settings: string, more = ""): string {
  return `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  collector: { endpoints: [127.0.0.1:9411] }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  trace:
    tracing:
      native: true
      ${settings}
      tags:
        customer: auth.consumer
        tenant: 'request.headers["x-tenant"]'
        stage: '"test"'
        via: route.name
        caller: source.ip
${more}
defaults: { apply: [trace] }
routes:
  - { name: order, match: { path: "/orders/{id}" }, to: echo, apply: [known] }
  - { name: files, match: { path: /files/** }, to: echo }
`;
}

/** A span of Zipkin v2. */
const span = z.looseObject({
  traceId: z.string(),
  id: z.string(),
  parentId: z.string().optional(),
  kind: z.string(),
  name: z.string(),
  localEndpoint: z.looseObject({ serviceName: z.string() }),
  tags: z.record(z.string(), z.string()),
});

let gateway: Gateway | undefined;
const running = (): Gateway => {
  if (gateway === undefined) throw new Error("there is no gateway");
  return gateway;
};
afterEach(() => gateway?.forget());
afterAll(() => gateway?.stop());

/** Starts a policy in the place of the one before. */
async function begin(policy: string): Promise<void> {
  await gateway?.stop();
  gateway = await serve(policy, { edit: hurried });
}

/** Envoy sends spans every five seconds unless its runtime says otherwise. */
function hurried(bootstrap: string): string {
  const keys = ["zipkin", "opentelemetry"].map((tracer) => `tracing.${tracer}.flush_interval_ms: 50`);
  return bootstrap.replace(/static_layer:\n( +)/, (found, indent) =>
    keys.reduce((text, key) => `${text}${key}\n${indent}`, found),
  );
}

/** The only value of a header that the service got with the last request, or nothing. */
function heard(name: string): string | undefined {
  const [value, second] = running().upstream("echo").received.at(-1)?.values(name) ?? [];
  expect(second).toBeUndefined();
  return value;
}

const collected = () => running().upstream("collector").received;

async function zipkinSpans(count: number) {
  return until(`${count} spans`, () => {
    const spans = collected().flatMap(({ body }) => z.array(span).parse(JSON.parse(body.toString())));
    return spans.length >= count && spans;
  });
}

/** Bytes that the collector was sent, as far as they are text. */
function sentText(): string {
  return collected()
    .map(({ body }) => body.toString("latin1"))
    .join("\n");
}

describe("Zipkin", () => {
  beforeAll(() =>
    begin(policyOf("propagate: [b3multi, w3c]\n      export: { zipkin: { service: collector, path: /zipkin/spans } }")),
  );

  it("spans of the gateway and of its call have tags and neither query nor credential", async () => {
    const key = running().env.ACME_KEY ?? "";
    const headers = { "x-api-key": key, "x-tenant": "t-1", authorization: `Bearer ${SECRET}`, cookie: `a=${SECRET}` };
    expect((await running().send(`/orders/7?token=${SECRET}`, { headers })).status).toBe(200);
    const spans = await zipkinSpans(2);
    const server = spans.find(({ kind }) => kind === "SERVER");
    const client = spans.find(({ kind }) => kind === "CLIENT");
    expect(server).toMatchObject({
      name: "GET /orders/{id}",
      localEndpoint: { serviceName: "shop" },
      tags: {
        customer: "acme",
        tenant: "t-1",
        stage: "test",
        via: "order",
        caller: "127.0.0.1",
        "url.path": "/orders/7",
        "http.status_code": "200",
      },
    });
    expect(client?.traceId).toBe(server?.traceId);
    expect(client?.parentId).toBe(server?.id);
    expect(heard("traceparent")).toBe(`00-${client?.traceId}-${client?.id}-01`);
    expect(heard("x-b3-traceid")).toBe(client?.traceId);
    expect(sentText()).not.toContain(SECRET);
    expect(sentText()).not.toContain(key);
    expect(collected()[0]?.url).toBe("/zipkin/spans");
    expect(collected()[0]?.values("host")).toEqual(["collector"]);
  });

  it("what is absent leaves its tag out, and who is refused has a span too", async () => {
    const { reply, decision } = await running().judged(() => running().send("/orders/8"));
    expect(reply.status).toBe(401);
    const [server] = await zipkinSpans(1);
    expect(server?.tags).toMatchObject({ "http.status_code": "401", via: "order" });
    expect(Object.keys(server?.tags ?? {})).not.toContain("customer");
    expect(Object.keys(server?.tags ?? {})).not.toContain("tenant");
    expect(decision).toMatchObject({ trace_id: server?.traceId });
  });

  it("a caller's trace goes on, sampled or not, in whichever form it says so", async () => {
    await running().send("/files/a", { headers: { traceparent: `00-${TRACE}-${SPAN}-01`, tracestate: "a=b" } });
    const spans = await zipkinSpans(2);
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([TRACE]));
    expect(spans.find(({ kind }) => kind === "SERVER")?.parentId).toBe(SPAN);
    expect(heard("tracestate")).toBe("a=b");
    await running().send("/files/a", { headers: { "x-b3-traceid": TRACE, "x-b3-spanid": SPAN, "x-b3-sampled": "0" } });
    expect(heard("x-b3-traceid")).toBe(TRACE);
    expect(heard("x-b3-sampled")).toBe("0");
  });

  it("what is no context reaches no service, and fails nobody", async () => {
    const headers = { "x-b3-traceid": "zz", "x-b3-spanid": SPAN, "uber-trace-id": "1:2:3:1" };
    expect((await running().send("/files/a", { headers })).status).toBe(200);
    expect(heard("x-b3-traceid")).toBeUndefined();
    expect(heard("uber-trace-id")).toBeUndefined();
  });
});

describe("OpenTelemetry", () => {
  beforeAll(() => begin(policyOf("service: shop-edge\n      baggage: drop\n      export: { otlp: collector }")));

  it("spans have tags and neither query nor credential, and services no baggage", async () => {
    const key = running().env.ACME_KEY ?? "";
    const headers = { "x-api-key": key, baggage: `k=${SECRET}`, authorization: `Bearer ${SECRET}` };
    expect((await running().send(`/orders/7?token=${SECRET}`, { headers })).status).toBe(200);
    await until("spans", () => collected().length > 0);
    const text = sentText();
    for (const part of ["shop-edge", "GET /orders/{id}", "url.path", "/orders/7", "customer", "acme", "stage", "test"])
      expect(text).toContain(part);
    expect(text).not.toContain(SECRET);
    expect(text).not.toContain(key);
    expect(collected()[0]?.url).toBe("/v1/traces");
    expect(heard("traceparent")).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(heard("baggage")).toBeUndefined();
  });

  it("forms that the tracer does not know reach no service", async () => {
    await running().send("/files/a", { headers: { b3: `${TRACE}-${SPAN}-1`, "x-b3-traceid": TRACE } });
    expect(heard("b3")).toBeUndefined();
    expect(heard("x-b3-traceid")).toBeUndefined();
    expect(heard("traceparent")).not.toContain(TRACE);
  });

  it("follows its caller, whatever the ratio", async () => {
    const decided = async (ratio: string, flags: string) => {
      await begin(policyOf(`sample: ${ratio}\n      export: { otlp: collector }`));
      await running().send("/files/a", { headers: { traceparent: `00-${TRACE}-${SPAN}-${flags}` } });
      return heard("traceparent")?.replace(/-[0-9a-f]{16}-/, "-");
    };
    expect(await decided("0%", "01")).toBe(`00-${TRACE}-01`);
    expect(await decided("100%", "00")).toBe(`00-${TRACE}-00`);
  });

  it("samples what no caller decided by the ratio", async () => {
    for (const [ratio, flags] of [
      ["0%", "00"],
      ["100%", "01"],
    ] as const) {
      await begin(policyOf(`sample: ${ratio}\n      export: { otlp: collector }`));
      await running().send("/files/a");
      expect(heard("traceparent")?.slice(-2)).toBe(flags);
    }
  });
});

it("names of spans are texts, and no commands of Envoy's", async () => {
  await begin(
    policyOf("propagate: [b3multi]\n      redact: [url.path]\n      export: { zipkin: collector }").replace(
      "/files/**",
      '"~/files/100%25.*"',
    ),
  );
  expect((await running().send("/files/100%25x")).status).toBe(200);
  const [server] = (await zipkinSpans(2)).filter(({ kind }) => kind === "SERVER");
  expect(server?.name).toBe("GET ~/files/100%25.*");
  expect(Object.keys(server?.tags ?? {})).not.toContain("url.path");
  expect(sentText()).not.toContain("/files/100%25x");
});
