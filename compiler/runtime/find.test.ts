import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { requireEnvoy } from "../../test/support/envoy.js";
import { cacheDirectory, cachedBinary, type EnvoySearch, findEnvoy } from "./find.js";
import { pins, platformOf } from "./pins.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-find-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function script(path: string, text: string, mode = 0o755): Promise<string> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `#!/bin/sh\n${text}\n`);
  await chmod(path, mode);
  return path;
}

const envoyOf = (version: string) => `echo "envoy  version: 9e5580933739/${version}/Clean/RELEASE/BoringSSL"`;

function problem(search: EnvoySearch): { code: string; message: string; fix: string } {
  if (search.ok) throw new Error(`unexpectedly found ${search.envoy.path}`);
  return search.problem;
}

describe("SLUICE_ENVOY", () => {
  it("is taken if it reports the right version", async () => {
    const real = await requireEnvoy();
    const search = await findEnvoy({ env: { SLUICE_ENVOY: real.path } });
    expect(search).toEqual({ ok: true, envoy: { path: real.path, version: real.version, source: "SLUICE_ENVOY" } });
  });

  it("never falls through, although PATH has the right one", async () => {
    await script(join(folder, "bin/envoy"), envoyOf("1.40.0"));
    const PATH = `${join(folder, "bin")}:/usr/bin:/bin`;
    const old = await script(join(folder, "old"), envoyOf("1.33.2"));
    const locked = await script(join(folder, "locked"), envoyOf("1.40.0"), 0o644);
    const other = await script(join(folder, "other"), "echo hello");
    const results = [];
    for (const SLUICE_ENVOY of [join(folder, "absent"), locked, old, other]) {
      results.push(problem(await findEnvoy({ env: { SLUICE_ENVOY, PATH }, cacheDir: folder })));
    }
    expect(results.map((result) => result.code)).toEqual([
      "override-missing",
      "override-not-executable",
      "override-wrong-version",
      "override-wrong-version",
    ]);
    expect(results[2]?.message).toBe(`SLUICE_ENVOY names ${old}, which is Envoy 1.33.2.`);
    expect(results[2]?.fix).toBe("Set SLUICE_ENVOY to an executable Envoy 1.40, or unset it.");
  });
});

describe("PATH", () => {
  it("gives the first envoy of the right line, past older ones and folders", async () => {
    await mkdir(join(folder, "a/envoy"), { recursive: true });
    await script(join(folder, "b/envoy"), envoyOf("1.4.0"));
    const right = await script(join(folder, "c/envoy"), envoyOf("1.40.3-dev"));
    const PATH = ["a", "b", "c"].map((name) => join(folder, name)).join(":");
    const search = await findEnvoy({ env: { PATH }, cacheDir: folder });
    expect(search).toEqual({ ok: true, envoy: { path: right, version: "1.40.3-dev", source: "PATH" } });
  });

  it("names a wrong one when nothing else is found", async () => {
    const old = await script(join(folder, "bin/envoy"), envoyOf("1.33.2"));
    const { code, message, fix } = problem(await findEnvoy({ env: { PATH: dirname(old) }, cacheDir: folder }));
    expect(code).toBe("not-found");
    expect(message).toBe(
      `No Envoy 1.40 was found: SLUICE_ENVOY is not set, ${old} is version 1.33.2, and the cache ${folder} has none.`,
    );
    expect(fix).toContain("sluice envoy install");
  });
});

describe("the cache", () => {
  it("is not trusted without the published digest", async () => {
    const path = await script(cachedBinary(folder, "linux-x86_64"), envoyOf("1.40.0"));
    const search = await findEnvoy({ env: {}, cacheDir: folder, platform: "linux-x86_64" });
    const { code, message } = problem(search);
    expect(code).toBe("cache-corrupt");
    expect(message).toContain(path);
  });

  it("lies where the environment says", () => {
    expect(cacheDirectory({ SLUICE_CACHE: "/a", XDG_CACHE_HOME: "/b", HOME: "/c" })).toBe("/a");
    expect(cacheDirectory({ XDG_CACHE_HOME: "/b", HOME: "/c" })).toBe("/b/sluice");
    expect(cacheDirectory({ HOME: "/c" })).toBe("/c/.cache/sluice");
    expect(cachedBinary("/a", "linux-aarch64")).toBe("/a/envoy/1.40.0-linux-aarch64/envoy");
  });
});

it("knows which machines have a wheel", () => {
  expect(platformOf("linux", "x64")).toBe("linux-x86_64");
  expect(platformOf("linux", "arm64")).toBe("linux-aarch64");
  expect(platformOf("darwin", "arm64")).toBeUndefined();
  expect(platformOf("linux", "ia32")).toBeUndefined();
  for (const pin of Object.values(pins)) expect(`${pin.wheel} ${pin.binary}`).toMatch(/^[0-9a-f]{64} [0-9a-f]{64}$/);
});
