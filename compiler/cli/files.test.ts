import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { formatSpan } from "../syntax/source.js";
import { checkFile, distinct, policyFile, policyFiles, strayFragments } from "./files.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-files-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("names what is neither a file nor a folder, and does not wait for it", async () => {
  const pipe = join(folder, "pipe.yaml");
  execFileSync("mkfifo", [pipe]);
  const socket = join(folder, "socket.yaml");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    for (const path of [pipe, socket, "/dev/null"])
      for (const read of [policyFile, checkFile, (one: string) => policyFiles([one])])
        expect(() => read(path)).toThrow(`${path}: neither a file nor a folder`);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

it("names it in a folder too", () => {
  writeFileSync(join(folder, "a.yaml"), "");
  expect(policyFiles([folder])).toEqual([join(folder, "a.yaml")]);
  execFileSync("mkfifo", [join(folder, "b.yaml")]);
  expect(() => policyFiles([folder])).toThrow("b.yaml: neither a file nor a folder");
});

describe("fragments in a folder", () => {
  const head = "apiVersion: sluice/v1\nkind: ";
  beforeEach(() => {
    writeFileSync(join(folder, "policy.yaml"), `${head}Gateway\ninclude: [used.yaml]\n`);
    writeFileSync(join(folder, "used.yaml"), `${head}Fragment\n`);
    writeFileSync(join(folder, "stray.yaml"), `${head}Fragment\n`);
  });

  it("are read through the gateway that includes them", () => {
    expect(policyFile(folder)).toBe(join(folder, "policy.yaml"));
    rmSync(join(folder, "policy.yaml"));
    expect(() => policyFile(folder)).toThrow("the folder holds fragments only, and no gateway that includes them");
  });

  it("that nobody includes are warned of, also behind a link", () => {
    symlinkSync("used.yaml", join(folder, "linked.yaml"));
    const { files } = checkFile(folder);
    const found = strayFragments([folder, join(folder, "policy.yaml")], files);
    expect(found.map(({ code, span }) => `${code} ${formatSpan(span)}`)).toEqual([
      `SL0709 ${join(folder, "stray.yaml")}:2:7`,
    ]);
  });

  it("have each finding once, though two gateways include them", () => {
    writeFileSync(join(folder, "used.yaml"), `${head}Fragment\nroutes: 7\n`);
    const { diagnostics } = checkFile(join(folder, "policy.yaml"));
    const again = checkFile(join(folder, "policy.yaml")).diagnostics;
    expect(distinct([...diagnostics, ...again])).toEqual(diagnostics);
  });
});
