import { afterEach, describe, expect, test } from "vitest";
import { request } from "../support/http.js";
import { isAlive, isOpen, type RunningCli, sluice, startSluice } from "./support/cli.js";
import { until } from "./support/until.js";

describe("demo --once", () => {
  test("shows an answer of each kind, with the policy that gave it, and ends", async () => {
    const { code, stdout, stderr } = await sluice(["demo", "--once"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    const answers = [...stdout.matchAll(/^ {2}(\d{3}), decided by (.*)$/gm)].map(([, status, by]) => `${status} ${by}`);
    expect(answers).toEqual([
      "401 partners-only (denied: no-credential)",
      "200 orders-access/readers (allowed: rule)",
      "403 orders-access/no-writes-on-free (denied: rule)",
      "403 finance-only (denied: otherwise)",
      "429 per-partner (denied: quota-exceeded)",
      "405 the route alone, which runs no policy",
    ]);
    expect(stdout).toContain(
      "the service saw x-consumer: acme, x-consumer-groups: partners,finance, x-consumer-tier: gold, no x-api-key",
    );
    expect(stdout).toMatch(/^ {4}retry-after: [1-9]\d*$/m);
  });

  test("leaves neither processes nor files", async () => {
    const demo = await startSluice(["demo", "--once"]);
    try {
      const envoy = await until("a child process", () => demo.children()[0]);
      await demo.ended;
      expect(isAlive(envoy)).toBe(false);
      expect(await demo.leftovers()).toEqual([]);
    } finally {
      await demo.clear();
    }
  });
});

describe("demo", () => {
  let demo: RunningCli | undefined;
  afterEach(async () => {
    await demo?.clear();
    demo = undefined;
  });

  async function serving(): Promise<{
    demo: RunningCli;
    envoy: number;
    adminUrl: string;
    curls: { url: string; key?: string }[];
  }> {
    const started = await startSluice(["demo"]);
    demo = started;
    await started.prints(/^Ctrl-C ends$/m);
    const [, adminUrl = ""] = await started.prints(/^admin: (\S+)$/m);
    const curls = [...started.stdout().matchAll(/^ {2}curl -i (?:-H 'x-api-key: (\S+)' )?(http:\S+)$/gm)].map(
      ([, key, url = ""]) => ({
        url,
        ...(key === undefined ? {} : { key }),
      }),
    );
    const [envoy = 0, ...others] = started.children();
    expect(others).toEqual([]);
    return { demo: started, envoy, adminUrl, curls };
  }

  test("goes on serving, and prints commands that work", async () => {
    const { adminUrl, curls } = await serving();
    const statuses: string[] = [];
    for (const { url, key } of curls) {
      const { status } = await request(url, key === undefined ? {} : { headers: { "x-api-key": key } });
      statuses.push(`${new URL(url).pathname} ${key?.replace(/-.*/, "") ?? "nobody"} ${status}`);
    }
    // globex has spent its budget in the tour.
    expect(statuses).toEqual([
      "/healthz nobody 200",
      "/orders/7 nobody 401",
      "/orders/7 acme 200",
      "/reports/q3 acme 200",
      "/orders/7 globex 429",
      "/reports/q3 globex 403",
    ]);
    const stats = await request(`${adminUrl}/stats?filter=sluice`);
    expect(stats.text).toMatch(/wasmcustom\.sluice\.authenticate\.partners-only\.allowed: [1-9]/);
  });

  test.each([
    ["SIGINT", "alone"],
    ["SIGTERM", "alone"],
    ["SIGINT", "with its children, as from a terminal"],
  ] as const)("%s %s ends it, Envoy and its servers", async (signal, whom) => {
    const { demo: running, envoy, adminUrl, curls } = await serving();
    const ports = [adminUrl, curls[0]?.url ?? ""].map((url) => Number(new URL(url).port));
    expect(await Promise.all(ports.map(isOpen))).toEqual([true, true]);
    if (whom === "alone") running.signal(signal);
    else running.signalGroup(signal);
    const { code, stderr } = await running.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(isAlive(envoy)).toBe(false);
    expect(await Promise.all(ports.map(isOpen))).toEqual([false, false]);
    expect(await running.leftovers()).toEqual([]);
  });
});
