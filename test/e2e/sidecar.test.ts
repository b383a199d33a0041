import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";
import { runLine } from "../documents/command.js";
import { requireEnvoy } from "../support/envoy.js";
import { request } from "../support/http.js";
import { startUpstream } from "../support/upstream.js";
import { passOnBoth } from "./support/on-both.js";
import { serve } from "./support/serve.js";
import { workplace } from "./support/workplace.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: sidecar
listeners:
  inbound: { address: 127.0.0.1:15006 }
  metrics: { address: 127.0.0.1:9090 }
  outbound: { address: 127.0.0.1:15001, direction: outbound }
services:
  app: { endpoints: [127.0.0.1:8080] }
  stats: { endpoints: [127.0.0.1:8081] }
  payments: { endpoints: [10.0.0.7:8080], hosts: [payments, Payments.Internal] }
  audit: { endpoints: [10.0.0.8:8080], hosts: ["*.audit.internal"] }
consumers:
  shop: { credentials: [{ apiKey: env:SHOP_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  reads: { authorize: { rules: [{ name: reads, allow: 'request.method == "GET"' }] } }
  calm: { rateLimit: { key: [request.host], rate: 2/hour } }
mandatory: { apply: [known], outbound: [calm] }
defaults: { outbound: [reads] }
routes:
  - { name: app, listeners: [inbound], match: { path: /** }, to: app }
  - { name: stats, listeners: [metrics], match: { path: /metrics }, to: stats }
  - { name: pay, listeners: [outbound], match: { host: payments, path: /pay, methods: [POST] }, to: payments, except: [reads] }
`;

const out = (host: string, path: string, more = "") =>
  `listener: outbound, request: { path: ${path}, host: ${host}${more} }`;

describe("each listener has its own routes and policies, on both engines", () => {
  test("what comes in", () =>
    passOnBoth(POLICY, [
      "as: shop, request: { path: /orders/7 }, expect: { status: 200, decidedBy: known, upstream: { service: app, headers: { x-consumer: shop } } }",
      "request: { path: /orders/7 }, expect: { status: 401, decidedBy: known, upstream: none }",
      "as: shop, listener: metrics, request: { path: /metrics }, expect: { status: 200, upstream: stats }",
      "listener: metrics, request: { path: /metrics }, expect: { status: 401, decidedBy: known, upstream: none }",
      "as: shop, listener: metrics, request: { path: /orders/7 }, expect: { status: 404, upstream: none }",
      "as: shop, request: { path: /metrics }, expect: { status: 200, upstream: app }",
      "as: shop, request: { path: /pay, host: payments, method: POST }, expect: { status: 200, upstream: app }",
    ]));

  test("what goes out", () =>
    passOnBoth(POLICY, [
      `${out("payments", "/7")}, expect: { status: 200, decidedBy: reads/reads, upstream: payments }`,
      `${out("PAYMENTS.internal:8080", "/7")}, expect: { status: 200, upstream: payments }`,
      `${out("eu.audit.internal", "/7")}, expect: { status: 200, upstream: audit }`,
      `${out("audit.internal", "/7")}, expect: { status: 404, upstream: none }`,
      `${out("payments", "/7", ", method: DELETE")}, expect: { status: 403, decidedBy: reads, upstream: none }`,
      `${out("payments", "/pay", ", method: POST")}, expect: { status: 200, decidedBy: calm, upstream: payments }`,
      `${out("payments.internal", "/pay", ", method: POST")}, expect: { status: 403, decidedBy: reads, upstream: none }`,
      `listener: outbound, steps: [
         { request: { path: /1, host: payments }, repeat: 2, expect: { status: 200 } },
         { request: { path: /3, host: payments }, expect: { status: 429, decidedBy: calm, upstream: none } },
         { request: { path: /1, host: nobody }, repeat: 2, expect: { status: 404 } },
         { request: { path: /3, host: nobody }, expect: { status: 429, decidedBy: calm, upstream: none } } ]`,
    ]));

  test("nothing leads past the policies of what comes in", () =>
    passOnBoth(POLICY, [
      `${out("app", "/orders/7")}, expect: { status: 404, upstream: none }`,
      `${out("127.0.0.1", "/orders/7")}, expect: { status: 404, upstream: none }`,
      `as: shop, ${out("localhost", "/metrics")}, expect: { status: 404, upstream: none }`,
    ]));
});

test("listeners of one gateway, side by side in one Envoy", async () => {
  const gateway = await serve(POLICY);
  try {
    const status = async (listener: string, path: string, headers: Record<string, string> = {}) =>
      (await request(gateway.url(path, listener), { headers })).status;
    const key = { "x-api-key": gateway.env.SHOP_KEY ?? "" };
    expect(await status("inbound", "/orders/7", key)).toBe(200);
    expect(await status("inbound", "/orders/7")).toBe(401);
    expect(await status("metrics", "/orders/7", key)).toBe(404);
    expect(await status("outbound", "/orders/7", { host: "payments" })).toBe(200);
    expect(await status("outbound", "/orders/7", { ...key, host: "app" })).toBe(404);
  } finally {
    await gateway.stop();
  }
});

describe("the example", () => {
  const place = workplace("sluice-sidecar-", "a rate\n");

  test("does what its page shows", async () => {
    const page = readFileSync(join(packageRoot(), "examples/sidecar/README.md"), "utf8");
    const [, shown = ""] = /^```text\n(\$ mkdir [^`]+)```$/m.exec(page) ?? [];
    const orders = await startUpstream(({ url }) => ({ body: url === "/orders/7" ? "order 7\n" : "not that" }));
    try {
      const text = readFileSync(join(packageRoot(), "examples/sidecar/policy.yaml"), "utf8")
        .replace("127.0.0.1:15006", "127.0.0.1:0")
        .replace("127.0.0.1:15001", "127.0.0.1:0")
        .replace("127.0.0.1:8080", orders.address)
        .replace("127.0.0.1:9001", place.upstream.address);
      await place.replace(text);
      const env = Object.fromEntries([...shown.matchAll(/(\w+_KEY)=(\S+)/g)].map(([, name, key]) => [name, key]));
      const cli = await place.run([], { env });
      const [, inbound = ""] = await cli.prints(/^inbound: (http:\/\/127\.0\.0\.1:\d+)$/m);
      const [, outbound = ""] = await cli.prints(/^outbound: (http:\/\/127\.0\.0\.1:\d+)$/m);
      await cli.prints(/^metrics: http:\/\/0\.0\.0\.0:9090, captured by inbound$/m);
      // The services are there, and it runs: what is left are calls and what came of them.
      const calls = [...shown.matchAll(/^\$ (curl .+)\n((?:(?!\$).+\n)+)/gm)];
      expect(calls).toHaveLength(shown.split("$ curl").length - 1);
      for (const [, call = "", answer] of calls) {
        const line = call.replace("http://127.0.0.1:15006", inbound).replace("http://127.0.0.1:15001", outbound);
        expect((await runLine(line, { cwd: place.folder, env: {} })).stdout, call).toBe(answer);
      }
    } finally {
      await orders.close();
    }
  });
});

test("what the kernel redirects is served by where it was meant to go", async () => {
  const folder = await mkdtemp(join(tmpdir(), "sluice-captured-"));
  try {
    const script = join(packageRoot(), "test/e2e/support/captured.mjs");
    const main = join(packageRoot(), "dist/compiler/cli/main.js");
    // Tools of the system's administrator are not always on the path of others.
    const PATH = `${process.env.PATH}:/usr/sbin:/sbin`;
    const env = { ...process.env, PATH, SLUICE_ENVOY: (await requireEnvoy()).path };
    const args = ["--user", "--map-root-user", "--net", process.execPath, script, folder, main];
    const result = await runCommand("unshare", args, { env, timeoutMs: 60_000 });
    expect(result).toMatchObject({ kind: "ended", code: 0 });
    expect(JSON.parse("stdout" in result ? result.stdout : "")).toEqual({
      known: { status: 200, text: "app 10.9.0.1:8080 /orders/7" },
      stranger: expect.objectContaining({ status: 401 }),
      metrics: { status: 200, text: "stats 10.9.0.1:9090 /metrics" },
      metricsOnly: expect.objectContaining({ status: 404 }),
      metricsDirectly: { error: "ECONNREFUSED" },
      payments: { status: 200, text: "payments payments.internal /pay" },
      paymentsByPort: { status: 200, text: "payments payments.internal:8443 /pay" },
      unknown: expect.objectContaining({ status: 404 }),
      past: expect.objectContaining({ status: 404 }),
      pastDirectly: expect.objectContaining({ status: 404 }),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
