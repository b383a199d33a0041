import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { Agent } from "node:http";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { moduleBytes, packageRoot } from "../../../compiler/cli/files.js";
import type { RunningEnvoy } from "../../../compiler/runtime/process.js";
import { standingOracle } from "../../../test/support/envoy.js";
import { UPDATING } from "../../../test/support/golden.js";
import { request } from "../../../test/support/http.js";
import {
  type Bench,
  capabilitiesIn,
  capabilitiesOf,
  istioText,
  openBench,
  watchedListeners,
  withModuleText,
  withPlugins,
} from "../../../test/support/lone-module.js";

// What README.md shows: rate-limit.wasm alone and behind auth.wasm, in an Envoy written by hand and as Istio would load it.

const folder = join(packageRoot(), "filters", "modules", "rate-limit");
const keys = {
  ACME_KEY: "acme-key-of-this-test",
  GLOBEX_KEY: "globex-key-of-this-test",
  INITECH_KEY: "initech-key-of-this-test",
};
/** What the files give an address, and a partner without a rate of its own, for an hour. */
const QUOTA = 40;

let bench: Bench;
let alone = "";
let chained = "";
let running: RunningEnvoy[] = [];

beforeAll(async () => {
  bench = await openBench(["auth.wasm", "rate-limit.wasm"], keys);
  alone = await readFile(join(folder, "envoy.yaml"), "utf8");
  chained = await readFile(join(folder, "envoy-with-auth.yaml"), "utf8");
});

afterEach(async () => {
  for (const envoy of running) await envoy.stop();
  running = [];
  bench.upstream.clear();
});

afterAll(() => bench?.close());

async function serve(configText: string, concurrency?: number) {
  const served = await bench.serve(configText, concurrency);
  running.push(served.envoy);
  return served;
}

const pluginSchema = z.object({
  spec: z.object({ sha256: z.string(), pluginConfig: z.record(z.string(), z.unknown()) }).loose(),
});

async function wasmPlugin(name: "auth" | "rate-limit") {
  const path = join(folder, "..", name, "wasm-plugin.yaml");
  return pluginSchema.parse(load(await readFile(path, "utf8"))).spec;
}

