import { execFileSync } from "node:child_process";
import { appendFile, mkdir, mkdtemp, rename, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { type FileWatch, watchFiles } from "./watch.js";

let folder: string;
let policy: string;
let included: string;
let watch: FileWatch | undefined;
let batches: string[][];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-watch-"));
  await mkdir(join(folder, "parts"));
  policy = join(folder, "policy.yaml");
  included = join(folder, "parts/more.yaml");
  await writeFile(policy, "a");
  await writeFile(included, "b");
  batches = [];
});
afterEach(async () => {
  watch?.close();
  await rm(folder, { recursive: true, force: true });
});

async function start(paths: string[]): Promise<void> {
  watch = await watchFiles(paths, (changed) => batches.push(changed.map((path) => basename(path))), { debounceMs: 40 });
}

const seen = (expected: string[][]) => expect.poll(() => batches, { timeout: 5_000, interval: 10 }).toEqual(expected);

it("reports a file written in place, several at once as one", async () => {
  await start([policy, included]);
  await writeFile(policy, "a2");
  await appendFile(included, "b2");
  await seen([["policy.yaml", "more.yaml"]]);
});

it("goes on after an editor has replaced the file by rename", async () => {
  await start([policy]);
  for (const [index, text] of ["first", "second", "third"].entries()) {
    await rename(policy, `${policy}~`);
    await writeFile(join(folder, "4913.tmp"), text);
    await rename(join(folder, "4913.tmp"), policy);
    await expect.poll(() => batches.length, { timeout: 5_000 }).toBe(index + 1);
  }
});

it("follows a link that is swapped, as in a mounted ConfigMap", async () => {
  await mkdir(join(folder, "v1"));
  await mkdir(join(folder, "v2"));
  await writeFile(join(folder, "v1/linked.yaml"), "1");
  await writeFile(join(folder, "v2/linked.yaml"), "2");
  await symlink("v1", join(folder, "..data"));
  await symlink("..data/linked.yaml", join(folder, "linked.yaml"));
  await start([join(folder, "linked.yaml")]);
  await symlink("v2", join(folder, "..next"));
  await rename(join(folder, "..next"), join(folder, "..data"));
  await seen([["linked.yaml"]]);
});

it("reports a file that vanishes and one that appears", async () => {
  const late = join(folder, "late.yaml");
  await start([policy, late]);
  await rm(policy);
  await seen([["policy.yaml"]]);
  await writeFile(late, "c");
  await seen([["policy.yaml"], ["late.yaml"]]);
});

it("is silent about other files and about a mere touch", async () => {
  await start([policy]);
  await writeFile(join(folder, "other.yaml"), "x");
  await utimes(policy, new Date(0), new Date(0));
  await writeFile(policy, "a");
  await writeFile(included, "c");
  await writeFile(policy, "changed");
  await seen([["policy.yaml"]]);
});

it("says nothing more once it is closed", async () => {
  await start([policy]);
  watch?.close();
  await writeFile(policy, "a2");
  const second: string[] = [];
  const witness = await watchFiles([policy], (changed) => second.push(...changed), { debounceMs: 40 });
  await writeFile(policy, "a3");
  await expect.poll(() => second.length, { timeout: 5_000 }).toBe(1);
  witness.close();
  expect(batches).toEqual([]);
});

it("follows other files, also those whose folders come and go", async () => {
  await start([policy]);
  const deep = join(folder, "late/deep/x.yaml");
  expect(await watch?.follow([policy, included, deep])).toBe(true);
  expect(await watch?.follow([deep, included, policy])).toBe(false);
  await appendFile(included, "b2");
  await seen([["more.yaml"]]);
  for (const text of ["first", "second"]) {
    batches = [];
    await mkdir(join(folder, "late/deep"), { recursive: true });
    await writeFile(deep, text);
    await seen([["x.yaml"]]);
    await rm(join(folder, "late"), { recursive: true });
    await seen([["x.yaml"], ["x.yaml"]]);
  }
  batches = [];
  await watch?.follow([policy]);
  await writeFile(included, "c");
  await writeFile(policy, "changed");
  await seen([["policy.yaml"]]);
});

it("tells a change behind a link in another folder", async () => {
  await symlink("parts/more.yaml", join(folder, "linked.yaml"));
  await start([join(folder, "linked.yaml")]);
  await appendFile(included, "b2");
  await seen([["linked.yaml"]]);
});

it("does not wait for a pipe", async () => {
  execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
  await start([policy, join(folder, "pipe.yaml")]);
  await rm(join(folder, "pipe.yaml"));
  await seen([["pipe.yaml"]]);
});

it("rejects when a folder does not exist", async () => {
  await expect(start([policy, join(folder, "absent/x.yaml")])).rejects.toThrow("ENOENT");
});
