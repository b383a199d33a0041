import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../compiler/cli/files.js";
import { runCommand } from "../compiler/runtime/command.js";
import { MISSPELT, type Project, project, WEAKER } from "./ci/project.js";
import { pythonPackages } from "./soap/servers/prepare.js";

// The hooks, called by pre-commit itself, as the pages show it.

const root = packageRoot();
const read = (path: string) => readFileSync(join(root, path), "utf8");

let shop: Project;
beforeEach(() => {
  shop = project();
});
afterEach(() => shop.clear());

/** Nobody's settings of git are in the way. */
const GIT = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  GIT_AUTHOR_NAME: "test",
  GIT_AUTHOR_EMAIL: "test@example.com",
  GIT_COMMITTER_NAME: "test",
  GIT_COMMITTER_EMAIL: "test@example.com",
};
const git = (folder: string, ...args: string[]) =>
  execFileSync("git", args, { cwd: folder, encoding: "utf8", env: { ...process.env, ...GIT } }).trim();

const hookSchema = z.strictObject({
  id: z.string(),
  name: z.string(),
  description: z.string(),
  entry: z.string(),
  args: z.array(z.string()).optional(),
  language: z.literal("system"),
  files: z.string().optional(),
  always_run: z.literal(true).optional(),
  pass_filenames: z.literal(false),
});
const hooks = z.array(hookSchema).parse(load(read(".pre-commit-hooks.yaml")));

/** Commits what is there, and lets pre-commit look at all of it: `sluice check: Passed`. */
async function outcomes(config: string): Promise<Record<string, string>> {
  const { python, packages } = await pythonPackages("pre-commit", join(root, "test/ci/pre-commit.requirements.txt"));
  writeFileSync(shop.at(".pre-commit-config.yaml"), config);
  writeFileSync(shop.at(".gitignore"), "node_modules\ncache\n");
  git(shop.at(), "init", "--quiet");
  git(shop.at(), "add", "--all");
  const result = await runCommand(python, ["-m", "pre_commit", "run", "--all-files", "--color", "never"], {
    cwd: shop.at(),
    env: { ...process.env, ...GIT, PYTHONPATH: packages, PRE_COMMIT_HOME: shop.at("cache") },
    timeoutMs: 100_000,
  });
  if (result.kind !== "ended") throw new Error(JSON.stringify(result));
  const lines = [...result.stdout.matchAll(/^(sluice [a-z -]+?)\.{3,}(?:\([^)]*\))?(\w+)$/gm)];
  expect(lines.length, `${result.stdout}${result.stderr}`).toBeGreaterThan(0);
  return Object.fromEntries(lines.map(([, name = "", outcome = ""]) => [name, outcome]));
}

/** A repository with the hooks, as this one is once it is published. */
function published(): { folder: string; revision: string } {
  const folder = shop.at("cache", "published");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, ".pre-commit-hooks.yaml"), read(".pre-commit-hooks.yaml"));
  git(folder, "init", "--quiet");
  git(folder, "add", "--all");
  git(folder, "commit", "--quiet", "--message", "hooks");
  return { folder, revision: git(folder, "rev-parse", "HEAD") };
}

const TIMEOUT_MS = 300_000;

describe("the hooks of pre-commit", () => {
  const shown = () => {
    const { folder, revision } = published();
    return read("ci/pre-commit-config.yaml")
      .replace(/repo: \S+/, `repo: ${folder}`)
      .replace(/rev: \S+/, `rev: ${revision}`);
  };
  const PASSED = { "sluice check": "Passed", "sluice test": "Passed", "sluice compile --check": "Passed" };

  it("pass with a policy that is right", { timeout: TIMEOUT_MS }, async () => {
    await shop.compile();
    expect(await outcomes(shown())).toEqual(PASSED);
  });

  it("look at the whole folder if nothing else is said", { timeout: TIMEOUT_MS }, async () => {
    await shop.compile();
    const config = shown().replace(/\n +args: \[policy\.yaml, policy\.test\.yaml.*\]/, "");
    expect(config.match(/args/g)).toHaveLength(1);
    expect(await outcomes(config)).toEqual(PASSED);
    shop.change("policy.yaml", ...MISSPELT);
    expect(await outcomes(config)).toMatchObject({ "sluice check": "Failed", "sluice test": "Failed" });
  });

  it("fail, each by what it is for", { timeout: TIMEOUT_MS }, async () => {
    await shop.compile();
    shop.change("policy.yaml", ...WEAKER);
    const config = shown();
    expect(await outcomes(config)).toEqual({
      ...PASSED,
      "sluice test": "Failed",
      "sluice compile --check": "Failed",
    });
    shop.change("policy.yaml", ...MISSPELT);
    expect(await outcomes(config)).toMatchObject({ "sluice check": "Failed" });
  });

  it("do the same in a project without Node, with the package that pre-commit installs", {
    timeout: TIMEOUT_MS,
  }, async () => {
    const packed = execFileSync("npm", ["pack", "--ignore-scripts", "--pack-destination", shop.at()], {
      cwd: root,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    }).trim();
    const config = read("ci/pre-commit-config-local.yaml").replace(/\[sluicegate@\S+\]/, `[${shop.at(packed)}]`);
    expect(config).toContain(packed);
    expect(await outcomes(config)).toEqual({ "sluice check": "Passed" });
    shop.change("policy.yaml", ...MISSPELT);
    expect(await outcomes(config)).toEqual({ "sluice check": "Failed" });
  });

  it("look where a policy or what belongs to it has changed", () => {
    const pattern = new RegExp(hooks[0]?.files ?? "");
    expect(["policy.yaml", "a/b.yml", "jwks.json", "crm.wsdl"].filter((path) => !pattern.test(path))).toEqual([]);
    expect(pattern.test("README.md")).toBe(false);
  });
});
