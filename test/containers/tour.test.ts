import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stopsOf } from "../../compiler/cli/demo/tour.js";
import { packageRoot } from "../../compiler/cli/files.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { describeWithDocker } from "./daemon.js";
import { type EnvoyContainer, startCompiled } from "./envoy-container.js";

const keys = { ACME_KEY: "acme-key-of-containers", GLOBEX_KEY: "globex-key-of-containers" };

await describeWithDocker("the quickstart in a container", () => {
  let envoy: EnvoyContainer;
  let orders: Upstream;
  let reports: Upstream;

  beforeAll(async () => {
    orders = await startUpstream({ body: "orders" });
    reports = await startUpstream({ body: "reports" });
    const policy = await readFile(join(packageRoot(), "examples/quickstart/policy.yaml"), "utf8");
    const local = policy
      .replace("127.0.0.1:8080", "127.0.0.1:0")
      .replace("127.0.0.1:9001", orders.address)
      .replace("127.0.0.1:9002", reports.address);
    envoy = await startCompiled(local, keys);
  });
  afterAll(async () => {
    await envoy?.stop();
    await Promise.all([orders?.close(), reports?.close()]);
  });

  it("decides the requests of the tour as the tour says", async () => {
    const decided: string[] = [];
    for (const { method, path, headers, before = 0, status } of stopsOf(keys)) {
      const ask = () => envoy.judged(() => request(envoy.url(path), { method, headers }));
      for (let n = 0; n < before; n++) await ask();
      const { reply, decision } = await ask();
      expect({ path, status: reply.status }).toEqual({ path, status });
      decided.push(`${decision.status} ${decision.route} ${decision.decision}`);
    }
    expect(decided).toEqual([
      "401 orders partners-only denied no-credential",
      "200 orders orders-access/readers allowed rule",
      "403 orders orders-access/no-writes-on-free denied rule",
      "403 reports finance-only denied otherwise",
      "429 orders per-partner denied quota-exceeded",
      "405 sluice:method-not-allowed sluice allowed no-policy",
    ]);
    const [first] = orders.received;
    const seen = ["x-consumer", "x-consumer-tier", "x-consumer-groups", "x-api-key"].map((name) => first?.values(name));
    expect(seen).toEqual([["acme"], ["gold"], ["partners,finance"], []]);
    expect(orders.received.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(6).fill("GET /orders/7"));
    expect(reports.received).toEqual([]);
  });

  it("serves the service that the group may read, and shows no key", async () => {
    const reply = await request(envoy.url("/reports/q3"), { headers: { "x-api-key": keys.ACME_KEY } });
    expect([reply.status, reply.text]).toEqual([200, "reports"]);
    const shown = [envoy.output(), ...(await Promise.all(["/config_dump", "/stats"].map(text)))];
    for (const key of Object.values(keys)) expect(shown.some((one) => one.includes(key))).toBe(false);
  });

  const text = async (path: string) => (await envoy.admin.get(path)).text;
});