/** Asks many times at once, over many connections; the statuses. */
async function volley(
  url: string,
  count: number,
  headersOf: (index: number) => Record<string, string>,
): Promise<number[]> {
  const agents = Array.from({ length: 32 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  try {
    const replies = Array.from({ length: count }, (_, index) => {
      const agent = agents[index % agents.length];
      return request(url, { headers: headersOf(index), ...(agent === undefined ? {} : { agent }) });
    });
    return (await Promise.all(replies)).map(({ status }) => status);
  } finally {
    for (const agent of agents) agent.destroy();
  }
}

async function busyWorkers(envoy: RunningEnvoy): Promise<number> {
  const counts = await envoy.admin.stats("^listener\\.127.*\\.worker_\\d+\\.downstream_cx_total$");
  return [...counts.values()].filter((count) => count > 0).length;
}

const times = (status: number, statuses: readonly number[]) => statuses.filter((one) => one === status).length;

describe("rate-limit.wasm alone", () => {
  it("refuses the call after the last one, and the service does not hear of it", async () => {
    const { url } = await serve(alone);
    for (let left = QUOTA - 1; left >= 0; left--) {
      const { status, headers } = await request(`${url}/orders/7`);
      expect(status).toBe(200);
      expect(headers.ratelimit).toMatch(new RegExp(`^"per-address";r=${left};t=\\d+$`));
      expect(headers["ratelimit-policy"]).toBe(`"per-address";q=${QUOTA};w=3600`);
      expect(headers["retry-after"]).toBeUndefined();
    }
    const refusal = await request(`${url}/orders/7`);
    expect(refusal.status).toBe(429);
    expect(refusal.headers).toMatchObject({
      "content-type": "application/problem+json",
      "retry-after": expect.stringMatching(/^[1-9]\d*$/),
      // Once: from its filter state Envoy adds them to what the service answers only.
      ratelimit: expect.stringMatching(/^"per-address";r=0;t=[1-9]\d*$/),
      "ratelimit-policy": `"per-address";q=${QUOTA};w=3600`,
    });
    expect(JSON.parse(refusal.text)).toMatchObject({ status: 429, "violated-policies": ["per-address"] });
    expect(bench.upstream.received).toHaveLength(QUOTA);
  });

  it("counts each address apart, and not what is no part of the limit", async () => {
    const { url } = await serve(alone);
    expect(times(200, await volley(url, QUOTA + 5, () => ({ "x-forwarded-for": "192.0.2.1" })))).toBe(QUOTA);
    const elsewhere = new Agent({ localAddress: "127.0.0.2" });
    expect((await request(url, { agent: elsewhere })).status).toBe(200);
    elsewhere.destroy();
    expect(await volley(`${url}/healthz`, 5, () => ({}))).toEqual([200, 200, 200, 200, 200]);
    expect((await request(url)).status).toBe(429);
  });

  it("refuses a route that it does not know", async () => {
    const { url } = await serve(alone.replace("name: health", "name: ping"));
    const reply = await request(`${url}/healthz`);
    expect(reply.status).toBe(403);
    expect((await request(url)).status).toBe(200);
  });

  it("is exact over two workers, however many ask at once, and holds against hostile headers", async () => {
    const { envoy, url } = await serve(alone);
    const oracle = await standingOracle(envoy);
    const hostile = (index: number) => ({
      "wasm.sluice.consumer": `c${index}`,
      "x-consumer": `c${index}`,
      "x-forwarded-for": `192.0.2.${index}`,
    });
    const statuses = await volley(url, 200, hostile);
    expect([times(200, statuses), times(429, statuses)]).toEqual([QUOTA, 160]);
    expect(bench.upstream.received).toHaveLength(QUOTA);
    expect(await busyWorkers(envoy)).toBe(2);
    await oracle.check({ goodRequest: (agent) => request(`${url}/healthz`, { agent }) });
  });
});

describe.each(["by hand", "by Istio"])("rate-limit.wasm behind auth.wasm, loaded %s", (how) => {
  let config = "";

  beforeAll(async () => {
    config = how === "by hand" ? chained : await asIstioLoads();
  });

  /** Both WasmPlugins: in the order of their phases, with all that modules may do, and no route that writes headers for them. */
  async function asIstioLoads(): Promise<string> {
    const texts: Record<string, string> = {
      auth: istioText((await wasmPlugin("auth")).pluginConfig),
      "rate-limit": istioText((await wasmPlugin("rate-limit")).pluginConfig),
    };
    const unrestricted = withPlugins(chained, (plugin) => {
      const { capability_restriction_config: _, ...vm } = z.record(z.string(), z.unknown()).parse(plugin.vm_config);
      return { ...plugin, vm_config: vm, configuration: { ...plugin.configuration, value: texts[plugin.root_id] } };
    });
    return unrestricted
      .replace(/"request_headers_to_add":\[.*?\],"request_headers_to_remove":\[.*?\],/, "")
      .replace(/"early_header_mutation_extensions":\[.*?\]\}\}\],/, "");
  }

  const as = (key: string, more: Record<string, string> = {}) => ({ "x-api-key": key, ...more });

  it("turns strangers away before anything is counted", async () => {
    const { url } = await serve(config);
    expect(await volley(url, 60, () => as("guess"))).toEqual(Array.from({ length: 60 }, () => 401));
    expect((await request(url, { headers: as(keys.GLOBEX_KEY) })).status).toBe(200);
    expect(bench.upstream.received).toHaveLength(1);
  });

  it("counts each partner apart by its tier, exactly over two workers", async () => {
    const { envoy, url } = await serve(config);
    const callers = how === "by hand" ? [keys.GLOBEX_KEY, keys.INITECH_KEY] : [keys.GLOBEX_KEY];
    const statuses = await volley(url, 60 * callers.length, (index) => as(callers[index % callers.length] ?? ""));
    expect([times(200, statuses), times(429, statuses)]).toEqual([QUOTA * callers.length, 20 * callers.length]);
    expect(times(200, await volley(url, 100, () => as(keys.ACME_KEY)))).toBe(100);
    expect(await busyWorkers(envoy)).toBe(2);
    const { headers } = await request(url, { headers: as(keys.ACME_KEY) });
    expect(headers["ratelimit-policy"]).toBe('"per-partner";q=1000;w=1');
  });

  it("is told who calls by auth.wasm alone: no header changes it", async () => {
    const { envoy, url } = await serve(config);
    const oracle = await standingOracle(envoy);
    const claims = (index: number) => ({
      "x-consumer": `c${index}`,
      "x-consumer-tier": "gold",
      "sluice.consumer": `c${index}`,
      "sluice.tier": "gold",
      "wasm.sluice.consumer": `c${index}`,
    });
    const statuses = await volley(url, 60, (index) => as(keys.GLOBEX_KEY, claims(index)));
    expect([times(200, statuses), times(429, statuses)]).toEqual([QUOTA, 20]);
    const identity = bench.upstream.received.map((one) => ["x-consumer", "x-consumer-tier"].map((n) => one.values(n)));
    expect(identity).toEqual(identity.map(() => [["globex"], ["free"]]));
    expect(bench.upstream.received.flatMap((one) => one.values("x-api-key"))).toEqual([]);
    await oracle.check({
      goodRequest: (agent) => request(url, { agent, headers: as(keys.ACME_KEY, claims(0)) }),
      secrets: Object.values(keys),
    });
  });
});

