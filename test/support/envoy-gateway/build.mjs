// Builds the translator of Envoy Gateway 1.9.1 into the cache, where it is not there yet: its own sources, by the Go module proxy, and
// beside them a copy of `egctl x translate` that has a cache of Wasm modules. That command as it is has none, and refuses every policy
// with a module ("wasm cache is not initialized").
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const VERSION = "1.9.1";
const MODULE = `github.com/envoyproxy/gateway@v${VERSION}`;
const OURS = fileURLToPath(new URL("translate/", import.meta.url));

/** @returns {string} path of the program */
export function translator() {
  const sources = ["main.go", "cache.go"].map((name) => readFileSync(join(OURS, name), "utf8"));
  const digest = createHash("sha256").update(sources.join("\n")).digest("hex").slice(0, 16);
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
  const folder = join(cache, "sluice", "envoy-gateway", VERSION);
  const program = join(folder, `translate-${digest}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  console.log(`building the translator of Envoy Gateway ${VERSION}, which takes some minutes the first time`);
  const { Dir: root } = JSON.parse(run("go", ["mod", "download", "-json", MODULE], tmpdir()));
  const work = mkdtempSync(join(tmpdir(), "sluice-translate-"));
  try {
    const source = join(work, "source");
    // What is in the module cache cannot be added to.
    cpSync(root, source, { recursive: true, filter: (path) => !/[/]testdata$/.test(path) });
    run("chmod", ["-R", "u+w", source], work);
    for (const folder of ["internal/cmd/sluice", "cmd/sluice-translate"]) mkdirSync(join(source, folder));
    const translate = readFileSync(join(source, "internal/cmd/egctl/translate.go"), "utf8");
    const made = translate
      .replace(/^package egctl$/m, "package sluice")
      .replaceAll("&gatewayapi.Translator{", "&gatewayapi.Translator{\n\t\tWasmCache: wasmCache,");
    writeFileSync(join(source, "internal/cmd/sluice/translate.go"), made);
    cpSync(join(OURS, "cache.go"), join(source, "internal/cmd/sluice/cache.go"));
    cpSync(join(OURS, "main.go"), join(source, "cmd/sluice-translate/main.go"));
    const output = join(work, "translate");
    run("go", ["build", "-buildvcs=false", "-ldflags=-s -w", "-o", output, "./cmd/sluice-translate"], source);
    renameSync(output, program);
  } finally {
    rmSync(work, { recursive: true });
  }
  return program;
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  if (result.status !== 0)
    throw new Error(`${command} ${args.join(" ")} failed in ${cwd}: ${result.error ?? result.status}`);
  return result.stdout;
}
