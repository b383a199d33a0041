import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCommand } from "../compiler/runtime/command.js";

/** A small project with a stand-in for every tool that setup.mjs calls; npm itself is real. */
let project: string;

const FAKE_TSC = `
const { mkdirSync, writeFileSync, readFileSync } = require("node:fs");
const out = process.argv[process.argv.indexOf("--outDir") + 1];
const source = readFileSync("compiler/one.ts", "utf8");
if (source.includes("wrong")) { console.log("compiler/one.ts(1,1): error TS1: wrong"); process.exit(2); }
mkdirSync(out + "/compiler/runtime", { recursive: true });
mkdirSync(out + "/compiler/cli", { recursive: true });
writeFileSync(out + "/compiler/one.js", source);
writeFileSync(out + "/compiler/runtime/find.js", "export const findEnvoy = async () => (" + (process.env.FAKE_SEARCH ?? '{"ok": true}') + ");");
writeFileSync(out + "/compiler/cli/main.js", "console.log(process.argv.slice(2).join(' ')); process.exit(Number(process.env.FAKE_INSTALL ?? 0));");
`;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "sluice-setup-"));
  const dependencies = { typescript: "file:fake-typescript" };
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "p", version: "1.0.0", type: "module", dependencies }),
    "package-lock.json": JSON.stringify({
      name: "p",
      version: "1.0.0",
      lockfileVersion: 3,
      packages: {
        "": { name: "p", version: "1.0.0", dependencies },
        "fake-typescript": { name: "typescript", version: "1.0.0" },
        "node_modules/typescript": { resolved: "fake-typescript", link: true },
      },
    }),
    "fake-typescript/package.json": JSON.stringify({ name: "typescript", version: "1.0.0" }),
    "fake-typescript/bin/tsc": FAKE_TSC,
    "scripts/generate-envoy-types.mjs": "",
    "scripts/build-modules.mjs": "",
    "compiler/one.ts": "export {};",
    "dist/modules/guard.wasm": "wasm",
    "dist/compiler/gone.js": "its source was removed",
    "tsconfig.json": "{}",
    "tsconfig.build.json": "{}",
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  await cp(resolve(import.meta.dirname, "../scripts/setup.mjs"), join(project, "scripts/setup.mjs"));
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
    expect(first.stdout).toBe("setup: installing the npm packages\nsetup: compiled the sources to dist\n");
    expect((await readdir(join(project, "dist/compiler"))).sort()).toEqual(["cli", "one.js", "runtime"]);
    expect(await readFile(join(project, "dist/modules/guard.wasm"), "utf8")).toBe("wasm");
    expect(await setup(["--envoy"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  it("takes a lock file without the packages of other platforms, and no other gap", async () => {
    const record = JSON.parse(await readFile(join(project, "fake-typescript/package.json"), "utf8"));
    const locked = JSON.parse(await readFile(join(project, "package-lock.json"), "utf8"));
    const optional = { optionalDependencies: { "absent-platform": "file:./nowhere" } };
    await write("fake-typescript/package.json", JSON.stringify({ ...record, ...optional }));
    Object.assign(locked.packages["fake-typescript"], optional);
    const lock = JSON.stringify(locked);
    await write("package-lock.json", lock);
    expect(await setup()).toMatchObject({ code: 0, stderr: "" });
    expect(await readFile(join(project, "package-lock.json"), "utf8")).toBe(lock);

    await write("other/package.json", JSON.stringify({ name: "other", version: "1.0.0" }));
    const dependencies = { typescript: "file:fake-typescript", other: "file:other" };
    await write("package.json", JSON.stringify({ name: "p", version: "1.0.0", type: "module", dependencies }));
    await rm(join(project, "node_modules"), { recursive: true });
    const { code, stderr } = await setup();
    expect(code).toBe(1);
    expect(stderr).toContain("Missing: other@");
    expect(stderr).toContain("setup: `npm ci` failed.");
  });

  it("does only what a change asks for", async () => {
    await setup();
    await write("compiler/one.ts", "export const changed = 1;");
    await write("compiler/one.test.ts", "not compiled");
    await write("scripts/build-modules.mjs", "console.log('dist/modules: 2 files');");
    expect((await setup()).stdout).toBe("setup: dist/modules: 2 files\nsetup: compiled the sources to dist\n");
    expect(await readFile(join(project, "dist/compiler/one.js"), "utf8")).toContain("changed");
  });

  it("takes packages that were installed by hand", async () => {
    await setup();
    await rm(join(project, "node_modules/.sluice-setup"));
    expect((await setup()).stdout).toBe("");
    await write("package-lock.json", `${await readFile(join(project, "package-lock.json"), "utf8")}\n`);
    expect((await setup()).stdout).toBe("setup: compiled the sources to dist\n");
  });

  it("says what failed and what to do, and tries again the next time", async () => {
    await write("compiler/one.ts", "wrong");
    for (let n = 0; n < 2; n++) {
      const { code, stderr } = await setup();
      expect(code).toBe(1);
      expect(stderr).toBe(
        "compiler/one.ts(1,1): error TS1: wrong\nsetup: The TypeScript sources do not compile.\n" +
          "fix: Correct the errors above; `npm run check` shows them all.\n",
      );
    }
    expect(await readdir(join(project, "dist"))).toEqual(["compiler", "modules"]);
    await write("scripts/generate-envoy-types.mjs", "console.error('no descriptors'); process.exit(1);");
    expect((await setup()).stderr).toMatch(/^no descriptors\nsetup: scripts\/generate-envoy-types.mjs failed.\nfix: /);
  });

  it("installs Envoy unless there is one, and not against a wrong SLUICE_ENVOY", async () => {
    const problem = (code: string) => JSON.stringify({ ok: false, problem: { code, message: "M.", fix: "F." } });
    const installed = await setup(["--envoy"], { FAKE_SEARCH: problem("not-found") });
    expect(installed.stdout).toMatch(/setup: installing Envoy\nenvoy install\n$/);
    const failed = await setup(["--envoy"], { FAKE_INSTALL: "1" });
    expect([failed.code, failed.stderr.split("\n")[0]]).toEqual([1, "setup: Envoy could not be installed."]);
    await write("compiler/one.ts", "export const other = 1;");
    const refused = await setup(["--envoy"], { FAKE_SEARCH: problem("override-wrong-version") });
    expect([refused.code, refused.stderr]).toEqual([1, "setup: M.\nfix: F.\n"]);
  });
});
