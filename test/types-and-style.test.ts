import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { packageRoot } from "../compiler/cli/files.js";

const run = promisify(execFile);
const root = packageRoot();

/** What a tool printed, or nothing if it was content. */
async function complaints(script: string, ...options: string[]): Promise<string> {
  try {
    await run(process.execPath, [join(root, "node_modules", script), ...options], { cwd: root });
    return "";
  } catch (error) {
    if (error instanceof Error && "stdout" in error && "stderr" in error) return `${error.stdout}${error.stderr}`;
    throw error;
  }
}

// esbuild, which makes dist, takes types away without a look at them.
test("every type fits", async () => {
  expect(await complaints("typescript/bin/tsc", "-p", "tsconfig.json")).toBe("");
});

test("every file is in the one style", async () => {
  expect(await complaints("@biomejs/biome/bin/biome", "check", ".")).toBe("");
});
