import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../compiler/runtime/command.js";

/** A small project; npm and esbuild are real, and every other tool that setup.mjs calls has a stand-in. */
let project: string;

const root = resolve(import.meta.dirname, "..");

const MAIN = `#!/usr/bin/env node
if (process.argv[2] === "late") console.log((await import("./late.js")).late);
else console.log(process.argv.slice(2).join(" "));
process.exitCode = Number(process.env.FAKE_INSTALL ?? 0);
`;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "sluice-setup-"));
  const dependencies = { esbuild: "file:own-esbuild" };
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "p", version: "1.0.0", type: "module", dependencies }),
    "package-lock.json": JSON.stringify({
      name: "p",
      version: "1.0.0",
      lockfileVersion: 3,
      packages: {
        "": { name: "p", version: "1.0.0", dependencies },
        "own-esbuild": { name: "esbuild", version: "1.0.0" },
        "node_modules/esbuild": { resolved: "own-esbuild", link: true },
      },
    }),
    "own-esbuild/package.json": JSON.stringify({ name: "esbuild", version: "1.0.0", main: "main.cjs" }),
    "own-esbuild/main.cjs": `module.exports = require(${JSON.stringify(join(root, "node_modules/esbuild"))});`,
    "scripts/generate-envoy-types.mjs": "",
    "scripts/build-modules.mjs": "",
    "compiler/index.ts": "export const one: number = 1;",
    "compiler/runtime/find.ts": `export const findEnvoy = async () => JSON.parse(process.env.FAKE_SEARCH ?? '{"ok": true}');`,
    "compiler/cli/main.ts": MAIN,
    "compiler/cli/late.ts": "export const late = 'loaded when it is called';",
    "dist/modules/guard.wasm": "wasm",
    "dist/compiler/gone.js": "its source was removed",
    "dist/filters/gone.js": "nothing is written there any more",
    "tsconfig.json": "{}",
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  for (const name of ["setup.mjs", "build-dist.mjs", "notices.mjs"])
    await cp(join(root, "scripts", name), join(project, "scripts", name));
});
afterEach(() => rm(project, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(project, path)), { recursive: true });
  await writeFile(join(project, path), text);
}

async function setup(
  args: string[] = [],
  env: Record<string, string> = {},
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const result = await runCommand(process.execPath, [join(project, "scripts/setup.mjs"), ...args], {
    env: { ...process.env, ...env },
    cwd: tmpdir(),
    timeoutMs: 50_000,
  });
  if (result.kind !== "ended") throw new Error(JSON.stringify(result));
  return result;
}

