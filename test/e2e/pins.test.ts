import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { modulesFolder } from "../../compiler/cli/files.js";
import { sluice } from "./support/cli.js";

// What a cluster is told to fetch, and what there is to be fetched.

const POLICY = join("examples", "quickstart", "policy.yaml");

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-pins-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** Every `sha256` of the resources, but for those of keys. */
async function pinsIn(target: string, ...options: string[]): Promise<string[]> {
  const out = join(folder, target);
  const done = await sluice(["compile", POLICY, "--target", target, "--out", out, ...options]);
  expect(done, done.stderr).toMatchObject({ code: 0 });
  const text = await readFile(join(out, `${target}.yaml`), "utf8");
  return [...text.matchAll(/^ +sha256: ([0-9a-f]{64})$/gm)].map(([, digest = ""]) => digest);
}

it.each(["istio", "envoy-gateway"])("%s pins the image that `wasm package` makes", async (target) => {
  const packaged = await sluice(["wasm", "package", "--out", join(folder, "images")]);
  const [, digest] = /^guard\.wasm: compat, sha256:([0-9a-f]{64})/m.exec(packaged.stdout) ?? [];
  expect(digest).toBeDefined();
  expect(await pinsIn(target, "--modules", "oci://registry.example.com/sluice")).toEqual([digest]);
});

it.each(["istio", "envoy-gateway"])("%s pins the file that a server has", async (target) => {
  const digest = createHash("sha256")
    .update(await readFile(join(modulesFolder(), "guard.wasm")))
    .digest("hex");
  expect(await pinsIn(target, "--modules", "https://modules.example.com")).toEqual([digest]);
});

it("what --pin says is written as it is, and is in the lock", async () => {
  const pin = "0123456789abcdef".repeat(4);
  const options = ["--modules", "oci://registry.example.com/sluice", "--pin", `sha256:${pin}`];
  expect(await pinsIn("istio", ...options)).toEqual([pin]);
  const lock = JSON.parse(await readFile(join(folder, "istio", "sluice.lock.json"), "utf8"));
  expect(lock.options).toMatchObject({ modules: "oci://registry.example.com/sluice", pin });
});

it.each([
  [["--pin", "abc"], "sha256: and 64 lower-case hexadecimal digits are needed"],
  [["--modules", "modules"], "begins with oci://"],
])("%j is refused before anything is written", async (options, message) => {
  const done = await sluice(["compile", POLICY, "--target", "istio", "--out", join(folder, "out"), ...options]);
  expect(done.code).toBe(3);
  expect(done.stderr).toContain(message);
});
