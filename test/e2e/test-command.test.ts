import { cpSync, existsSync, readdirSync } from "node:fs";
import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { type RunningCli, sluice, startSluice } from "./support/cli.js";
import { until } from "./support/until.js";

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
  expect([code, stdout, stderr]).toEqual([0, "policy.test.yaml: 32 passed\n", ""]);
});

test("sluice test ends with 1 where a case fails, and with 3 where it is called in a wrong way", async () => {
  await edit("policy.test.yaml", "status: 401", "status: 402");
  const failed = await sluice(["test", "."], { cwd: folder });
  expect([failed.code, failed.stderr]).toEqual([1, ""]);
  expect(failed.stdout).toContain("status: expected 402, got 401");
  for (const wrong of [
    ["--engine", "lua"],
    ["--format", "sarif"],
    ["--filter", "no such case"],
  ])
    expect((await sluice(["test", ...wrong], { cwd: folder })).code).toBe(3);
});

test("sluice test --engine both finds that a real Envoy and the embedded host agree on all examples", async () => {
  const examples = join(packageRoot(), "examples");
  const { code, stdout, stderr } = await sluice(["test", ".", "--engine", "both"], { cwd: examples });
  expect([code, stderr]).toEqual([0, ""]);
  // Each file names the cases that an Envoy's clock cannot repeat, and runs the others there.
  const files = readdirSync(examples)
    .filter((name) => existsSync(join(examples, name, "policy.test.yaml")))
    .toSorted();
  const counts = stdout.matchAll(
    /^(.+)\/policy\.test\.yaml: (\d+) passed; (\d+) of \2 on Envoy\n((?: {2}embedded host only, .*\n)*)/gm,
  );
  const found = [...counts].map(([, folder, all, onEnvoy, notes = ""]) => ({
    folder,
    missing: Number(all) - Number(onEnvoy),
    listed: notes.split("\n").length - 1,
  }));
  expect(found.map(({ folder }) => folder)).toEqual(files);
  expect(found.map(({ listed }) => listed)).toEqual(found.map(({ missing }) => missing));
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "sluice test --engine both ends on %s, and leaves nothing behind",
  async (signal) => {
    const wait =
      "\n  - name: slow\n    steps: [{ request: { path: / }, expect: { status: 404 } }, { wait: 5s }, { request: { path: / } }]\n";
    await appendFile(join(folder, "policy.test.yaml"), wait);
    running = await startSluice(["test", ".", "--engine", "both", "--filter", "slow"], { cwd: folder });
    const { leftovers } = running;
    await until("an Envoy that runs", async () => (await leftovers()).some((name) => name.startsWith("sluice-envoy-")));
    running.signal(signal);
    expect((await running.ended).signal).toBe(signal);
    expect(await leftovers()).toEqual([]);
  },
);

test("sluice test --engine envoy runs what needs one, and says how to get one where there is none", async () => {
  await edit(
    "policy.test.yaml",
    "    request: { path: /tenants/acme/invoices }\n",
    "    engine: envoy\n    request: { path: /tenants/acme/invoices }\n",
  );
  const embedded = await sluice(["test"], { cwd: folder });
  expect(embedded.stdout).toBe(
    "policy.test.yaml: 31 passed, 1 not run\n  not run, needs a real Envoy: a stranger is turned away\n",
  );
  const { code, stdout } = await sluice(["test", "--engine", "envoy"], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toContain("32 passed; 29 of 32 on Envoy");
  const absent = await sluice(["test", "--engine", "envoy"], { cwd: folder, env: { SLUICE_ENVOY: "/nowhere" } });
  expect([absent.code, absent.stdout]).toEqual([1, ""]);
  expect(absent.stderr).toMatch(/\/nowhere.*\n +fix: /);
});

test("sluice test --watch runs again when the policy, what it includes, or a test changes", async () => {
  running = await startSluice(["test", "--watch"], { cwd: folder });
  await running.prints(/^policy\.test\.yaml: 32 passed\nwaiting for changes, Ctrl-C ends\n/);
  await edit("policy.test.yaml", "status: 401", "status: 402");
  await running.prints(/31 passed, 1 failed\n.*waiting for changes, Ctrl-C ends\n$/s);
  await edit("consumers.yaml", "acme-erp", "acme_erp");
  await running.reports(/consumers\.yaml:\d+:\d+: error SL\d+/);
  await edit("consumers.yaml", "acme_erp", "acme-erp");
  await edit("policy.test.yaml", "status: 402", "status: 401");
  await running.prints(/31 passed, 1 failed\n.*policy\.test\.yaml: 32 passed\nwaiting for changes, Ctrl-C ends\n$/s);
  running.signal("SIGINT");
  expect((await running.ended).code).toBe(0);
});
