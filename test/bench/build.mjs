/*
 * Builds what stands beside the guard in the comparison and is not ours: filters with the SDKs of others, and a service for
 * ext_authz over gRPC. What lacks a toolchain is left out, with the reason.
 *   node test/bench/build.mjs
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
const out = join(root, "node_modules", ".cache", "sluice-bench");

/** By the name of the variant: where its sources are, what it is built to, and how. */
const parts = {
  rust_sdk: { folder: "filters/rust", file: "rust.wasm", build: buildRust },
  go_sdk: { folder: "filters/go", file: "go.wasm", build: buildGoFilter },
  as_sdk: { folder: "filters/assemblyscript", file: "assemblyscript.wasm", build: buildAssemblyScript },
  ext_authz_grpc: { folder: "ext-authz-grpc", file: "ext-authz-grpc", build: buildGoService },
};

export const builtNames = Object.keys(parts);

/**
 * Builds what is missing or older than its sources.
 *
 * @param {readonly string[]} names of `builtNames`
 * @returns {{ paths: Record<string, string>, missing: Record<string, string> }} files, and why there is none
 */
export function buildParts(names) {
  mkdirSync(out, { recursive: true });
  const paths = {};
  const missing = {};
  for (const name of names) {
    const { folder, file, build } = parts[name];
    const source = join(here, folder);
    const path = join(out, file);
    const stamp = `${path}.sources`;
    const digest = digestOf(source);
    if (!existsSync(path) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== digest) {
      const reason = build(source, `${path}.new`);
      if (reason !== undefined) {
        missing[name] = reason;
        continue;
      }
      renameSync(`${path}.new`, path);
      writeFileSync(stamp, digest);
    }
    paths[name] = path;
  }
  return { paths, missing };
}

function digestOf(folder) {
  const hash = createHash("sha256");
  for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) hash.update(`${file.name}\0`).update(readFileSync(join(file.parentPath, file.name)));
  }
  return hash.digest("hex");
}

/** A toolchain of rustup with the target, else that of Debian, whose cargo reads no sparse index: the crates are fetched by the other. */
function buildRust(source, path) {
  const target = join(out, "rust");
  // Beside the sources cargo would leave a lock file, which names where crates come from on this machine.
  const copy = join(out, "rust-source");
  cpSync(source, copy, { recursive: true });
  const manifest = ["--release", "--manifest-path", join(copy, "Cargo.toml"), "--target-dir", target];
  // The newest crates that the oldest compiler takes (`rust-version`).
  const resolved = run("cargo", ["generate-lockfile", "--manifest-path", join(copy, "Cargo.toml")], {
    CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS: "fallback",
  });
  if (resolved !== undefined) return resolved;
  if (hasTarget("rustc", "wasm32-wasip1")) {
    const failure = run("cargo", ["build", ...manifest, "--target", "wasm32-wasip1"]);
    return failure ?? move(join(target, "wasm32-wasip1", "release", "bench.wasm"), path);
  }
  if (!hasTarget("/usr/bin/rustc", "wasm32-wasi"))
    return "there is no rustc with a target for WebAssembly (wasm32-wasip1)";
  const vendor = join(out, "crates");
  const fetched = run("cargo", ["vendor", "--locked", "--manifest-path", join(copy, "Cargo.toml"), vendor]);
  if (fetched !== undefined) return fetched;
  const config = ["source.crates-io.replace-with='vendored'", `source.vendored.directory='${vendor}'`];
  const offline = ["--offline", ...config.flatMap((one) => ["--config", one])];
  const failure = run("/usr/bin/cargo", ["build", ...manifest, ...offline, "--target", "wasm32-wasi"], {
    PATH: `/usr/bin:${process.env.PATH}`,
    RUSTC: "/usr/bin/rustc",
  });
  return failure ?? move(join(target, "wasm32-wasi", "release", "bench.wasm"), path);
}

function hasTarget(rustc, target) {
  const { status, stdout } = spawnSync(rustc, ["--print", "target-libdir", "--target", target], { encoding: "utf8" });
  return status === 0 && existsSync(stdout.trim());
}

function move(from, to) {
  renameSync(from, to);
  return undefined;
}

function buildGoFilter(source, path) {
  const env = { GOOS: "wasip1", GOARCH: "wasm" };
  return run("go", ["build", "-C", source, "-buildmode=c-shared", "-ldflags=-s -w", "-o", path, "."], env);
}

function buildGoService(source, path) {
  return run("go", ["build", "-C", source, "-o", path, "."]);
}

function buildAssemblyScript(source, path) {
  const asc = join(root, "node_modules", "assemblyscript", "bin", "asc.js");
  // AssemblyScript that is no TypeScript has a name of its own here; the compiler wants the usual one, and relative paths.
  const copy = join(relative(root, out), "filter.ts");
  copyFileSync(join(source, "filter.as"), join(root, copy));
  return run(process.execPath, [asc, copy, "--config", join(relative(root, source), "asconfig.json"), "-o", path]);
}

/** @returns {string | undefined} why it failed */
function run(file, args, env = {}) {
  const result = spawnSync(file, args, { cwd: root, encoding: "utf8", env: { ...process.env, ...env } });
  if (result.error?.code === "ENOENT") return `there is no ${file}`;
  if (result.status === 0) return undefined;
  const said = `${result.stderr}${result.stdout}`.trim().split("\n");
  return `${file} failed: ${said.slice(-8).join("\n")}`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { paths, missing } = buildParts(builtNames);
  for (const [name, path] of Object.entries(paths)) console.log(`${name}: ${path}`);
  for (const [name, reason] of Object.entries(missing)) console.log(`${name} is left out: ${reason}`);
}
