import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listener, staticBootstrap } from "../../test/support/bootstrap.js";
import { requireEnvoy } from "../../test/support/envoy.js";
import { request } from "../../test/support/http.js";
import { drain } from "./drain.js";
import { type RunningEnvoy, startEnvoy } from "./process.js";

// Times are so long that a test is over in time only if nothing waits for them.
const FOREVER_MS = 600_000;
const never = new Promise<void>(() => {});
const nobody = { collectors: new Set<string>(), hurry: never };

let workDir: string;
let envoy: RunningEnvoy;
beforeEach(async () => {
  workDir = await mkdtemp(join(tmpdir(), "sluice-drain-"));
  const configText = staticBootstrap(listener({ body: "hello" }));
  envoy = await startEnvoy({ envoy: await requireEnvoy(), workDir, concurrency: 1, configText });
});
afterEach(async () => {
  await envoy.stop();
  await rm(workDir, { recursive: true, force: true });
});

async function url(): Promise<string> {
  const [{ port = 0 } = {}] = await envoy.listeners();
  return `http://127.0.0.1:${port}/`;
}

describe("a drain", () => {
  it("closes listeners, and is over when modules had their time and nothing is under way", async () => {
    const address = await url();
    expect((await request(address)).text).toBe("hello");
    await drain(envoy, { ...nobody, collectors: new Set(["collector"]), ticksMs: 1, longestMs: FOREVER_MS });
    await expect(request(address, { agent: new Agent() })).rejects.toThrow("ECONNREFUSED");
  });

  it("is over at once if somebody is in a hurry", async () => {
    await drain(envoy, { ...nobody, hurry: Promise.resolve(), ticksMs: FOREVER_MS, longestMs: FOREVER_MS });
  });

  it("takes no longer than it may", async () => {
    await drain(envoy, { ...nobody, ticksMs: FOREVER_MS, longestMs: 1 });
  });

  it("of an Envoy that ends, or has ended, is over", async () => {
    const over = drain(envoy, { ...nobody, ticksMs: FOREVER_MS, longestMs: FOREVER_MS });
    await envoy.stop();
    await over;
    await drain(envoy, { ...nobody, ticksMs: FOREVER_MS, longestMs: FOREVER_MS });
  });
});
