// Makes a clone ready to run, and does nothing when it is: packages, generated types, dist, modules, Envoy.
//   node scripts/setup.mjs [--envoy]
// Plain Node without packages, because it installs them. Stays in user space.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...parts) => join(root, ...parts);

class StepFailure extends Error {
  constructor(what, fix, output = "") {
    super(what);
    this.fix = fix;
    this.output = output;
  }
}

try {
  requireNode();
  installPackages();
  runScript("generate-envoy-types.mjs");
  runScript("build-dist.mjs");
  // Held to what dist/compiler says that a module may have.
  runScript("build-modules.mjs");
  if (process.argv.includes("--envoy")) await installEnvoy();
} catch (error) {
  if (!(error instanceof StepFailure)) throw error;
  if (error.output !== "") console.error(error.output);
  console.error(`setup: ${error.message}\nfix: ${error.fix}`);
  process.exit(1);
}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  throw new StepFailure(`Node ${process.versions.node} is too old.`, "Install Node 20.19 or newer.");
}

function installPackages() {
  const stamp = at("node_modules", ".sluice-setup");
  const wanted = digest([["package-lock.json", readFileSync(at("package-lock.json"))]]);
  if (readIfThere(stamp) === wanted) return;
  if (!isInstalled()) {
    console.log("setup: installing the npm packages");
    const fix = "Check the network and your npm settings, then run `npm install` by hand.";
    const result = npm("ci");
    if (lacksPlatformsOnly(result.stderr ?? ""))
      demand(npm("install", "--no-save"), { what: "`npm install` failed.", fix });
    else demand(result, { what: "`npm ci` failed.", fix });
  }
  mkdirSync(at("node_modules"), { recursive: true });
  writeFileSync(stamp, wanted);
}

function npm(...args) {
  const cli = process.env.npm_execpath ?? "";
  const [file, ...first] = basename(cli) === "npm-cli.js" ? [process.execPath, cli] : ["npm"];
  return execute(file, [...first, ...args, "--no-audit", "--no-fund"]);
}

/**
 * A lock file written against an index that carries the packages of some platforms only lacks those of the others, and
 * npm 11 refuses it in `npm ci`: `Missing: name@ from lock file` where this index lacks them too, with a version where
 * it has them. `npm install --no-save` takes the same locked versions and leaves the lock file alone. Any other
 * difference stays an error.
 */
function lacksPlatformsOnly(stderr) {
  const differences = stderr.split("\n").filter((line) => /(Missing|Invalid): /.test(line));
  const platform = "(aix|android|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|wasm32|win32)-\\w+";
  const tolerated = new RegExp(`Missing: (\\S+@|\\S+[-/]${platform}\\S*@\\S+) from lock file`);
  return differences.length > 0 && differences.every((line) => tolerated.test(line));
}

/** npm's own record of what it installed, compared with the lock file: whoever ran `npm install` needs no `npm ci`. */
function isInstalled() {
  const record = readIfThere(at("node_modules", ".package-lock.json"));
  if (record === undefined) return false;
  const installed = JSON.parse(record).packages ?? {};
  const locked = JSON.parse(readFileSync(at("package-lock.json"), "utf8")).packages ?? {};
  const same = (path) =>
    installed[path]?.version === locked[path]?.version && installed[path]?.integrity === locked[path]?.integrity;
  // An optional package may be for another platform.
  const complete = Object.keys(locked).every((path) => path === "" || same(path) || locked[path].optional === true);
  return complete && Object.keys(installed).every((path) => same(path) || installed[path].optional === true);
}

/** These scripts know themselves whether there is something to do, and print a line if there was. */
function runScript(name) {
  const path = at("scripts", name);
  const said = run(process.execPath, [path], {
    what: `scripts/${name} failed.`,
    fix: `See the message above; \`node scripts/${name}\` runs this step alone.`,
  });
  for (const line of said.split("\n")) {
    if (line !== "" && !line.endsWith("(unchanged)")) console.log(`setup: ${line}`);
  }
}

async function installEnvoy() {
  const { findEnvoy } = await import(pathToFileURL(at("dist", "compiler", "runtime", "find.js")).href);
  const search = await findEnvoy();
  if (search.ok) return;
  const { code, message, fix } = search.problem;
  if (code !== "not-found" && code !== "cache-corrupt") throw new StepFailure(message, fix);
  console.log("setup: installing Envoy");
  const result = spawnSync(process.execPath, [at("dist", "compiler", "cli", "main.js"), "envoy", "install"], {
    cwd: root,
    stdio: "inherit",
  });
  if (result.status !== 0) {
    throw new StepFailure(
      "Envoy could not be installed.",
      "See the message above, or set SLUICE_ENVOY to an Envoy 1.40 binary.",
    );
  }
}

/** Runs a command silently and gives its standard output; what it said is shown if it fails. */
function run(file, args, explanation) {
  const result = execute(file, args);
  demand(result, explanation);
  return result.stdout;
}

function execute(file, args) {
  return spawnSync(file, args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
}

function demand(result, { what, fix }) {
  if (result.error !== undefined) throw new StepFailure(what, fix, result.error.message);
  if (result.status === 0) return;
  throw new StepFailure(what, fix, abridge(`${result.stdout}${result.stderr}`.trimEnd().split("\n")).join("\n"));
}

/** Tools put the cause first or last, and help texts between. */
function abridge(lines) {
  return lines.length <= 40 ? lines : [...lines.slice(0, 20), "…", ...lines.slice(-20)];
}

function digest(files) {
  const hash = createHash("sha256");
  for (const [name, content] of files) hash.update(`${name}\0${content.length}\0`).update(content);
  return hash.digest("hex");
}

function readIfThere(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}