describe("without auth.wasm in front", () => {
  /** The chain with one of its two modules moved behind the other, or left out. */
  function rearranged(order: readonly string[]): string {
    return chainOf(chained, (filters) => order.flatMap((name) => filters.filter((one) => rootOf(one) === name)));
  }

  it("a limit by consumer has one bucket for all: it tightens, and lets nobody escape", async () => {
    const { url } = await serve(rearranged(["rate-limit"]));
    const callers = Object.values(keys);
    const statuses = await volley(url, 60, (index) => ({
      "x-api-key": callers[index % 3] ?? "",
      "x-consumer": `c${index}`,
    }));
    expect([times(200, statuses), times(429, statuses)]).toEqual([QUOTA, 20]);
  });

  it("and so it has where auth.wasm comes after it", async () => {
    const { url } = await serve(rearranged(["rate-limit", "auth"]));
    const statuses = await volley(url, 60, () => ({ "x-api-key": keys.ACME_KEY }));
    expect([times(200, statuses), times(429, statuses)]).toEqual([QUOTA, 20]);
  });
});

const filterSchema = z
  .object({ typed_config: z.object({ config: z.object({ root_id: z.string() }).optional() }) })
  .loose();

function rootOf(filter: unknown): string | undefined {
  return filterSchema.parse(filter).typed_config.config?.root_id;
}

/** A configuration with other Wasm filters before its router. */
function chainOf(configText: string, change: (filters: readonly unknown[]) => readonly unknown[]): string {
  const changeIn = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(changeIn);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, inner]) => {
        if (key !== "http_filters") return [key, changeIn(inner)];
        const filters = z.array(z.unknown()).parse(inner);
        return [key, [...change(filters.slice(0, -1)), filters.at(-1)]];
      }),
    );
  };
  return JSON.stringify(changeIn(load(configText)));
}

