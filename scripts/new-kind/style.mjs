import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { Refusal } from "./names.mjs";

/** A text as `npm run check` wants it: how lines break, and how imports are sorted, depends on the length of the name. */
export function styled(root, path, text) {
  if (!/\.(ts|json)$/.test(path)) return text;
  const biome = join(root, "node_modules/@biomejs/biome/bin/biome");
  if (!existsSync(biome)) throw new Refusal("Biome is not installed.", "Run `npm run build` first.");
  const args = [biome, "check", "--write", `--stdin-file-path=${path}`];
  const result = spawnSync(process.execPath, args, { cwd: root, input: text, encoding: "utf8" });
  if (result.status === 0) return result.stdout;
  throw new Refusal(`Biome refuses what is to be ${path}:\n${result.stderr}`, "See to it in scripts/new-kind.");
}