describe("setup.mjs", () => {
  it("prepares a fresh clone, and has nothing to say the second time", async () => {
    const first = await setup();
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toBe("setup: installing the npm packages\nsetup: bundled the sources to dist\n");
    expect((await readdir(join(project, "dist"))).sort()).toEqual([
      ".sluice-build",
      "THIRD-PARTY.txt",
      "compiler",
      "modules",
    ]);
    expect((await readdir(join(project, "dist/compiler"))).sort()).toEqual(["chunks", "cli", "index.js", "runtime"]);
    expect(await readFile(join(project, "dist/modules/guard.wasm"), "utf8")).toBe("wasm");
    expect(await setup(["--envoy"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("takes a lock file without the packages of other platforms, and no other gap", async () => {
    const record = JSON.parse(await readFile(join(project, "own-esbuild/package.json"), "utf8"));
    const locked = JSON.parse(await readFile(join(project, "package-lock.json"), "utf8"));
    const optional = { optionalDependencies: { "absent-platform": "file:./nowhere", "cli-aix-ppc64": "file:../aix" } };
    await write("aix/package.json", JSON.stringify({ name: "cli-aix-ppc64", version: "1.0.0", os: ["aix"] }));
    await write("own-esbuild/package.json", JSON.stringify({ ...record, ...optional }));
    Object.assign(locked.packages["own-esbuild"], optional);
    const lock = JSON.stringify(locked);
    await write("package-lock.json", lock);
    expect(await setup()).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(join(project, "package-lock.json"), "utf8")).toBe(lock);

    await write("other/package.json", JSON.stringify({ name: "other", version: "1.0.0" }));
    const dependencies = { esbuild: "file:own-esbuild", other: "file:other" };
    await write("package.json", JSON.stringify({ name: "p", version: "1.0.0", type: "module", dependencies }));
    await rm(join(project, "node_modules"), { recursive: true });
    const { code, stderr } = await setup();
    expect(code).toBe(1);
    expect(stderr).toContain("Missing: other@");
    expect(stderr).toContain("setup: `npm ci` failed.");
  });

  it("does only what a change asks for", async () => {
    await setup();
    await write("compiler/index.ts", "export const changed = 1;");
    await write("compiler/index.test.ts", "not bundled");
    await write("scripts/build-modules.mjs", "console.log('dist/modules: 2 files');");
    expect((await setup()).stdout).toBe("setup: bundled the sources to dist\nsetup: dist/modules: 2 files\n");
    expect(await readFile(join(project, "dist/compiler/index.js"), "utf8")).toContain("changed");
  });

  it("makes a command that needs no package, loads late what is imported late, and says whose code is in it", async () => {
    await setup();
    const helper = { name: "helper", version: "2.0.0", license: "MIT", main: "helper.js" };
    await write("node_modules/helper/package.json", JSON.stringify(helper));
    await write("node_modules/helper/helper.js", "console.log(require('node:path').posix.join('a', 'b'));");
    await write("compiler/cli/main.ts", MAIN.replace("node\n", "node\nimport 'helper';\n"));
    expect((await setup()).stderr).toContain("helper says nothing about its licence");

    await write("node_modules/helper/LICENSE", "Copyright of the helper\n");
    expect(await setup()).toMatchObject({ code: 0, stderr: "" });
    await rm(join(project, "node_modules/helper"), { recursive: true });
    const main = join(project, "dist/compiler/cli/main.js");
    expect(await runCommand(main, ["late"], { timeoutMs: 50_000 })).toMatchObject({
      code: 0,
      stdout: "a/b\nloaded when it is called\n",
    });
    expect(await readFile(main, "utf8")).not.toContain("loaded when it is called");
    expect(await readFile(join(project, "dist/THIRD-PARTY.txt"), "utf8")).toContain(
      "helper 2.0.0: MIT\n\nCopyright of the helper\n",
    );
  });

  it("takes packages that were installed by hand", async () => {
    await setup();
    await rm(join(project, "node_modules/.sluice-setup"));
    expect((await setup()).stdout).toBe("");
    await write("package-lock.json", `${await readFile(join(project, "package-lock.json"), "utf8")}\n`);
    expect((await setup()).stdout).toBe("setup: bundled the sources to dist\n");
  });

  it("says what failed and what to do, and tries again the next time", async () => {
    await setup();
    const before = await readFile(join(project, "dist/compiler/index.js"), "utf8");
    await write("compiler/index.ts", "export const one = ;");
    for (let n = 0; n < 2; n++) {
      const { code, stderr } = await setup();
      expect(code).toBe(1);
      expect(stderr).toContain('Unexpected ";"');
      expect(stderr).toContain("compiler/index.ts:1:19:");
      expect(stderr).toContain("setup: scripts/build-dist.mjs failed.\nfix: See the message above;");
    }
    expect((await readdir(join(project, "dist"))).sort()).toEqual([
      ".sluice-build",
      "THIRD-PARTY.txt",
      "compiler",
      "modules",
    ]);
    expect(await readFile(join(project, "dist/compiler/index.js"), "utf8")).toBe(before);
    await write("scripts/generate-envoy-types.mjs", "console.error('no descriptors'); process.exit(1);");
    expect((await setup()).stderr).toMatch(/^no descriptors\nsetup: scripts\/generate-envoy-types.mjs failed.\nfix: /);
  });

  it("installs Envoy unless there is one, and not against a wrong SLUICE_ENVOY", async () => {
    const problem = (code: string) => JSON.stringify({ ok: false, problem: { code, message: "M.", fix: "F." } });
    const installed = await setup(["--envoy"], { FAKE_SEARCH: problem("not-found") });
    expect(installed.stdout).toMatch(/setup: installing Envoy\nenvoy install\n$/);
    const failed = await setup(["--envoy"], { FAKE_SEARCH: problem("not-found"), FAKE_INSTALL: "1" });
    expect([failed.code, failed.stderr.split("\n")[0]]).toEqual([1, "setup: Envoy could not be installed."]);
    const refused = await setup(["--envoy"], { FAKE_SEARCH: problem("override-wrong-version") });
    expect([refused.code, refused.stderr]).toEqual([1, "setup: M.\nfix: F.\n"]);
  });
});
