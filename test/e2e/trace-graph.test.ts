import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { START_TIMEOUT_MS, type TraceStore } from "../support/trace-stores/store.js";
import { sluice } from "./support/cli.js";
import { type Gateway, serve } from "./support/serve.js";
import { answerSpan, callerTrace, FORMATS, type Format, startStore, traceIn } from "./support/traces.js";

// The graph of a gateway by the traces of requests through a real Envoy, from a real store.

/** How the gateway traces. */
const TRACERS = [
  ["the module", () => "perSecond: 10000 }"],
  [
    "Envoy's own tracer",
    (format: Format) => `}, native: true${format === "zipkin" ? ", propagate: [b3multi, w3c]" : ""}`,
  ],
] as const;

/** @param more services and routes that the gateway has, and of which another version of its policy knows nothing */
function policyOf(name: string, tracing: string, more: readonly string[] = []): string {
  const services = ["orders", "reports", "collector", ...more];
  return `apiVersion: sluice/v1
kind: Gateway
name: ${name}
listeners: { public: { address: 127.0.0.1:8080 } }
services:
${services.map((service, index) => `  ${service}: { endpoints: [127.0.0.1:${9001 + index}] }`).join("\n")}
policies:
  trace: { tracing: { sample: { ratio: 100%, ${tracing} } }
defaults: { apply: [trace] }
routes:
${["orders", "reports", ...more].map((route) => `  - { name: ${route}, match: { path: "/${route}/{id}" }, to: ${route} }`).join("\n")}
`;
}

const graphSchema = z.object({
  nodes: z.array(z.object({ id: z.string(), tracedAs: z.array(z.string()).optional() })),
  edges: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      standing: z.string(),
      calls: z.number(),
      failed: z.number(),
      errorRate: z.number(),
      p50Ms: z.number().optional(),
      p99Ms: z.number().optional(),
    }),
  ),
});

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-live-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(FORMATS)("the graph of spans in a store of %s", (format) => {
  let store: TraceStore;
  beforeAll(async () => {
    store = await startStore(format);
  }, START_TIMEOUT_MS);
  afterAll(() => store?.stop());

  /** Four requests for orders, of which one fails, and two to a service of which no policy will know. */
  async function traffic(gateway: Gateway): Promise<void> {
    gateway.upstream("orders").reply(async (received) => {
      await answerSpan(format, store.port, "order-service", received.values("traceparent").join());
      return { status: received.url.endsWith("/4") ? 503 : 200 };
    });
    const traces = new Map<string, number>();
    for (const path of ["/orders/1", "/orders/2", "/orders/3", "/orders/4", "/billing/1", "/billing/2"]) {
      const { traceId, traceparent } = callerTrace();
      await gateway.send(path, { headers: { traceparent } });
      traces.set(traceId, path.startsWith("/orders") ? 3 : 2);
    }
    // Envoy's own tracer sends every five seconds.
    for (const [traceId, spans] of traces) await traceIn(store, traceId, spans);
  }

  test.each(TRACERS)("has what %s tells, beside the policy", async (tracer, tracing) => {
    const name = tracer === "the module" ? "shop" : "shop-too";
    const exported = `${tracing(format)}, export: { ${format}: collector }`;
    const gateway = await serve(policyOf(name, exported, ["billing"]), { ports: { collector: store.port } });
    try {
      await traffic(gateway);
    } finally {
      await gateway.stop();
    }
    const policy = join(folder, `${format}-${name}.yaml`);
    await writeFile(policy, policyOf(name, exported));
    const { code, stdout, stderr } = await sluice(["graph", "-p", policy, "--traces", store.url, "--format", "json"]);
    expect([code, ...stderr.trim().split("\n")]).toEqual([
      0,
      `sluice: in the policy, not in the traces: ${name} to reports`,
      `sluice: in the traces, not in the policy: ${name} to billing (2 calls)`,
    ]);
    const { nodes, edges } = graphSchema.parse(JSON.parse(stdout));
    const own = edges.filter(({ from, to }) => from === "gateway" || to === "gateway");
    const none = { calls: 0, failed: 0, errorRate: 0 };
    const time = expect.any(Number);
    expect(own).toEqual([
      {
        from: "outside",
        to: "gateway",
        standing: "agreed",
        calls: 6,
        failed: 1,
        errorRate: 0.166667,
        p50Ms: time,
        p99Ms: time,
      },
      {
        from: "gateway",
        to: "service:orders",
        standing: "agreed",
        calls: 4,
        failed: 1,
        errorRate: 0.25,
        p50Ms: time,
        p99Ms: time,
      },
      { from: "gateway", to: "service:reports", standing: "unseen", ...none },
      {
        from: "gateway",
        to: "other:billing",
        standing: "unplanned",
        calls: 2,
        failed: 0,
        errorRate: 0,
        p50Ms: time,
        p99Ms: time,
      },
    ]);
    for (const { calls, p50Ms = 0, p99Ms = 0 } of own)
      if (calls > 0) expect([p50Ms > 0, p99Ms >= p50Ms]).toEqual([true, true]);
    expect(nodes.find(({ id }) => id === "service:orders")?.tracedAs).toEqual(["order-service"]);
    const drawn = await sluice(["graph", "-p", policy, "--traces", store.url]);
    expect(drawn.stdout).toMatch(/^flowchart LR\n/);
    expect(drawn.stdout).toMatch(/ -->\|"4 calls<br\/>25% errors<br\/>p50 [0-9.]+ m?s, p99 [0-9.]+ m?s"\| /);
  });
});
