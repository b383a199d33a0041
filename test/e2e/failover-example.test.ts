import { type ChildProcess, spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { request } from "../support/http.js";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// What examples/failover/README.md says that is seen, with the endpoints that it starts.

const folder = join(packageRoot(), "examples", "failover");
const KEY = { "x-api-key": "a-key" };

const clean: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of clean.splice(0).toReversed()) await one();
});

/** The four endpoints on free ports, in the order of the policy. */
async function endpoints(): Promise<number[]> {
  const child: ChildProcess = spawn(process.execPath, [join(folder, "endpoints.mjs"), "0", "0", "0", "0"]);
  clean.push(() => child.kill());
  let said = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  return until("four endpoints", () => {
    const ports = [...said.matchAll(/endpoint at 127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
    return ports.length === 4 && ports;
  });
}

async function be(port: number | undefined, state: string): Promise<void> {
  expect((await request(`http://127.0.0.1:${port}/be/${state}`, { method: "POST" })).status).toBe(200);
}

/** Who answers so many reads. All of them are answered well. */
async function ask(gateway: Gateway, count: number): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (let n = 0; n < count; n++) {
    const { status, text } = await gateway.send("/orders/7", { headers: KEY });
    expect(status).toBe(200);
    found.set(Number(text), (found.get(Number(text)) ?? 0) + 1);
  }
  return found;
}

const held = { timeout: 30_000, interval: 200 };

test("reads go to this region while it is well, to the other one while it is not, and back", async () => {
  const [a, b, c, d] = await endpoints();
  const ports = new Map([
    ["9001", a],
    ["9002", b],
    ["9003", c],
    ["9004", d],
  ]);
  const text = (await readFile(join(folder, "policy.yaml"), "utf8")).replace(/900[1-4]/g, (port) =>
    String(ports.get(port)),
  );
  const gateway = await serve(text, { ownServices: true, env: { ACME_KEY: "a-key" } });
  clean.push(() => gateway.stop());
  const here = new Set([a, b]);
  const answered = async (by: readonly (number | undefined)[], count = 10) =>
    vi.waitFor(async () => expect(new Set((await ask(gateway, count)).keys())).toEqual(new Set(by)), held);

  await answered([a, b]);
  // A read never sees what fails; what keeps failing is left out.
  await be(a, "failing");
  expect([...(await ask(gateway, 20)).keys()].some((port) => here.has(port))).toBe(true);
  await vi.waitFor(async () => expect((await ask(gateway, 10)).get(a ?? 0)).toBeUndefined(), held);
  await be(a, "well");
  await answered([a, b]);

  await be(a, "sick");
  // Seven of ten stay, as Envoy has it; 200 are outside of these bounds once in some millions of times.
  await vi.waitFor(async () => {
    const found = await ask(gateway, 200);
    expect(found.get(a ?? 0)).toBeUndefined();
    expect(found.get(b ?? 0)).toBeGreaterThan(105);
    expect(found.get(b ?? 0)).toBeLessThan(175);
  }, held);
  await be(b, "sick");
  await answered([c, d]);
  await be(c, "sick");
  await be(d, "sick");
  await vi.waitFor(async () => {
    const { status, text: page } = await gateway.send("/orders/7", { headers: KEY });
    expect({ status, page }).toEqual({ status: 503, page: '{"message":"Try again in a minute."}' });
  }, held);
  // A stranger is told who he is not, whatever is well.
  expect((await gateway.send("/orders/7")).status).toBe(401);
  for (const port of [a, b, c, d]) await be(port, "well");
  await answered([a, b]);

  // One try has 900 ms, and the next one is elsewhere.
  await be(a, "slow");
  expect((await ask(gateway, 2)).get(a ?? 0)).toBeUndefined();
  await be(a, "well");

  // What is written is asked for once.
  await answered([a, b]);
  await be(a, "failing");
  const statuses: number[] = [];
  for (let n = 0; n < 4; n++) statuses.push((await gateway.send("/orders", { method: "POST", headers: KEY })).status);
  expect(statuses).toContain(500);
});
