import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { type RunningEnvoy, startEnvoy } from "../../compiler/runtime/process.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { requireEnvoy, standingOracle } from "../support/envoy.js";
import { request } from "../support/http.js";
import { openBench, watchedListeners } from "../support/lone-module.js";
import { startUpstream } from "../support/upstream.js";
import { gate } from "./support/behind.js";
import { clean } from "./support/clean.js";
import { bootstrapText, planOf } from "./support/serve.js";
import { until } from "./support/until.js";

// Another configuration comes while requests wait for what their tokens are.

const policy = (cache: string, timeout: string) => `apiVersion: sluice/v1
kind: Gateway
name: opaque
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
  idp: { endpoints: [127.0.0.1:9002] }
policies:
  known:
    authenticate:
      anyOf: [{ introspect: { service: idp, path: /introspect, client: env:IDP_CLIENT, secret: env:IDP_SECRET, timeout: ${timeout}, cache: ${cache} } }]
routes:
  - { name: known, match: { path: /** }, to: echo, apply: [known] }
`;
const textOf = (cache: string, timeout: string) =>
  bootstrapText(planOf(policy(cache, timeout)), { ...DEFAULT_OPTIONS, admin: undefined });
const answer = { headers: { "content-type": "application/json" }, body: '{"active":true}' };

/** Two workers before a service of tokens whose answers are held back. */
async function serve(drainSeconds: number, timeout = "20s") {
  const { script, open } = gate(answer);
  const idp = await startUpstream(script);
  clean.push(() => idp.close());
  const env = { IDP_CLIENT: "gateway", IDP_SECRET: "a secret of the gateway" };
  const bench = await openBench(["guard.wasm"], env, { 9002: idp.port });
  clean.push(() => bench.close());
  const { text, put } = await watchedListeners(bench, textOf("30s", timeout));
  const envoy = await startEnvoy({
    ...{ envoy: await requireEnvoy(), workDir: bench.workDir, env, concurrency: 2, drainSeconds },
    configText: text,
  });
  clean.push(() => envoy.stop());
  const [listener] = await envoy.listeners();
  const port = listener?.port ?? 0;
  return { envoy, port, open, idp, upstream: bench.upstream, update: () => put(textOf("31s", timeout)) };
}

/** A request, and the first line of what comes back: an empty one if the connection ends without. Envoy may keep it for some seconds behind its answer. */
function begin(port: number, token: string): { answered: Promise<string> } {
  const socket = connect(port, "127.0.0.1");
  socket.write(`GET /x HTTP/1.1\r\nhost: shop.test\r\nconnection: close\r\nauthorization: Bearer ${token}\r\n\r\n`);
  const answered = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (part: Buffer) => {
      text += part.toString("latin1");
      if (text.includes("\r\n")) resolve(text.split("\r\n")[0] ?? "");
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(""));
  });
  return { answered };
}

const waiting = async (envoy: RunningEnvoy) =>
  (await envoy.admin.stats("waiting\\.known\\.requests$")).get("wasmcustom.sluice.waiting.known.requests") ?? 0;
const stat = async (envoy: RunningEnvoy, name: string) => (await envoy.admin.stats(`^${name}$`)).get(name) ?? 0;

describe("a listener that is replaced while a hundred requests wait", () => {
  it("goes on with them when the answers come", async () => {
    const { envoy, port, open, update } = await serve(60);
    const calls = Array.from({ length: 100 }, (_, index) => begin(port, `token-${index}`));
    await until("all to wait", async () => (await waiting(envoy)) === 100);
    await update();
    await until("the update", async () => (await stat(envoy, "listener_manager.lds.update_success")) === 2);
    await until(
      "the old one to drain",
      async () => (await stat(envoy, "listener_manager.total_filter_chains_draining")) === 1,
    );
    open();
    expect(new Set(await Promise.all(calls.map(({ answered }) => answered)))).toEqual(new Set(["HTTP/1.1 200 OK"]));
    expect(await waiting(envoy)).toBe(0);
    expect(envoy.logText()).not.toMatch(/Uncaught|abort:|Unable to/);
    const [listener] = await envoy.listeners();
    const url = `http://127.0.0.1:${listener?.port}/x`;
    const oracle = await standingOracle(envoy);
    const headers = { authorization: "Bearer another" };
    await oracle.check({
      goodRequest: (agent) => request(url, { agent, headers }),
      secrets: ["a secret of the gateway"],
    });
  });

  it("answers 503 to those whose answers do not come in time", async () => {
    const { envoy, port, idp, upstream, update } = await serve(60, "3s");
    const calls = Array.from({ length: 100 }, (_, index) => begin(port, `token-${index}`));
    await until("all to be asked about", async () => idp.received.length === 100);
    await update();
    await until("the update", async () => (await stat(envoy, "listener_manager.lds.update_success")) === 2);
    expect(new Set(await Promise.all(calls.map(({ answered }) => answered)))).toEqual(
      new Set(["HTTP/1.1 503 Service Unavailable"]),
    );
    expect(await waiting(envoy)).toBe(0);
    expect(upstream.received).toEqual([]);
    expect(envoy.logText()).not.toMatch(/Uncaught|abort:|Unable to/);
  });

  it("and is gone before the answers come: nobody minds them", async () => {
    const { envoy, port, open, idp, upstream, update } = await serve(1);
    const calls = Array.from({ length: 100 }, (_, index) => begin(port, `token-${index}`));
    await until("all to wait", async () => (await waiting(envoy)) === 100);
    await update();
    // Where draining is over before the timeout is, Envoy cuts connections off, and no filter can answer on them any more: they get neither 200 nor 503,
    // and in no case what was not decided.
    expect(new Set(await Promise.all(calls.map(({ answered }) => answered)))).toEqual(new Set([""]));
    expect(upstream.received).toEqual([]);
    await until(
      "the old one to go",
      async () => (await stat(envoy, "listener_manager.total_filter_chains_draining")) === 0,
    );
    open();
    const [listener] = await envoy.listeners();
    const url = `http://127.0.0.1:${listener?.port}/x`;
    const headers = { authorization: "Bearer another" };
    await until("the new one", async () => (await request(url, { headers })).status === 200);
    expect(envoy.logText()).not.toMatch(/Uncaught|abort:|Unable to/);
    expect(upstream.received.length).toBeGreaterThan(0);
    expect(idp.received.length).toBeGreaterThan(0);
    const oracle = await standingOracle(envoy);
    await oracle.check({ goodRequest: (agent) => request(url, { agent, headers }) });
  });
});
