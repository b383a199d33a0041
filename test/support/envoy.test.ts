import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningEnvoy, startEnvoy } from "../../compiler/runtime/process.js";
import { listener, staticBootstrap, strictModule } from "./bootstrap.js";
import { requireEnvoy, standingOracle } from "./envoy.js";
import { rawRequest, request } from "./http.js";

let workDir: string;

beforeAll(async () => {
  workDir = await mkdtemp(join(tmpdir(), "sluice-oracle-"));
  await writeFile(join(workDir, "strict.wasm"), strictModule());
});
afterAll(() => rm(workDir, { recursive: true, force: true }));

interface Subject {
  envoy: RunningEnvoy;
  port: number;
  goodRequest: (agent: Agent) => Promise<{ status: number }>;
}

async function withEnvoy(act: (subject: Subject) => Promise<void>): Promise<void> {
  const configText = staticBootstrap(listener({ wasm: { file: "strict.wasm", configuration: "key=open-sesame" } }));
  const envoy = await startEnvoy({ envoy: await requireEnvoy(), workDir, concurrency: 2, configText });
  try {
    const [{ port } = { port: 0 }] = await envoy.listeners();
    await act({ envoy, port, goodRequest: (agent) => request(`http://127.0.0.1:${port}/`, { agent }) });
  } finally {
    await envoy.stop();
  }
}

describe("the standing oracle", () => {
  it("holds for a healthy proxy, and makes 20 requests on each worker", () =>
    withEnvoy(async ({ envoy, goodRequest }) => {
      const oracle = await standingOracle(envoy);
      let count = 0;
      await oracle.check({
        secrets: ["not-there"],
        goodRequest: (agent) => {
          count += 1;
          return goodRequest(agent);
        },
      });
      expect(count).toBeGreaterThanOrEqual(40);
    }));

  it("names a trap by its log line and by the worker that serves no more", () =>
    withEnvoy(async ({ envoy, port, goodRequest }) => {
      const oracle = await standingOracle(envoy);
      const many = Array.from({ length: 40 }, (_, n): [string, string] => [`x-${n}`, "1"]);
      const reply = await rawRequest({ port }, { target: "/", headers: [["host", "a"], ...many] });
      expect(reply.status).toBe(503);
      await expect(oracle.check({ goodRequest })).rejects.toThrow(/good request.* got 503\n- .*Uncaught/s);
    }));

  it("names the place of a secret without printing it", () =>
    withEnvoy(async ({ envoy, goodRequest }) => {
      const oracle = await standingOracle(envoy);
      const fault = await oracle
        .check({ secrets: ["other", "open-sesame"], goodRequest })
        .catch((error: Error) => error);
      expect(String(fault)).toContain("secret number 2 is in /config_dump");
      expect(String(fault)).not.toContain("open-sesame");
    }));

  it("looks at what clients are answered, in headers and in bodies, and at nothing from before", () =>
    withEnvoy(async ({ envoy, port, goodRequest }) => {
      const send = (target: string) => rawRequest({ port }, { target, headers: [["host", "a"]] });
      const before = await send("/");
      expect(before.values("server")).toEqual(["envoy"]);
      const oracle = await standingOracle(envoy);
      await oracle.check({ secrets: ["date\nnever"], goodRequest });
      const fault = (secrets: string[], answers: string[] = []) =>
        oracle.check({ secrets, answers, goodRequest }).then(() => "none", String);
      expect(await fault(["server\nenvoy"])).toContain("secret number 1 is in a reply");
      expect(await fault([before.text])).toContain("secret number 1 is in a reply");
      expect(await fault(["elsewhere"], ["found elsewhere"])).toContain("secret number 1 is in a reply");
    }));

  it("does not hold when a good request is not answered by 200", () =>
    withEnvoy(async ({ envoy }) => {
      const oracle = await standingOracle(envoy);
      const refused = oracle.check({ goodRequest: () => Promise.reject(new Error("connection refused")) });
      await expect(refused).rejects.toThrow("connection refused");
    }));
});
