import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { moduleBytes, packageRoot } from "../../../compiler/cli/files.js";
import type { RunningEnvoy } from "../../../compiler/runtime/process.js";
import { standingOracle } from "../../../test/support/envoy.js";
import { UPDATING } from "../../../test/support/golden.js";
import { request } from "../../../test/support/http.js";
import { type Bench, istioText, withPlugins } from "../../../test/support/lone-module.js";
import { type LoneTracing, openLoneTracing } from "../../../test/support/lone-tracing.js";
import type { ScriptedReply, Upstream } from "../../../test/support/upstream.js";

// What README.md shows: tracing.wasm alone, in an Envoy written by hand and as Istio would load it, and the spans that come to a collector.

const folder = join(packageRoot(), "filters", "modules", "tracing");
const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const sampled = { traceparent: `00-${TRACE}-${SPAN}-01` };

let lone: LoneTracing;
let bench: Bench;
let collector: Upstream;
let alone = "";

beforeAll(async () => {
  lone = await openLoneTracing();
  ({ bench, collector, alone } = lone);
});
afterEach(() => lone.renew());
afterAll(() => lone?.close());

const serve = (configText: string, concurrency?: number) => lone.serve(configText, concurrency);
const spans = () => lone.spans();
const arrived = (count: number) => lone.arrived(count);

const counted = async (envoy: RunningEnvoy, outcome: string) =>
  (await envoy.admin.stats(`tracing\\.trace\\.${outcome}$`)).get(`wasmcustom.sluice.tracing.trace.${outcome}`);

const pluginSchema = z.object({
  spec: z.object({ sha256: z.string(), pluginConfig: z.record(z.string(), z.unknown()) }).loose(),
});
const wasmPlugin = async () => pluginSchema.parse(load(await readFile(join(folder, "wasm-plugin.yaml"), "utf8"))).spec;

