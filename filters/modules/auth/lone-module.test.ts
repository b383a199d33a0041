import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  withModuleText,
} from "../../../test/support/lone-module.js";

// What README.md shows: auth.wasm alone, in an Envoy written by hand and as Istio would load it.

const folder = join(packageRoot(), "filters", "modules", "auth");
const keys = { ACME_KEY: "acme-key-of-this-test", GLOBEX_KEY: "globex-key-of-this-test" };
const secrets = Object.values(keys);

let bench: Bench;
let byHand = "";

beforeAll(async () => {
  bench = await openBench(["auth.wasm"], keys);
  byHand = await readFile(join(folder, "envoy.yaml"), "utf8");
});

afterAll(() => bench?.close());

const pluginSchema = z.object({
  spec: z.object({ sha256: z.string(), pluginConfig: z.record(z.string(), z.unknown()) }).loose(),
});

async function wasmPlugin() {
  return pluginSchema.parse(load(await readFile(join(folder, "wasm-plugin.yaml"), "utf8"))).spec;
}

describe.each(["by hand", "by Istio"])("auth.wasm, loaded %s", (how) => {
  let envoy: RunningEnvoy;
  let url = "";

  beforeAll(async () => {
    const text =
      how === "by hand" ? byHand : withModuleText(byHand, "auth", istioText((await wasmPlugin()).pluginConfig));
    ({ envoy, url } = await bench.serve(text));
  });

  afterAll(async () => {
    await envoy?.stop();
  });

  const get = (headers: Record<string, string | string[]>, method = "GET") =>
    request(`${url}/orders/7`, { method, headers });

  it("turns strangers away, and the service hears nothing", async () => {
    const oracle = await standingOracle(envoy);
    bench.upstream.clear();
    for (const headers of [{}, { "x-api-key": "guess" }, { "x-api-key": [keys.ACME_KEY, keys.ACME_KEY] }]) {
      const reply = await get(headers);
      expect(reply.status).toBe(401);
      expect(reply.headers["www-authenticate"]).toBe('ApiKey realm="shop"');
    }
    expect((await get({ "x-api-key": keys.GLOBEX_KEY }, "POST")).status).toBe(403);
    expect((await get({ "x-api-key": keys.ACME_KEY, x_consumer: "root" })).status).toBe(400);
    expect(bench.upstream.received).toEqual([]);
    await oracle.check({
      goodRequest: (agent) => request(url, { agent, headers: { "x-api-key": keys.ACME_KEY } }),
      secrets,
    });
  });

  it("tells the service who calls, and neither the key nor what the client claims", async () => {
    bench.upstream.clear();
    const claims = { "x-consumer": "root", "X-Consumer-Tier": "platinum", "x-consumer-groups": ["admin", "root"] };
    expect((await get({ ...claims, "x-api-key": keys.ACME_KEY }, "POST")).status).toBe(200);
    expect((await get({ ...claims, "x-api-key": keys.GLOBEX_KEY })).status).toBe(200);
    const identity = ["x-consumer", "x-consumer-tier", "x-consumer-groups", "x-api-key"];
    expect(bench.upstream.received.map((one) => identity.map((name) => one.values(name)))).toEqual([
      [["acme"], ["gold"], ["partners"], []],
      [["globex"], ["free"], [], []],
    ]);
  });

  it("counts what it decides", async () => {
    const name = "wasmcustom.sluice.authenticate.partners-only.denied";
    const before = (await envoy.admin.stats(`^${name}$`)).get(name) ?? 0;
    await get({});
    expect((await envoy.admin.stats(`^${name}$`)).get(name)).toBe(before + 1);
  });
});

