import { describe, expect, it } from "vitest";
import { type RunningEnvoy, startEnvoy } from "../../compiler/runtime/process.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { requireEnvoy } from "../support/envoy.js";
import { type RawReply, rawRequest } from "../support/http.js";
import { openBench, watchedListeners } from "../support/lone-module.js";
import { clean } from "./support/clean.js";
import { bootstrapText, planOf } from "./support/serve.js";
import { until } from "./support/until.js";

// Another configuration comes, and with it other VMs: what was counted before counts on.

/** @param version told by a route of its own, with a limit that is another one */
const policy = (version: number) => `apiVersion: sluice/v1
kind: Gateway
name: counted
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
policies:
  one: { rateLimit: { key: [source.ip], rate: 3/day } }
  several: { rateLimit: { rate: [1000/hour, 3/day], shared: true } }
  dear: { rateLimit: { rate: 10/day, cost: { response: "response.status == 200 ? 8 : 0" } } }
  often: { rateLimit: { rate: ${version}000/second } }
routes:
  - { name: one, match: { path: /one }, to: echo, apply: [one] }
  - { name: several, match: { path: /several }, to: echo, apply: [several] }
  - { name: dear, match: { path: /dear }, to: echo, apply: [dear] }
  - { name: version, match: { path: /version }, respond: { status: 200, body: "${version}" }, apply: [often] }
`;
const textOf = (version: number) => bootstrapText(planOf(policy(version)), { ...DEFAULT_OPTIONS, admin: undefined });

async function serve(): Promise<{
  send: (target: string, headers?: [string, string][]) => Promise<RawReply>;
  update: () => Promise<void>;
  envoy: RunningEnvoy;
}> {
  const bench = await openBench(["guard.wasm"], {});
  clean.push(() => bench.close());
  const { text, put } = await watchedListeners(bench, textOf(1));
  const envoy = await startEnvoy({
    ...{ envoy: await requireEnvoy(), workDir: bench.workDir, concurrency: 2, drainSeconds: 1 },
    configText: text,
  });
  clean.push(() => envoy.stop());
  const send = async (target: string, headers: [string, string][] = []) => {
    const [listener] = await envoy.listeners();
    return rawRequest(
      { port: listener?.port ?? 0 },
      { target, headers: [["host", "shop.test"], ...headers, ["connection", "close"]] },
    );
  };
  const update = async () => {
    await put(textOf(2));
    await until("the update", async () => (await send("/version")).text === "2" || undefined);
  };
  return { send, update, envoy };
}

describe("limits", () => {
  it("hold over an update, in VMs that were not there before", async () => {
    const { send, update, envoy } = await serve();
    const statuses = async (target: string, times: number) => {
      const all: number[] = [];
      for (let n = 0; n < times; n++) all.push((await send(target)).status);
      return all;
    };
    expect(await statuses("/one", 4)).toEqual([200, 200, 200, 429]);
    expect(await statuses("/several", 2)).toEqual([200, 200]);
    expect(await statuses("/dear", 2)).toEqual([200, 200]);
    const created = async () =>
      (await envoy.admin.stats("^wasm.envoy.wasm.runtime.v8.created$")).get("wasm.envoy.wasm.runtime.v8.created") ?? 0;
    const before = await created();
    await update();
    expect(await created()).toBeGreaterThan(before);
    expect(await statuses("/one", 2)).toEqual([429, 429]);
    expect(await statuses("/several", 2)).toEqual([200, 429]);
    // It owes what the last answer said.
    expect(await statuses("/dear", 1)).toEqual([429]);
    expect(envoy.logText()).not.toMatch(/Uncaught|abort:|Unable to/);
  });

  it("by address are those of the connection, whatever a client says of who sent it", async () => {
    const { send } = await serve();
    const lies: [string, string][][] = [
      [["x-forwarded-for", "203.0.113.1"]],
      [["x-forwarded-for", "203.0.113.2, 203.0.113.3"]],
      [
        ["x-envoy-external-address", "203.0.113.4"],
        ["forwarded", "for=203.0.113.5"],
        ["x-real-ip", "203.0.113.6"],
      ],
      [["x-forwarded-for", ""]],
    ];
    const replies = [];
    for (const headers of lies) replies.push((await send("/one", headers)).status);
    expect(replies).toEqual([200, 200, 200, 429]);
  });
});
