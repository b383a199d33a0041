import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { checkText } from "../../compiler/index.js";
import { EmbeddedServer } from "../../compiler/runtime/embedded/server.js";
import { until } from "../e2e/support/until.js";
import { request } from "../support/http.js";
import { startUpstream, type Upstream } from "../support/upstream.js";
import { COLLECTOR, SENT, sender, sendingPolicy } from "./support/sender.js";

// A module that is told of the time and calls a service by itself, where requests are served: none of them notices.

let upstream: Upstream;
let collector: Upstream;
let server: EmbeddedServer | undefined;
beforeEach(async () => {
  upstream = await startUpstream({ body: "served" });
  collector = await startUpstream({ status: 202 });
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await upstream.close();
  await collector.close();
});

function planFor(address = collector.address) {
  const { plan } = checkText("policy.yaml", sendingPolicy({ one: upstream.address, collector: address }));
  if (plan === undefined) throw new Error("the policy has an error");
  return { plan, environment: {} };
}

async function serve(module: Uint8Array, address?: string): Promise<{ url: string; reports: string[] }> {
  const reports: string[] = [];
  const options = { modules: { guard: module }, report: (line: string) => void reports.push(line) };
  server = await EmbeddedServer.start(planFor(address), options);
  return { url: `http://127.0.0.1:${server.listeners()[0]?.port}`, reports };
}

async function isServed(url: string): Promise<void> {
  expect(await request(`${url}/any`)).toMatchObject({ status: 200, text: "served" });
}

function hasReported(reports: readonly string[], text: string): Promise<string> {
  return until(`a report with ${text}`, () => reports.find((line) => line.includes(text)));
}

describe("what a module sends", () => {
  it("goes out by the clock, without another request, and it hears of the answer", async () => {
    const { url, reports } = await serve(sender());
    await isServed(url);
    const [sent] = await until("a call", () => (collector.received.length > 0 ? collector.received : undefined));
    expect(sent).toMatchObject({ method: "POST", url: COLLECTOR.path, body: Buffer.from(SENT) });
    expect(sent?.values("host")).toEqual([COLLECTOR.service]);
    expect(sent?.values("content-type")).toEqual(["application/json"]);
    expect(sent?.values("content-length")).toEqual([String(SENT.length)]);
    expect(await hasReported(reports, ":status")).toContain("202");
    await isServed(url);
    await until("another call", () => collector.received.length === 2);
  });

  it("goes out when the server stops, and when another policy takes its place", async () => {
    const { url } = await serve(sender({ period: 3_600_000 }));
    await isServed(url);
    expect(await server?.replace(planFor())).toEqual({ kind: "accepted" });
    await until("a call", () => collector.received.length === 1);
    await isServed(url);
    await server?.stop();
    expect(collector.received).toHaveLength(2);
  });
});

describe("a service that does not answer disturbs no request", () => {
  it.each<[string, (collector: Upstream) => void | Promise<void>, string, timeout?: number]>([
    ["as it is not there", (one) => one.close(), "503"],
    ["as it has a fault", (one) => one.reply({ status: 500 }), "500"],
    ["as it breaks the connection", (one) => one.reply(() => Promise.reject(new Error("broken"))), "503"],
    ["as it takes too long", (one) => one.reply(() => new Promise(() => {})), "504", 50],
  ])("%s", async (_, prepare, status, timeout = 30_000) => {
    const { url, reports } = await serve(sender({ timeout }));
    await prepare(collector);
    await isServed(url);
    expect(await hasReported(reports, ":status")).toContain(status);
    await isServed(url);
  });
});
