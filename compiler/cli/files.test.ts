import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { checkFile, policyFile, policyFiles } from "./files.js";

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