describe("tracing.wasm in an Envoy written by hand", () => {
  it("hands the trace on, and its spans come to the collector: nested, timed, without what is redacted", async () => {
    const { url } = await serve(alone);
    bench.upstream.reply({ status: 201 });
    const headers = { ...sampled, tracestate: "a=1", baggage: "b=2", "x-customer": "acme" };
    const { status } = await request(`${url}/orders/7?token=secret`, { headers });
    expect(status).toBe(201);
    const [received] = bench.upstream.received;
    const all = await arrived(2);
    const [server, client] = all;
    expect(all.map(({ kind, name }) => [kind, name])).toEqual([
      ["SERVER", "GET /**"],
      ["CLIENT", "GET orders"],
    ]);
    expect(server).toMatchObject({ traceId: TRACE, parentId: SPAN, localEndpoint: { serviceName: "shop" } });
    expect(server?.tags).toEqual({
      "http.request.method": "GET",
      "http.route": "/**",
      "url.path": "/orders/7",
      "url.scheme": "http",
      "server.address": "127.0.0.1",
      "server.port": new URL(url).port,
      "network.protocol.version": "1.1",
      "http.response.status_code": "201",
      "sluice.route": "orders",
      customer: "acme",
    });
    expect(client).toMatchObject({ traceId: TRACE, parentId: server?.id, remoteEndpoint: { serviceName: "orders" } });
    expect(client?.tags).toEqual({
      "http.request.method": "GET",
      "server.address": "127.0.0.1",
      "server.port": `${bench.upstream.port}`,
      "http.response.status_code": "201",
    });
    // Times are those of this machine, and the service's lie in those of the request.
    const [from, to] = [server?.timestamp ?? 0, (server?.timestamp ?? 0) + (server?.duration ?? 0)];
    expect(Math.abs(from / 1000 - Date.now())).toBeLessThan(60_000);
    expect(client?.timestamp).toBeGreaterThanOrEqual(from);
    expect((client?.timestamp ?? 0) + (client?.duration ?? 0)).toBeLessThanOrEqual(to);
    // The service is told of its span, once in each form, and of nothing that the client said itself.
    expect(received?.values("traceparent")).toEqual([`00-${TRACE}-${client?.id}-01`]);
    expect(received?.values("b3")).toEqual([`${TRACE}-${client?.id}-1`]);
    expect(received?.values("tracestate")).toEqual(["a=1"]);
    expect(received?.values("baggage")).toEqual(["b=2"]);
    expect(JSON.stringify(spans())).not.toContain("secret");
    expect(collector.received[0]).toMatchObject({ method: "POST", url: "/api/v2/spans" });
    expect(collector.received[0]?.values("host")).toEqual(["collector:9411"]);
    expect(collector.received[0]?.values("content-type")).toEqual(["application/json"]);
  });

  it("restarts a bad trace, and removes what a client sent in any form", async () => {
    const { envoy, url } = await serve(alone);
    const headers = {
      traceparent: ["nonsense", `00-${TRACE}-${SPAN}-01`],
      tracestate: "=",
      b3: "d",
      "x-b3-traceid": TRACE,
      "x-b3-flags": "1",
      "uber-trace-id": "x",
      baggage: ` ${"x".repeat(9000)}`,
    };
    expect((await request(url, { headers })).status).toBe(200);
    const [received] = bench.upstream.received;
    expect(received?.values("traceparent")).toEqual([expect.stringMatching(/^00-(?!0af76519)[0-9a-f]{32}-/)]);
    expect(received?.values("b3")).toHaveLength(1);
    for (const name of ["tracestate", "baggage", "x-b3-traceid", "x-b3-flags", "uber-trace-id"])
      expect(received?.values(name), name).toEqual([]);
    expect(await counted(envoy, "restarted")).toBe(1);
  });

  it("keeps what failed though it was not sampled, of a service that is not there too", async () => {
    const { envoy, url } = await serve(alone.replaceAll("port_value: 9001", "port_value: 1"));
    const unsampled = { traceparent: `00-${TRACE}-${SPAN}-00` };
    expect((await request(url, { headers: unsampled })).status).toBe(503);
    const [server, client] = await arrived(2);
    expect(server?.tags).toMatchObject({ "http.response.status_code": "503", "error.type": "503", error: "503" });
    expect(client?.tags["error.type"]).toBe("503");
    expect(await counted(envoy, "kept")).toBe(1);
    expect(await counted(envoy, "sampled")).toBe(0);
  });

  it("makes spans of answers that Envoy gives itself, without one of a service", async () => {
    const { url } = await serve(alone.replace('"ratio": 0 }]', '"ratio": 1000000 }]'));
    expect((await request(`${url}/healthz`)).status).toBe(200);
    expect((await arrived(1)).map(({ name, kind }) => [name, kind])).toEqual([["GET /healthz", "SERVER"]]);
  });

  it("ends spans of clients that leave, before their answer and in the middle of it", async () => {
    const { envoy, url } = await serve(alone);
    bench.upstream.reply(() => new Promise<ScriptedReply>(() => {}));
    for (let index = 0; index < 5; index++) {
      const call = get(url, { headers: sampled, agent: false });
      call.on("error", () => {});
      await vi.waitFor(() => expect(bench.upstream.received).toHaveLength(index + 1), { timeout: 20_000 });
      call.destroy();
    }
    const all = await arrived(10);
    const servers = all.filter(({ kind }) => kind === "SERVER");
    expect(servers).toHaveLength(5);
    for (const { tags } of servers) {
      expect(tags["http.response.status_code"]).toBeUndefined();
      expect(tags["error.type"]).toBe("downstream_remote_disconnect");
    }
    expect(await counted(envoy, "dropped")).toBe(0);
  });

  it("lets a route pass that it does not know, and a request whose trace it cannot read", async () => {
    const { url } = await serve(alone.replace("name: orders\n", "name: unknown\n"));
    expect((await request(url, { headers: { ...sampled, "x-a": "1" } })).status).toBe(200);
    expect(bench.upstream.received[0]?.values("traceparent")).toEqual([]);
  });

  it("tells the log which trace a line belongs to", async () => {
    const { envoy, url } = await serve(alone);
    await request(url, { headers: sampled });
    await request(`${url}/healthz`, { headers: sampled });
    await vi.waitFor(() => expect(envoy.output.text().split(`200 ${TRACE} GET`)).toHaveLength(3), { timeout: 20_000 });
  });

  it("samples no more than a hundred a second over two workers, and holds against hostile headers", async () => {
    const { envoy, url } = await serve(alone);
    const oracle = await standingOracle(envoy);
    const agents = Array.from({ length: 32 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
    const hostile = (index: number) => ({
      traceparent: `00-${index.toString(16).padStart(32, "f")}-${SPAN}-01`,
      tracestate: "x".repeat(index * 13),
      baggage: Buffer.from([0x80 + (index % 100), 0xff, 0x22]).toString("latin1"),
      "x-customer": `\u00ff"\\${"y".repeat(index)}`,
      "user-agent": "\u00e9".repeat(index),
    });
    const began = process.hrtime.bigint();
    const statuses = await Promise.all(
      Array.from({ length: 600 }, async (_, index) => {
        const agent = agents[index % agents.length];
        const path = `${url}/${"a".repeat(index)}`;
        return (await request(path, { headers: hostile(index), ...(agent === undefined ? {} : { agent }) })).status;
      }),
    );
    const seconds = Number((process.hrtime.bigint() - began) / 1_000_000_000n) + 2;
    expect(statuses.every((status) => status === 200)).toBe(true);
    const taken = (await counted(envoy, "sampled")) ?? 0;
    expect(taken).toBeGreaterThanOrEqual(100);
    expect(taken).toBeLessThanOrEqual(100 * seconds);
    expect(taken + ((await counted(envoy, "capped")) ?? 0)).toBe(600);
    await arrived(taken * 2);
    expect(await counted(envoy, "dropped")).toBe(0);
    for (const agent of agents) agent.destroy();
    await oracle.check({ goodRequest: (agent) => request(url, { agent, headers: sampled }) });
  });
});

describe("a collector that is down", () => {
  it("changes nothing for requests, and gets its spans when it is back", async () => {
    const { envoy, url } = await serve(alone);
    collector.reply({ status: 503 });
    expect((await request(url, { headers: sampled })).status).toBe(200);
    await vi.waitFor(() => expect(collector.received.length).toBeGreaterThan(1), { timeout: 20_000 });
    expect(await counted(envoy, "exported")).toBe(0);
    collector.clear();
    collector.reply({ status: 200 });
    await arrived(2);
    await vi.waitFor(async () => expect(await counted(envoy, "exported")).toBe(2), { timeout: 20_000 });
    expect(await counted(envoy, "dropped")).toBe(0);
  });

  it("that is not there, or no cluster, loses spans and counts them", async () => {
    for (const broken of [
      alone.replace("port_value: 9411", "port_value: 1"),
      alone.replace('"cluster": "collector"', '"cluster": "nobody"'),
    ]) {
      const { envoy, url } = await serve(broken, 1);
      expect((await request(url, { headers: sampled })).status).toBe(200);
      await vi.waitFor(async () => expect(await counted(envoy, "dropped")).toBe(2), { timeout: 30_000, interval: 200 });
      expect((await request(url, { headers: sampled })).status).toBe(200);
    }
  });

  it("without a healthy host is answered by Envoy itself, within the call", async () => {
    const empty = alone.replace(
      "          - lb_endpoints: [{ endpoint: { address: { socket_address: { address: 127.0.0.1, port_value: 9411 } } } }]",
      "          - lb_endpoints: []",
    );
    expect(empty).not.toBe(alone);
    const { envoy, url } = await serve(empty, 1);
    const oracle = await standingOracle(envoy);
    expect((await request(url, { headers: sampled })).status).toBe(200);
    await vi.waitFor(async () => expect(await counted(envoy, "dropped")).toBe(2), { timeout: 30_000, interval: 200 });
    await oracle.check({ goodRequest: (agent) => request(url, { agent }) });
  });
});

describe("as Istio loads it", () => {
  /** No list of capabilities, no vm_id of its own, and no route that writes headers for it. */
  async function asIstioLoads(): Promise<string> {
    const { pluginConfig } = await wasmPlugin();
    const text = istioText(pluginConfig).replace("outbound|9411||zipkin.istio-system.svc.cluster.local", "collector");
    return withPlugins(alone, (plugin) => {
      const { capability_restriction_config: _, ...vm } = z.record(z.string(), z.unknown()).parse(plugin.vm_config);
      return { ...plugin, vm_config: vm, configuration: { ...plugin.configuration, value: text } };
    })
      .replace(/"request_headers_to_remove":\[.*?\],/, "")
      .replace(/,?"request_headers_to_add":\[.*?\]/, "");
  }

  it("it writes the headers itself, and removes those of clients", async () => {
    const { url } = await serve(await asIstioLoads());
    const headers = { ...sampled, b3: "1", "x-b3-sampled": "1", tracestate: "a=1", "x-tenant": "t" };
    expect((await request(`${url}/a`, { headers })).status).toBe(200);
    const [server, client] = await arrived(2);
    const [received] = bench.upstream.received;
    expect(received?.values("traceparent")).toEqual([`00-${TRACE}-${client?.id}-01`]);
    expect(received?.values("tracestate")).toEqual(["a=1"]);
    expect(received?.values("b3")).toEqual([]);
    expect(received?.values("x-b3-sampled")).toEqual([]);
    expect(server).toMatchObject({ name: "GET", tags: { tenant: "t", "client.address": "127.0.0.1" } });
  });

  it("it names the digest of tracing.wasm", async () => {
    const digest = createHash("sha256")
      .update(await moduleBytes("tracing.wasm"))
      .digest("hex");
    for (const name of ["wasm-plugin.yaml", "README.md"]) {
      const path = join(folder, name);
      const text = await readFile(path, "utf8");
      const current = text.replace(/sha256: [0-9a-f]{64}/, `sha256: ${digest}`);
      if (UPDATING) await writeFile(path, current);
      else expect(text, `the digest in ${name} is old; npm run golden:update writes it anew`).toBe(current);
    }
    expect((await wasmPlugin()).sha256).toBe(digest);
  });
});
