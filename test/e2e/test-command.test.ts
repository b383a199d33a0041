import { cpSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { type RunningCli, sluice, startSluice } from "./support/cli.js";

let folder: string;
let running: RunningCli | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-test-command-"));
  cpSync(join(packageRoot(), "examples/tenants"), folder, { recursive: true });
});
afterEach(async () => {
  await running?.clear();
  running = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function edit(file: string, from: string, to: string): Promise<void> {
  const path = join(folder, file);
  const text = await readFile(path, "utf8");
  expect(text).toContain(from);
  await writeFile(path, text.replace(from, to));
}

test("sluice test takes the current folder, and needs neither keys nor an Envoy", async () => {
  const { code, stdout, stderr } = await sluice(["test"], { cwd: folder, env: { SLUICE_ENVOY: "/nowhere" } });
  expect([code, stdout, stderr]).toEqual([0, "policy.test.yaml: 16 passed\n", ""]);
});

test("sluice test ends with 1 where a case fails, and with 3 where it is called in a wrong way", async () => {
  await edit("policy.test.yaml", "status: 401", "status: 402");
  const failed = await sluice(["test", "."], { cwd: folder });
  expect([failed.code, failed.stderr]).toEqual([1, ""]);
  expect(failed.stdout).toContain("status: expected 402, got 401");
  for (const wrong of [
    ["--engine", "both"],
    ["--format", "sarif"],
    ["--filter", "no such case"],
  ])
    expect((await sluice(["test", ...wrong], { cwd: folder })).code).toBe(3);
});

test("sluice test --watch runs again when the policy, what it includes, or a test changes", async () => {
  running = await startSluice(["test", "--watch"], { cwd: folder });
  await running.prints(/^policy\.test\.yaml: 16 passed\nwaiting for changes, Ctrl-C ends\n/);
  await edit("policy.test.yaml", "status: 401", "status: 402");
  await running.prints(/15 passed, 1 failed\n.*waiting for changes, Ctrl-C ends\n$/s);
  await edit("consumers.yaml", "acme-erp", "acme_erp");
  await running.reports(/consumers\.yaml:\d+:\d+: error SL\d+/);
  await edit("consumers.yaml", "acme_erp", "acme-erp");
  await edit("policy.test.yaml", "status: 402", "status: 401");
  await running.prints(/15 passed, 1 failed\n.*policy\.test\.yaml: 16 passed\nwaiting for changes, Ctrl-C ends\n$/s);
  running.signal("SIGINT");
  expect((await running.ended).code).toBe(0);
});
