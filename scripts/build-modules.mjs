// Compiles filters/modules/<name>.ts to dist/modules/<name>.wasm where it is missing or its sources have changed, and writes
// the bill of materials beside it. `node scripts/build-modules.mjs [--force]`; also imported by tests. The same sources give
// the same bytes, wherever they are. What a module may import and export is in compiler/wasm, which build-dist.mjs builds.

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { argv, exit, pid, stderr, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { contracts, moduleNames } from "../dist/compiler/wasm/contracts.js";
import { verifyModule } from "../dist/compiler/wasm/verify.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outDir = join(root, "dist", "modules");
const stampPath = join(outDir, ".stamp.json");

/** What is AssemblyScript under filters/; beside it are the policy kinds of the compiler. */
const guestSources = /^filters[/\\](lib|modules|proxy-wasm|[a-z-]+[/\\]assembly)[/\\]/;

/**
 * Builds what is missing or stale.
 * @param {{ force?: boolean }} [options]
 * @returns {Promise<{ name: string, path: string, bytes: number, sha256: string, built: boolean }[]>}
 */
export async function buildModules({ force = false } = {}) {
  const digest = await sourceDigest();
  const stamp = await readStamp();
  const results = [];
  const next = { sources: digest };
  for (const name of moduleNames) {
    const path = join(outDir, `${name}.wasm`);
    const billPath = join(outDir, `${name}.cdx.json`);
    const present = await readFile(path).catch(() => undefined);
    const bill = await readFile(billPath).catch(() => "");
    const fresh = present !== undefined && stamp.sources === digest && stamp[name] === stampOf(present, bill);
    const built = force || !fresh;
    const made = built ? await compile(name) : { binary: present, bill };
    // A contract may have changed and the sources not.
    checkModule(name, made.binary);
    if (built) {
      await writeByRename(path, made.binary);
      await writeByRename(billPath, made.bill);
    }
    next[name] = stampOf(made.binary, made.bill);
    results.push({ name, path, bytes: made.binary.length, sha256: sha256(made.binary), built });
  }
  if (results.some((result) => result.built)) await writeByRename(stampPath, `${JSON.stringify(next, null, 2)}\n`);
  return results;
}

async function compile(name) {
  const { default: asc } = await import("assemblyscript/asc");
  // Loaded when it is needed: nothing of it is when every module is fresh.
  const { billOf } = await import("./sbom.mjs");
  let binary;
  const sources = [];
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
      transforms: [{ afterParse: (parser) => sources.push(...parser.sources.map((source) => source.normalizedPath)) }],
    },
  );
  if (error || binary === undefined) throw new Error(`${entry} does not compile:\n${messages.join("")}${error ?? ""}`);
  const { runtime } = JSON.parse(await readFile(join(root, "asconfig.json"), "utf8")).options;
  return { binary, bill: billOf(root, { name: `${name}.wasm`, binary, sources, runtime }) };
}

function checkModule(name, binary) {
  const { faults } = verifyModule(binary, contracts[name]);
  const problems = [...faults, ...(binary.includes(Buffer.from(root)) ? ["carries a path of this machine"] : [])];
  if (problems.length > 0) throw new Error(`${name}.wasm ${problems.join("; ")}`);
}

/** Everything that can change the modules and their bills: sources, options, these scripts, the version, the compiler. */
async function sourceDigest() {
  const hash = createHash("sha256");
  const files = (await readdir(join(root, "filters"), { recursive: true, withFileTypes: true }))
    .filter((item) => item.isFile() && item.name.endsWith(".ts") && !item.name.endsWith(".test.ts"))
    .map((item) => join(item.parentPath, item.name))
    .filter((file) => guestSources.test(relative(root, file)));
  files.push(join(root, "asconfig.json"), fileURLToPath(import.meta.url), join(root, "scripts/sbom.mjs"));
  files.push(join(root, "node_modules/assemblyscript/package.json"));
  files.push(join(root, "node_modules/@gcoredev/proxy-wasm-sdk-as/package.json"));
  for (const file of files.sort()) {
    const contents = await readFile(file);
    hash.update(`${relative(root, file)}\0${contents.length}\0`).update(contents);
  }
  const { version, license } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return hash.update(JSON.stringify({ version, license })).digest("hex");
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

function stampOf(binary, bill) {
  return `${sha256(binary)} ${sha256(bill)}`;
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
