import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EnvironmentError } from "../exit.js";
import { packageRoot } from "../files.js";
import { dashboardsCommand } from "./dashboards.js";

const policy = join(packageRoot(), "examples/quickstart/policy.yaml");
const NAMES = ["shop.dashboard.json", "shop.rules.yaml"];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-dashboards-"));
  for (const stream of [process.stdout, process.stderr]) vi.spyOn(stream, "write").mockReturnValue(true);
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

it("writes a dashboard and rules into a new folder, and writes them again over its own", async () => {
  const out = join(folder, "watch", "shop");
  expect(await dashboardsCommand({ policy, out })).toBe(0);
  expect(readdirSync(out).toSorted()).toEqual(NAMES);
  const before = NAMES.map((name) => readFileSync(join(out, name), "utf8"));
  expect(await dashboardsCommand({ policy, out })).toBe(0);
  expect(NAMES.map((name) => readFileSync(join(out, name), "utf8"))).toEqual(before);
});

it("writes nothing where a file is from somebody else", async () => {
  const theirs = join(folder, "shop.rules.yaml");
  writeFileSync(theirs, "groups: []\n");
  await expect(dashboardsCommand({ policy, out: folder })).rejects.toThrow(EnvironmentError);
  await expect(dashboardsCommand({ policy, out: folder })).rejects.toThrow(
    `nothing was written; ${theirs} is from somebody else`,
  );
  expect(readdirSync(folder)).toEqual(["shop.rules.yaml"]);
  expect(readFileSync(theirs, "utf8")).toBe("groups: []\n");
});

it("writes nothing for a policy with errors", async () => {
  const broken = join(folder, "policy.yaml");
  writeFileSync(broken, "apiVersion: sluice/v1\nkind: Gateway\nname: shop\n");
  expect(await dashboardsCommand({ policy: broken, out: join(folder, "out") })).toBe(1);
  expect(readdirSync(folder)).toEqual(["policy.yaml"]);
});
