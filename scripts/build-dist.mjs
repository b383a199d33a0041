// Bundles the sources and the packages they use to dist/compiler with esbuild, and writes dist/THIRD-PARTY.txt. Does
// nothing when what is there was made from the same sources. Types are checked by `npm run check`, not here.
//   node scripts/build-dist.mjs [--force]
import { createHash } from "node:crypto";
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import process, { argv, pid } from "node:process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { notices } from "./notices.mjs";

/** Its library is compiled into the modules. */
const IN_MODULES = "node_modules/assemblyscript/package.json";
/** What is called by path: the command, the API, and what scripts and benchmarks take. */
const ENTRIES = [
  "compiler/cli/main.ts",
  "compiler/api/index.ts",
  "compiler/index.ts",
  "compiler/runtime/find.ts",
  "compiler/runtime/process.ts",
  "compiler/targets/envoy/emit.ts",
  "compiler/targets/envoy/options.ts",
  "compiler/wasm/contracts.ts",
  "compiler/wasm/verify.ts",
];
/** Of the languages that zod has its messages in, the one that is used: the others would be read at every start. */
const oneLanguage = {
  name: "one-language",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
  },
};

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...parts) => join(root, ...parts);
const stamp = at("dist", ".sluice-build");

const wanted = digest(sources().map((path) => [path, readFileSync(at(path))]));
if (argv.includes("--force") || !existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) await bundle();

async function bundle() {
  const next = at("dist", `.next-${pid}`);
  try {
    const { metafile } = await build({ ...options(), outdir: next });
    chmodSync(join(next, "compiler/cli/main.js"), 0o755);
    writeFileSync(
      join(next, "THIRD-PARTY.txt"),
      notices(root, [...Object.keys(metafile.inputs), ...[IN_MODULES].filter((path) => existsSync(at(path)))]),
    );
    replace(next);
    writeFileSync(stamp, wanted);
    console.log("bundled the sources to dist");
  } catch (error) {
    // esbuild printed what is wrong with the sources.
    if (!Array.isArray(error.errors)) throw error;
    process.exitCode = 1;
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
}

function options() {
  return {
    absWorkingDir: root,
    entryPoints: ENTRIES.filter((path) => existsSync(at(path))),
    outbase: ".",
    // A command that is loaded when it is called stays a file of its own.
    chunkNames: "compiler/chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20.19",
    // commander is CommonJS and requires modules of Node, which an ES module has no `require` for.
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    legalComments: "none",
    minifyWhitespace: true,
    minifySyntax: true,
    plugins: [oneLanguage],
    metafile: true,
    logLevel: "warning",
  };
}

/** One by one: dist/modules is not ours, and an output whose source is gone must not stay. */
function replace(next) {
  const made = readdirSync(next);
  for (const name of readdirSync(at("dist"))) {
    const isStale = name !== "modules" && !name.startsWith(".") && !made.includes(name);
    if (isStale) rmSync(at("dist", name), { recursive: true, force: true });
  }
  for (const name of made) {
    rmSync(at("dist", name), { recursive: true, force: true });
    renameSync(join(next, name), at("dist", name));
  }
}

/** All that decides over the output, sorted: more than is bundled does no harm. */
function sources() {
  const files = ["package-lock.json", "tsconfig.json", "scripts/build-dist.mjs", "scripts/notices.mjs"];
  for (const folder of ["compiler", "filters"]) {
    if (!existsSync(at(folder))) continue;
    for (const entry of readdirSync(at(folder), { recursive: true, withFileTypes: true })) {
      const path = relative(root, join(entry.parentPath, entry.name)).split(sep).join("/");
      const bundled = entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts") && !path.includes("/assembly/");
      if (entry.isFile() && bundled) files.push(path);
    }
  }
  return files.filter((path) => existsSync(at(path))).sort();
}

function digest(files) {
  const hash = createHash("sha256");
  for (const [name, content] of files) hash.update(`${name}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}
