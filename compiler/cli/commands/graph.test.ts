import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
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

it("tells the findings of a policy with errors in place of a graph", async () => {
  const policy = join(folder, "policy.yaml");
  writeFileSync(policy, "apiVersion: sluice/v1\nkind: Gateway\nname: shop\n");
  expect(await graphCommand({ policy, format: "mermaid" })).toBe(1);
  expect(findings).toMatch(/error SL\d{4}: /);
  expect(printed).toBe("");
});