describe("the configuration written by hand", () => {
  it("shows why no route may match what the module writes: Envoy matches again after it", async () => {
    const byTier =
      "{ match: { prefix: /, headers: [{ name: x-consumer-tier, string_match: { exact: gold } }] }, direct_response: { status: 418 } }";
    const config = byHand.replace("routes: [", `routes: [${byTier}, `);
    const { envoy, url } = await bench.serve(config);
    try {
      const statusFor = async (key: string) =>
        (await request(url, { headers: { "x-api-key": key, "x-consumer-tier": "gold" } })).status;
      expect([await statusFor("guess"), await statusFor(keys.GLOBEX_KEY), await statusFor(keys.ACME_KEY)]).toEqual([
        401, 200, 418,
      ]);
    } finally {
      await envoy.stop();
    }
  });

  it("takes keys out of the query and of cookies, and leaves the rest as it was", async () => {
    const places = '{ "apiKey": { "query": "api_key" } }, { "apiKey": { "cookie": "sid" } }';
    const config = byHand.replace(/\{ "apiKey": \{ "header": "x-api-key" \} \}/, places);
    expect(config).toContain(places);
    const { envoy, url } = await bench.serve(config);
    try {
      bench.upstream.clear();
      const ask = async (path: string, headers: Record<string, string> = {}) =>
        (await request(`${url}${path}`, { headers })).status;
      const key = keys.ACME_KEY;
      expect(await ask(`/orders/7?b=1&api%5Fkey=${key}&a`, { cookie: "b=2" })).toBe(200);
      expect(await ask("/orders/7?b=1", { cookie: `b=2; sid=${key}` })).toBe(200);
      expect(await ask("/orders/7", { cookie: `sid=${key}` })).toBe(200);
      expect(bench.upstream.received.map((one) => [one.url, one.values("cookie"), one.values("x-consumer")])).toEqual([
        ["/orders/7?b=1&a", ["b=2"], ["acme"]],
        ["/orders/7?b=1", ["b=2"], ["acme"]],
        ["/orders/7", [], ["acme"]],
      ]);
      expect(await ask(`/orders/7?api_key=${key}&api_key=${key}`)).toBe(401);
      expect(await ask(`/orders/7?api_key=${key}`, { cookie: `sid=${key}` })).toBe(401);
      expect(bench.upstream.received).toHaveLength(3);
    } finally {
      await envoy.stop();
    }
  });

  it("lets the module do what it imports and be called as it exports, and nothing else", async () => {
    expect(capabilitiesIn(byHand, "auth")).toEqual(await capabilitiesOf("auth.wasm"));
  });

  it("takes a version of 1, as Istio writes it, and not one of 1.0", async () => {
    const plugin = (await wasmPlugin()).pluginConfig;
    const verdict = (text: string) => bench.validate(withModuleText(byHand, "auth", text));
    // The number that YAML writes as 1.0 is the double 1, and its JSON text is 1.
    expect(istioText({ version: load("1.0") })).toBe('{"version":1}');
    expect(await verdict(istioText(plugin))).toEqual({ ok: true });
    expect(await verdict(istioText(plugin).replace('"version":1', '"version":1.0'))).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([expect.stringContaining("version: must be an integer")]),
    });
  });

  it("is refused where a variable is not set", async () => {
    expect(await bench.validate(byHand, { ACME_KEY: keys.ACME_KEY })).toMatchObject({
      ok: false,
      findings: expect.arrayContaining([expect.stringContaining("consumers[1].credentials[0].apiKey")]),
    });
  });
});

describe("the WasmPlugin", () => {
  it("names the digest of auth.wasm", async () => {
    const digest = createHash("sha256")
      .update(await moduleBytes("auth.wasm"))
      .digest("hex");
    for (const name of ["wasm-plugin.yaml", "README.md"]) {
      const path = join(folder, name);
      const text = await readFile(path, "utf8");
      const current = text.replace(/sha256: [0-9a-f]{64}/, `sha256: ${digest}`);
      if (UPDATING) await writeFile(path, current);
      else
        expect(
          text,
          `the digest in ${name} is old; UPDATE_GOLDEN=1 npx vitest run filters/modules/auth writes it anew`,
        ).toBe(current);
    }
    expect((await wasmPlugin()).sha256).toBe(digest);
  });
});
