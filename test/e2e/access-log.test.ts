import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import type { GatewayPlan } from "../../compiler/plan/plan.js";
import { accessLogLine } from "../../compiler/runtime/embedded/access-log.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { request } from "../support/http.js";
import { bootstrapText, type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// Access logs that a policy asks for, as a real Envoy writes them.

const folder = mkdtempSync(join(tmpdir(), "sluice-access-log-"));
const file = (listener: string) => join(folder, `${listener}.jsonl`);

/** The condition of each listener. */
const WHEN = {
  refused: "response.status >= 400 && response.status < 500",
  "not-refused": "!(response.status >= 400)",
  some: "response.status in [404, 429]",
  exact: "200 == response.status",
  slow: 'response.duration > duration("1h")',
  quick: 'response.duration <= duration("1h")',
  gets: 'request.method != "POST"',
  debugged: 'has(request.headers["x-debug"]) && request.headers["x-debug"].startsWith("on")',
  other: 'request.headers["x-debug"] != "off"',
  either: 'request.headers["x-debug"] in ["1", "2"] || !(request.headers["x-debug"].endsWith("e"))',
  quiet: '!has(request.headers["x-debug"])',
} as const;

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: logged
listeners:
  public: { address: "127.0.0.1:8080", accessLog: { to: ${file("public")} } }
  printed: { address: "127.0.0.1:8081", accessLog: { to: stdout } }
  never: { address: "127.0.0.1:8082", accessLog: { to: ${file("never")}, sample: 0% } }
  silent: { address: "127.0.0.1:8083" }
${Object.entries(WHEN)
  .map(
    ([name, when], index) =>
      `  ${name}: { address: "127.0.0.1:${9000 + index}", accessLog: { to: ${file(name)}, when: '${when}', sample: 100% } }`,
  )
  .join("\n")}
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  readers: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
routes:
  - { name: echo, match: { path: /echo }, to: echo, apply: [known, readers] }
  - { name: health, match: { path: /healthz }, respond: { status: 200 } }
`;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await serve(POLICY);
});
afterAll(async () => {
  await gateway?.stop();
  rmSync(folder, { recursive: true });
});

const line = z.record(z.string(), z.union([z.string(), z.number(), z.null()]));

function linesOf(listener: string) {
  return readFileSync(file(listener), "utf8")
    .split("\n")
    .filter((text) => text !== "")
    .map((text) => line.parse(JSON.parse(text)));
}

test("a line has who called, what was decided, how long and how much, and nothing secret", async () => {
  const key = gateway.env.ACME_KEY ?? "";
  const body = "0123456789";
  const headers = { "x-api-key": key };
  expect((await gateway.send(`/echo?key=${key}`, { headers })).status).toBe(200);
  expect((await gateway.send(`/echo?key=${key}`, { method: "POST", body, headers })).status).toBe(403);
  const lines = await until("both lines", () => {
    const found = linesOf("public");
    return found.length === 2 && found;
  });
  expect(lines[0]).toEqual({
    request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    method: "GET",
    status: 200,
    route: "echo",
    decision: "readers/get allowed rule",
    consumer: "acme",
    time: expect.stringMatching(/^20\d\d-\d\d-\d\dT.*Z$/),
    listener: "public",
    protocol: "HTTP/1.1",
    service: "echo",
    endpoint: `127.0.0.1:${gateway.upstream("echo").port}`,
    attempts: 1,
    flags: "-",
    duration_ms: expect.any(Number),
    first_byte_ms: expect.any(Number),
    bytes_received: 0,
    bytes_sent: "echo".length,
  });
  expect(lines[1]).toMatchObject({
    status: 403,
    decision: "readers denied otherwise",
    endpoint: null,
    attempts: 0,
    method: "POST",
  });
  expect(readFileSync(file("public"), "utf8")).not.toContain(key);
  expect(readFileSync(file("public"), "utf8")).not.toContain("key=");
});

test("the embedded host's lines have no member that these have not", () => {
  const embedded = accessLogLine(
    { requestId: undefined, method: "GET", status: 200, route: "echo", operation: undefined, notes: {} },
    { shadowed: false, converts: false, traces: false },
  );
  const [first = {}] = linesOf("public");
  expect(Object.keys(first)).toEqual(expect.arrayContaining(Object.keys(line.parse(JSON.parse(embedded)))));
});

test("a log that the policy alone asks for has the guard tell what it shows", () => {
  const told = (plan: GatewayPlan) => {
    const found = bootstrapText(plan, DEFAULT_OPTIONS).matchAll(
      /"name":"(?:\*","as":")?echo","run":\[[^\]]*\],"tell":\[([^\]]*)\]/g,
    );
    return [...new Set([...found].map(([, results]) => results))];
  };
  expect(told(gateway.plan)).toEqual(['"consumer","decision","tier"']);
  const listeners = gateway.plan.listeners.map(({ accessLog: _, ...listener }) => listener);
  expect(told({ ...gateway.plan, listeners })).toEqual(['"consumer","tier"']);
});

test("standard output takes the same line", async () => {
  expect((await request(gateway.url("/healthz", "printed"))).status).toBe(200);
  const text = await until("a line", () =>
    gateway.envoy.output
      .text()
      .split("\n")
      .find((one) => one.startsWith("{")),
  );
  expect(line.parse(JSON.parse(text))).toMatchObject({ listener: "printed", route: "health", status: 200 });
});

test("conditions hold as they are written, and unknown is not true", async () => {
  const requests = [
    { path: "/healthz", method: "GET" },
    { path: "/healthz", method: "POST", debug: "on" },
    { path: "/healthz", method: "GET", debug: "off" },
    { path: "/nowhere", method: "GET", debug: "1" },
    { path: "/echo", method: "GET", debug: "fine" },
  ];
  for (const listener of [...Object.keys(WHEN), "never"])
    for (const { path, method, debug } of requests)
      await request(gateway.url(path, listener), { method, headers: debug === undefined ? {} : { "x-debug": debug } });
  const numbers: Record<keyof typeof WHEN, number[]> = {
    refused: [3, 4],
    "not-refused": [0, 1, 2],
    some: [3],
    exact: [0, 1, 2],
    slow: [],
    quick: [0, 1, 2, 3, 4],
    gets: [0, 2, 3, 4],
    debugged: [1],
    other: [1, 3, 4],
    either: [1, 2, 3],
    quiet: [0],
  };
  const statuses = [200, 200, 200, 404, 401];
  const wanted = Object.entries(numbers).map(([listener, chosen]) => [
    listener,
    chosen.map((number) => `${requests[number]?.method} ${statuses[number]}`).toSorted(),
  ]);
  const written = () =>
    Object.keys(WHEN).map((listener) => [
      listener,
      linesOf(listener)
        .map(({ method, status }) => `${method} ${status}`)
        .toSorted(),
    ]);
  const total = Object.values(numbers).flat().length;
  await until("all lines", () => Object.keys(WHEN).flatMap(linesOf).length >= total);
  expect(written()).toEqual(wanted);
  expect(linesOf("never")).toEqual([]);
});