describe("the files", () => {
  it("let the modules do what they import and be called as they export, but for auth.wasm no writing of headers", async () => {
    const all = await capabilitiesOf("rate-limit.wasm");
    expect(capabilitiesIn(alone, "rate-limit")).toEqual(all);
    expect(capabilitiesIn(chained, "rate-limit")).toEqual(all);
    const withheld = ["proxy_remove_header_map_value", "proxy_replace_header_map_value"];
    expect(capabilitiesIn(chained, "auth")).toEqual(
      (await capabilitiesOf("auth.wasm")).filter((name) => !withheld.includes(name)),
    );
  });

  it("are taken by --mode validate, and garbage in the place of a configuration is not", async () => {
    expect(await bench.validate(alone)).toEqual({ ok: true });
    expect(await bench.validate(chained)).toEqual({ ok: true });
    const garbage: [string, string][] = [
      ["", "there is no configuration"],
      ["{", "the configuration is not strict JSON"],
      ['{"version":1}', "results: is missing"],
      [
        istioText((await wasmPlugin("auth")).pluginConfig),
        'results: must be "filterState": this module writes no request header',
      ],
    ];
    for (const [text, message] of garbage)
      expect(await bench.validate(withModuleText(alone, "rate-limit", text)), text).toMatchObject({
        ok: false,
        findings: expect.arrayContaining([expect.stringContaining(message)]),
      });
  });

  it("open the door if the callback is left out, which --mode validate does not notice", async () => {
    const open = alone.replace(/ +proxy_on_request_headers: \{\}\n/, "");
    expect(await bench.validate(open)).toEqual({ ok: true });
    const { url } = await serve(open);
    expect(times(200, await volley(url, QUOTA + 20, () => ({})))).toBe(QUOTA + 20);
  });
});

describe("a new configuration in a running Envoy", () => {
  const updates = async (envoy: RunningEnvoy, outcome: "success" | "rejected") => {
    const name = `listener_manager.lds.update_${outcome}`;
    return (await envoy.admin.stats(`^${name.replaceAll(".", "\\.")}$`)).get(name) ?? 0;
  };

  it("holds at once and keeps what was counted; one that is garbage changes nothing", async () => {
    const { text, put } = await watchedListeners(bench, alone);
    const { envoy, url } = await serve(text);
    expect(times(200, await volley(url, 30, () => ({})))).toBe(30);

    // A new text makes a new VM, and the counts stay with the vm_id: 30 calls at the old rate fill 45 minutes of the hour.
    const doubled = alone.replaceAll('"count": 40', '"count": 60').replaceAll('"burst": 40', '"burst": 60');
    await put(doubled.replace('StringValue, value: "1"', 'StringValue, value: "2"'));
    const policy = async () => (await request(url, { agent: new Agent() })).headers["ratelimit-policy"];
    await vi.waitFor(async () => expect(await policy()).toBe('"per-address";q=60;w=3600'), { timeout: 20_000 });
    const statuses = await volley(url, 100, () => ({}));
    expect(times(200, statuses)).toBeLessThanOrEqual(15);
    expect(times(200, statuses) + times(429, statuses)).toBe(100);

    const before = await updates(envoy, "rejected");
    await put(doubled.replace('"version": 1', '"version": 9'));
    await vi.waitFor(async () => expect(await updates(envoy, "rejected")).toBe(before + 1), { timeout: 20_000 });
    expect((await request(url)).status).toBe(429);
    expect((await request(`${url}/healthz`)).status).toBe(200);
  });
});

describe("the WasmPlugin", () => {
  it("names the digest of rate-limit.wasm", async () => {
    const digest = createHash("sha256")
      .update(await moduleBytes("rate-limit.wasm"))
      .digest("hex");
    for (const name of ["wasm-plugin.yaml", "README.md"]) {
      const path = join(folder, name);
      const text = await readFile(path, "utf8");
      const current = text.replace(/sha256: [0-9a-f]{64}/, `sha256: ${digest}`);
      if (UPDATING) await writeFile(path, current);
      else expect(text, `the digest in ${name} is old; npm run golden:update writes it anew`).toBe(current);
    }
    expect((await wasmPlugin("rate-limit")).sha256).toBe(digest);
  });
});
