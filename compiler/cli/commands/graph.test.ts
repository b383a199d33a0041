import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { UsageError } from "../exit.js";
import { packageRoot } from "../files.js";
import { graphCommand } from "./graph.js";

let folder = "";
let printed = "";
let findings = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-graph-"));
  printed = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    findings += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it("draws a policy in each format", async () => {
  const policy = join(packageRoot(), "examples/quickstart/policy.yaml");
  for (const [format, beginning] of [
    ["mermaid", "flowchart LR\n"],
    ["dot", 'digraph "shop" {\n'],
    ["json", '{\n  "version": 1,\n  "gateway": "shop",\n'],
  ] as const) {
    printed = "";
    expect(await graphCommand({ policy, format })).toBe(0);
    expect(printed.startsWith(beginning)).toBe(true);
  }
});

const SHOP = join(packageRoot(), "examples/quickstart/policy.yaml");

/** A file of spans: the gateway was asked once, and asked a service that its policy does not name. */
function spansFile(): string {
  const path = join(folder, "spans.json");
  const span = { traceId: "463ac35c9f6413ad48485a3953bb6124", duration: 2500, localEndpoint: { serviceName: "shop" } };
  const [server, client] = ["00000000000000a1", "00000000000000a2"];
  writeFileSync(
    path,
    JSON.stringify([
      { ...span, id: server, kind: "SERVER", name: "get /orders" },
      {
        ...span,
        id: client,
        parentId: server,
        kind: "CLIENT",
        name: "get billing",
        remoteEndpoint: { serviceName: "billing" },
      },
    ]),
  );
  return path;
}

it("draws traces in each format, and tells what differs from the policy", async () => {
  const traces = spansFile();
  for (const [format, wanted] of [
    ["mermaid", 'n1 ==>|"1 call<br/>0% errors<br/>p50 2.5 ms, p99 2.5 ms<br/>not in the policy"| '],
    [
      "dot",
      '"gateway" -> "other:billing" [label="1 call\\n0% errors\\np50 2.5 ms, p99 2.5 ms\\nnot in the policy", style=bold];',
    ],
    ["json", '"standing": "unplanned"'],
  ] as const) {
    [printed, findings] = ["", ""];
    expect(await graphCommand({ policy: SHOP, format, traces })).toBe(0);
    expect(printed).toContain(wanted);
    expect(findings).toMatch(/^sluice: in the policy, not in the traces: shop to \S+$/m);
    expect(findings).toMatch(/^sluice: in the traces, not in the policy: shop to billing \(1 call\)$/m);
  }
});

it("asks a Zipkin server for the traces of an hour, and says that there may be more", async () => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.end(readFileSync(spansFile()));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const traces = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  expect(await graphCommand({ policy: SHOP, format: "json", traces })).toBe(0);
  expect(findings).not.toContain("--limit");
  expect(await graphCommand({ policy: SHOP, format: "json", traces, limit: 1, lookback: 60_000 })).toBe(0);
  expect(findings).toContain("sluice: there may be more traces than the 1 of --limit\n");
  expect(asked).toEqual(["/api/v2/traces?lookback=3600000&limit=1000", "/api/v2/traces?lookback=60000&limit=1"]);
  server.closeAllConnections();
  server.close();
});

it.each([
  { limit: 5 },
  { lookback: 1000 },
  { limit: 5, traces: "spans.json" },
  { limit: 5, traces: "http://zipkin:9411/api/v2/traces" },
])("takes no question without a server to ask: %j", async (options) => {
  await expect(graphCommand({ policy: SHOP, format: "json", ...options })).rejects.toThrow(UsageError);
});

it("draws nothing of traces that cannot be read", async () => {
  await expect(graphCommand({ policy: SHOP, format: "json", traces: join(folder, "none.json") })).rejects.toThrow(
    /none\.json: no such file$/,
  );
  expect(printed).toBe("");
});

it("tells the findings of a policy with errors in place of a graph", async () => {
  const policy = join(folder, "policy.yaml");
  writeFileSync(policy, "apiVersion: sluice/v1\nkind: Gateway\nname: shop\n");
  expect(await graphCommand({ policy, format: "mermaid" })).toBe(1);
  expect(findings).toMatch(/error SL\d{4}: /);
  expect(printed).toBe("");
});
