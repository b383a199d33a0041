import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { runCommand } from "../../compiler/runtime/command.js";
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

describe("demo without an Envoy", () => {
  /** None that is named, none to be found, and none that can be fetched. */
  const surroundings: [what: string, env: (folder: string) => Record<string, string | undefined>][] = [
    ["a SLUICE_ENVOY that is not there", () => ({ SLUICE_ENVOY: "/nowhere" })],
    [
      "an empty cache and no Python",
      (folder) => ({ SLUICE_ENVOY: undefined, PATH: "", SLUICE_CACHE: folder, SLUICE_PYTHON: "/nowhere" }),
    ],
  ];
  test.each(surroundings)("%s: says why, and shows the same tour in the embedded host", async (_, env) => {
    const folder = await mkdtemp(join(tmpdir(), "sluice-cache-"));
    try {
      const real = await sluice(["demo", "--once"]);
      const { code, stdout, stderr } = await sluice(["demo", "--once"], { env: env(folder) });
      expect(code).toBe(0);
      expect(stderr).toMatch(
        /^sluice: SLUICE_(ENVOY|PYTHON) names \/nowhere, .*\n {2}fix: .*\nsluice: going on without Envoy; .*no production proxy.*\n$/,
      );
      expect(stdout.split("\n")[0]).toBe("examples/quickstart/policy.yaml in the embedded host, without Envoy");
      expect(alike(stdout)).toEqual(alike(real.stdout));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("npm start goes on without one", async () => {
    const env = { ...process.env, SLUICE_ENVOY: "/nowhere" };
    const started = await runCommand("npm", ["start", "--", "--once"], { cwd: packageRoot(), env, timeoutMs: 50_000 });
    expect(started).toMatchObject({ code: 0, stderr: expect.stringContaining("going on without Envoy") });
  });

  test("goes on serving until it is told to end", async () => {
    const demo = await startSluice(["demo"], { env: { SLUICE_ENVOY: "/nowhere" } });
    try {
      await demo.prints(/^Ctrl-C ends$/m);
      const [, url = ""] = await demo.prints(/curl -i (http:\S+)\/healthz$/m);
      expect(await request(`${url}/healthz`)).toMatchObject({ status: 200, text: "ok\n" });
      expect(demo.stdout()).not.toContain("admin");
      expect(demo.children()).toEqual([]);
      demo.signal("SIGINT");
      expect(await demo.ended).toMatchObject({ code: 0 });
      expect(await isOpen(Number(new URL(url).port))).toBe(false);
      expect(await demo.leftovers()).toEqual([]);
    } finally {
      await demo.clear();
    }
  });

  /** Without the first line, the random keys, and the seconds, of which one may have passed. */
  function alike(stdout: string): string[] {
    return stdout
      .split("\n")
      .slice(1)
      .map((line) => line.replace(/(acme|globex)-[0-9a-f]{12}/g, "$1").replace(/(retry-after: |;t=)\d+/g, "$1"));
  }
});
