import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { renderText } from "../diagnostics/render/text.js";
import { diskLoader, readPolicyFile } from "./disk.js";
import { SourceFile } from "./source.js";

let outer: string;
let folder: string;
let main: string;
beforeEach(() => {
  outer = mkdtempSync(join(tmpdir(), "sluice-disk-"));
  folder = join(outer, "policy");
  mkdirSync(join(folder, "parts"), { recursive: true });
  main = join(folder, "policy.yaml");
  writeFileSync(main, "main");
  writeFileSync(join(folder, "parts/a.yaml"), "a");
  writeFileSync(join(outer, "secret.yaml"), "secret");
});
afterEach(() => rmSync(outer, { recursive: true }));

function loader() {
  return diskLoader(new SourceFile(main, "main"), main);
}

function finding(path: string): string {
  const loaded = readPolicyFile(path);
  return loaded.outcome === "damaged" ? renderText([loaded.finding], { color: false }) : loaded.outcome;
}

it("reads a file of the folder, and knows it again behind a link", () => {
  symlinkSync("parts/a.yaml", join(folder, "linked.yaml"));
  const direct = loader().load("parts/a.yaml");
  const linked = loader().load("linked.yaml");
  expect(direct).toMatchObject({ outcome: "read", source: { path: join(folder, "parts/a.yaml"), text: "a" } });
  expect(linked).toMatchObject({ outcome: "read", source: { path: join(folder, "linked.yaml"), text: "a" } });
  expect(direct.outcome === "read" && linked.outcome === "read" && direct.id === linked.id).toBe(true);
  expect(loader().load("policy.yaml")).toMatchObject({ id: loader().main });
});

it("reads the files of a mounted ConfigMap, which are links", () => {
  mkdirSync(join(folder, "..2026"));
  writeFileSync(join(folder, "..2026/b.yaml"), "b");
  symlinkSync("..2026", join(folder, "..data"));
  symlinkSync("..data/b.yaml", join(folder, "b.yaml"));
  expect(loader().load("b.yaml")).toMatchObject({ outcome: "read", source: { text: "b" } });
});

it("refuses a link that leads out, of a file and of a folder", () => {
  symlinkSync(join(outer, "secret.yaml"), join(folder, "out.yaml"));
  symlinkSync(outer, join(folder, "up"));
  symlinkSync("/dev/zero", join(folder, "zero.yaml"));
  mkdirSync(join(outer, "policy-of-others"));
  writeFileSync(join(outer, "policy-of-others/x.yaml"), "x");
  symlinkSync("../policy-of-others/x.yaml", join(folder, "x.yaml"));
  for (const path of ["out.yaml", "up/secret.yaml", "zero.yaml", "x.yaml"])
    expect(loader().load(path)).toEqual({ outcome: "outside" });
});

it("refuses what is no file, and does not wait for it", () => {
  execFileSync("mkfifo", [join(folder, "pipe.yaml")]);
  expect(loader().load("pipe.yaml")).toEqual({ outcome: "not-a-file", what: "a device, a pipe or a socket" });
  expect(loader().load("parts")).toEqual({ outcome: "not-a-file", what: "a folder" });
  expect(() => readPolicyFile("/dev/zero")).toThrow("/dev/zero: this is a device, a pipe or a socket, not a file");
});

it("tells what is missing from what cannot be read", () => {
  symlinkSync("loop.yaml", join(folder, "loop.yaml"));
  symlinkSync("nowhere.yaml", join(folder, "dangling.yaml"));
  for (const path of ["nothing.yaml", "parts/a.yaml/b.yaml", "dangling.yaml", `${"x".repeat(300)}.yaml`])
    expect(loader().load(path)).toEqual({ outcome: "missing" });
  expect(loader().load("loop.yaml")).toEqual({ outcome: "unreadable", reason: "ELOOP" });
});

it("does not read a file that is too large", () => {
  const sparse = join(folder, "sparse.yaml");
  writeFileSync(sparse, "");
  truncateSync(sparse, 2 ** 40);
  expect(finding(sparse)).toContain("error SL0005: the file has 1099511627776 bytes; at most 4194304 are read");
  expect(loader().load("sparse.yaml")).toMatchObject({ outcome: "damaged" });
});

it.each([
  ["at the start", [0xff, 0xfe, 0x41], 0],
  ["after a mark that is text", [...Buffer.from("a\ufffdé"), 0xc3, 0x28], 3],
  ["a character cut off", [...Buffer.from("ab"), 0xef, 0xbf], 2],
  ["half of a surrogate pair", [0x61, 0xed, 0xa0, 0x80], 1],
])("places bytes that are not UTF-8: %s", (_, bytes, start) => {
  writeFileSync(main, Buffer.from(bytes));
  expect(readPolicyFile(main)).toMatchObject({ outcome: "damaged", finding: { code: "SL0020", span: { start } } });
});

it("knows the YAML files that could have been meant", () => {
  for (const name of [".git", "node_modules"]) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, "x.yaml"), "");
  }
  writeFileSync(join(folder, "notes.txt"), "");
  expect(loader().known(".yaml")).toEqual(["parts/a.yaml", "policy.yaml"]);
});
