import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { packageRoot } from "../files.js";
import { initCommand } from "./init.js";
import { type TestOptions, testCommand } from "./test.js";

let folder = "";
let stdout = "";
let stderr = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-test-"));
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function run(paths: readonly string[], options: Partial<TestOptions> = {}): Promise<number> {
  return testCommand(paths, { format: "text", engine: "embedded", ...options });
}

/** The quickstart in the folder, its tests with something else in the place of a text. */
function quickstart(from = "", to = ""): string {
  cpSync(join(packageRoot(), "examples/quickstart"), folder, { recursive: true });
  const tests = join(folder, "policy.test.yaml");
  const text = readFileSync(tests, "utf8");
  expect(text).toContain(from);
  writeFileSync(tests, text.replace(from, to));
  return tests;
}

const document = z.object({
  summary: z.record(z.string(), z.number()),
  files: z.array(z.object({ path: z.string(), cases: z.array(z.object({ outcome: z.string() }).loose()) })),
});

describe("sluice test", () => {
  it("passes all examples", async () => {
    expect(await run([join(packageRoot(), "examples")])).toBe(0);
    expect(stdout).toMatch(
      /partners\/policy\.test\.yaml: \d+ passed\n.*quickstart\/policy\.test\.yaml: \d+ passed\n.*sidecar\/policy\.test\.yaml: \d+ passed\n.*soap-bridge\/policy\.test\.yaml: \d+ passed\n.*tenants\/policy\.test\.yaml: \d+ passed\n.*tiers\/policy\.test\.yaml: \d+ passed\n.*tracing\/policy\.test\.yaml: \d+ passed\n.*zero-trust-api\/policy\.test\.yaml: \d+ passed\n\d+ files: \d+ passed\n$/,
    );
    expect(stderr).toBe("");
  });

  it("passes what init writes", async () => {
    await initCommand(folder);
    stdout = "";
    expect(await run([folder])).toBe(0);
    expect(stdout).toBe(`${join(folder, "policy.test.yaml")}: 6 passed\n`);
  });

  it("shows what failed, at the expectation, with what became of the request", async () => {
    const tests = quickstart("status: 403, decidedBy: finance-only,", "status: 404, decidedBy: finance-only,");
    expect(await run([tests])).toBe(1);
    expect(stdout).toContain("policy.test.yaml: 16 passed, 1 failed\n");
    expect(stdout).toMatch(/^\S+policy\.test\.yaml:\d+:\d+: failed: and for nobody else$/m);
    expect(stdout).toMatch(/\| +expect: \{ status: 404, .*\n +\| +\^\^\^\n +status: expected 404, got 403\n/);
    expect(stdout).toMatch(/^ +route +reports {2}\S+policy\.yaml:\d+:\d+$/m);
    expect(stdout).toMatch(/^ +decision +finance-only denied /m);
  });

  it("gives the same as JSON and as JUnit", async () => {
    const tests = quickstart("status: 401", "status: 402");
    expect(await run([tests], { format: "json" })).toBe(1);
    const { summary, files } = document.parse(JSON.parse(stdout));
    expect(summary).toEqual({ passed: 16, failed: 1, notRun: 0 });
    expect(files.map(({ path }) => path)).toEqual([tests]);
    const failed = files.flatMap(({ cases }) => cases).filter(({ outcome }) => outcome === "failed");
    expect(failed).toMatchObject([
      { failure: { differences: [{ place: `${tests}:18:63`, what: "status", expected: "402", actual: "401" }] } },
    ]);
    stdout = "";
    expect(await run([tests], { format: "junit" })).toBe(1);
    expect(stdout).toContain('<testsuites name="sluice test" tests="17" failures="1" skipped="0">');
    expect(stdout).toContain('<failure message="status: expected 402, got 401">');
    expect(stdout.match(/<testcase /g)).toHaveLength(17);
    expect(stdout.match(/<\/testcase>/g)).toHaveLength(1);
  });

  it("runs the cases that have a text in their names, and says if there are none", async () => {
    const tests = quickstart();
    expect(await run([tests], { filter: "free tier" })).toBe(0);
    expect(stdout).toContain(": 2 passed\n");
    await expect(run([tests], { filter: "no such" })).rejects.toThrow('no case has "no such" in its name');
  });

  it("lists what is for a real Envoy, and does not count it as passed", async () => {
    const tests = quickstart("    request: { path: /healthz }", "    engine: envoy\n    request: { path: /healthz }");
    expect(await run([tests])).toBe(0);
    expect(stdout).toContain(": 16 passed, 1 not run\n  not run, needs a real Envoy: anybody may ask");
    stdout = "";
    expect(await run([tests], { format: "junit" })).toBe(0);
    expect(stdout).toContain('skipped="1"');
  });

  it("names routes, policies and rules that no case exercises", async () => {
    quickstart();
    expect(await run([folder], { coverage: true })).toBe(0);
    expect(stdout).toContain("covered: 3 of 3 routes, 4 of 4 policies, 4 of 4 rules\n");
    stdout = "";
    expect(await run([folder], { coverage: true, filter: "gold tier" })).toBe(0);
    expect(stdout).toContain("covered: 1 of 3 routes, 3 of 4 policies, 1 of 4 rules\n");
    expect(stdout).toMatch(/^ {2}\S+policy\.yaml:\d+:\d+: no case exercises the route health$/m);
    expect(stdout).toContain("no case exercises the policy finance-only\n");
    expect(stdout).toContain("no case exercises the rule orders-access/readers\n");
  });

  it.each([
    ["a name that the policy does not have", "as: globex", "as: globes", "no consumer is named `globes`"],
    ["what is no YAML", "cases:", "cases: [", "not valid YAML"],
    ["a policy that is not there", "policy: policy.yaml", "policy: polcy.yaml", "did you mean `policy.yaml`?"],
  ])("runs nothing where there is an error: %s", async (_what, from, to, message) => {
    const tests = quickstart(from, to);
    expect(await run([tests])).toBe(1);
    expect(stdout).toBe("");
    expect(stderr).toContain(message);
  });

  it("tells the errors of the policy at their own places", async () => {
    const tests = quickstart();
    const policy = join(folder, "policy.yaml");
    writeFileSync(policy, readFileSync(policy, "utf8").replace("auth.tier ==", "auth.teir =="));
    expect(await run([tests])).toBe(1);
    expect(stderr).toMatch(/policy\.yaml:\d+:\d+: error SL\d+/);
    expect(stdout).toBe("");
  });

  it("says what it cannot do", async () => {
    await expect(run(["nowhere.test.yaml"])).rejects.toThrow("no such file or folder");
    mkdirSync(join(folder, "empty"));
    await expect(run([join(folder, "empty")])).rejects.toThrow("holds no .test.yaml file");
    quickstart();
    await expect(run([join(folder, "policy.yaml")])).rejects.toThrow("no file of tests");
    await expect(run([folder], { coverage: true, format: "junit" })).rejects.toThrow(
      "--coverage has no place in JUnit",
    );
  });
});
