// Compiles filters/modules/<name>.ts to dist/modules/<name>.wasm where it is missing or its sources have changed.
// `node scripts/build-modules.mjs [--force]`; also imported by tests. The same sources give the same bytes, wherever they are.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { argv, exit, pid, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = join(root, "dist", "modules");
const stampPath = join(outDir, ".stamp.json");

/** What is AssemblyScript under filters/; beside it are the policy kinds of the compiler. */
const guestSources = /^filters[/\\](lib|modules|proxy-wasm|[a-z-]+[/\\]assembly)[/\\]/;

const common = {
  exports: [
    "function _initialize",
    "function malloc",
    "function proxy_abi_version_0_2_1",
    "function proxy_on_configure",
    "function proxy_on_context_create",
    "function proxy_on_request_headers",
    "memory memory",
  ],
  imports: [
    "env.proxy_define_metric",
    "env.proxy_get_buffer_bytes",
    "env.proxy_get_header_map_pairs",
    "env.proxy_get_log_level",
    "env.proxy_get_property",
    "env.proxy_increment_metric",
    "env.proxy_log",
    "env.proxy_remove_header_map_value",
    "env.proxy_replace_header_map_value",
    "env.proxy_send_local_response",
    "env.proxy_set_property",
    "wasi_snapshot_preview1.clock_time_get",
    "wasi_snapshot_preview1.environ_get",
    "wasi_snapshot_preview1.environ_sizes_get",
    "wasi_snapshot_preview1.random_get",
  ],
};

/** What each module may have, and must have: an import more is a capability more, an export less a policy that is never asked. */
const contracts = {
  auth: common,
  guard: {
    exports: common.exports,
    imports: [...common.imports, "env.proxy_get_shared_data", "env.proxy_set_shared_data"],
  },
};

/**
 * Builds what is missing or stale.
 * @param {{ force?: boolean }} [options]
 * @returns {Promise<{ name: string, path: string, bytes: number, sha256: string, built: boolean }[]>}
 */
export async function buildModules({ force = false } = {}) {
  const digest = await sourceDigest();
  const stamp = await readStamp();
  const results = [];
  for (const name of Object.keys(contracts)) {
    const path = join(outDir, `${name}.wasm`);
    const present = await readFile(path).catch(() => undefined);
    const fresh = present !== undefined && stamp.sources === digest && stamp[name] === sha256(present);
    const built = force || !fresh;
    const binary = built ? await compile(name) : present;
    if (built) await writeByRename(path, binary);
    results.push({ name, path, bytes: binary.length, sha256: sha256(binary), built });
  }
  if (results.some((result) => result.built)) {
    const next = { sources: digest };
    for (const result of results) next[result.name] = result.sha256;
    await writeByRename(stampPath, `${JSON.stringify(next, null, 2)}\n`);
  }
  return results;
}

async function compile(name) {
  const { default: asc } = await import("assemblyscript/asc");
  let binary;
  const messages = [];
  const entry = `filters/modules/${name}.ts`;
  const { error } = await asc.main(
    [entry, "--baseDir", root, "--config", "asconfig.json", "--target", name, "--outFile", `${name}.wasm`],
    {
      writeFile: (file, contents) => {
        if (file === `${name}.wasm`) binary = Buffer.from(contents);
      },
      stdout: { write: (text) => messages.push(text) },
      stderr: { write: (text) => messages.push(text) },
    },
  );
  if (error || binary === undefined) throw new Error(`${entry} does not compile:\n${messages.join("")}${error ?? ""}`);
  checkContract(name, binary);
  return binary;
}

function checkContract(name, binary) {
  const module = new WebAssembly.Module(binary);
  const contract = contracts[name];
  const exports = WebAssembly.Module.exports(module).map((item) => `${item.kind} ${item.name}`);
  const imports = WebAssembly.Module.imports(module).map((item) => `${item.module}.${item.name}`);
  const problems = [
    ...differences("exports", exports, contract.exports),
    ...differences("imports", imports, contract.imports),
    ...(WebAssembly.Module.customSections(module, "name").length > 0 ? ["carries function names"] : []),
    ...(binary.includes(Buffer.from(root)) ? ["carries a path of this machine"] : []),
  ];
  if (problems.length > 0) throw new Error(`${name}.wasm ${problems.join("; ")}`);
}

function differences(what, actual, expected) {
  const extra = actual.filter((item) => !expected.includes(item));
  const missing = expected.filter((item) => !actual.includes(item));
  return [
    ...(extra.length > 0 ? [`has ${what} that are not allowed: ${extra.join(", ")}`] : []),
    ...(missing.length > 0 ? [`lacks ${what}: ${missing.join(", ")}`] : []),
  ];
}

/** Everything that can change the bytes: sources, options, this script, the compiler. */
async function sourceDigest() {
  const hash = createHash("sha256");
  const files = (await readdir(join(root, "filters"), { recursive: true, withFileTypes: true }))
    .filter((item) => item.isFile() && item.name.endsWith(".ts") && !item.name.endsWith(".test.ts"))
    .map((item) => join(item.parentPath, item.name))
    .filter((file) => guestSources.test(relative(root, file)));
  files.push(join(root, "asconfig.json"), fileURLToPath(import.meta.url));
  files.push(join(root, "node_modules/assemblyscript/package.json"));
  files.push(join(root, "node_modules/@gcoredev/proxy-wasm-sdk-as/package.json"));
  for (const file of files.sort()) {
    const contents = await readFile(file);
    hash.update(`${relative(root, file)}\0${contents.length}\0`).update(contents);
  }
  return hash.digest("hex");
}

async function readStamp() {
  try {
    return JSON.parse(await readFile(stampPath, "utf8"));
  } catch {
    return {};
  }
}

async function writeByRename(path, contents) {
  await mkdir(outDir, { recursive: true });
  const temporary = `${path}.${pid}`;
  try {
    await writeFile(temporary, contents);
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  try {
    for (const result of await buildModules({ force: argv.includes("--force") })) {
      const state = result.built ? "" : " (unchanged)";
      stdout.write(`${result.name}.wasm ${result.bytes} bytes sha256:${result.sha256.slice(0, 16)}${state}\n`);
    }
  } catch (error) {
    stderr.write(`${error.message}\n`);
    exit(1);
  }
}
