/*
 * How long `sluice` takes for large policy files, in a process of its own each time.
 *   node test/bench/compile.mjs [--routes 100,1000,3000,10000] [--policies 300] [--shapes mixed,deep] [--runs 1]
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { aboutShape, policyText, shapeNames } from "./compile-shapes.mjs";

const MAIN = fileURLToPath(new URL("../../dist/compiler/cli/main.js", import.meta.url));
const QUICKSTART = fileURLToPath(new URL("../../examples/quickstart/policy.yaml", import.meta.url));
/** What the compiler may keep at most, in MiB. */
const MOST_MEMORY = 1_024;

const options = readOptions();
const folder = mkdtempSync(join(tmpdir(), "sluice-bench-"));
try {
  say(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`);
  say(`check of the quickstart: ${shown(measure(["check", QUICKSTART]))}`);
  say(
    `\ncompile, ${options.policies} policies: wall time (CPU time) peak memory; exponent of the growth of CPU time\n`,
  );
  say(row("shape", options.routes.map(String), "exponent", ""));
  for (const shape of options.shapes) {
    const measured = options.routes.map((routes) => compileShape(shape, routes));
    const cells = measured.map(shown);
    say(row(shape, cells, exponent(measured), aboutShape(shape)));
  }
} finally {
  rmSync(folder, { recursive: true });
}

function compileShape(shape, routes) {
  const file = join(folder, `${shape}.yaml`);
  writeFileSync(file, policyText(shape, routes, options.policies));
  return { routes, ...measure(["compile", file, "--out", join(folder, "out")]) };
}

/** The least of several runs: what else the machine does only ever adds. */
function measure(args) {
  const runs = Array.from({ length: options.runs }, () => runOnce(args));
  const least = (key) => Math.min(...runs.map((run) => run[key]));
  return { wall: least("wall"), cpu: least("cpu"), mebibytes: least("mebibytes") };
}

/** Seconds of wall time, of a run as users have it; of all processors, and the peak of the memory, of one that tells them. */
function runOnce(args) {
  const hook = `process.on("exit", () => process.stderr.write("\\n" + JSON.stringify(process.resourceUsage())))`;
  const node = ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, `--max-old-space-size=${MOST_MEMORY}`];
  const start = process.hrtime.bigint();
  spawned([MAIN, ...args]);
  const wall = Number(process.hrtime.bigint() - start) / 1e9;
  const run = spawned([...node, MAIN, ...args]);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(run.stderr.split("\n").at(-1));
  return { wall, cpu: (userCPUTime + systemCPUTime) / 1e6, mebibytes: Math.round(maxRSS / 1024) };
}

function spawned(args) {
  const run = spawnSync(process.execPath, args, { maxBuffer: 256 * 1024 * 1024, encoding: "utf8" });
  if (run.status === 0) return run;
  throw new Error(`${args.join(" ")} ended with ${run.status}:\n${run.stderr.slice(0, 2_000)}`);
}

/** 1 is growth in proportion to the routes, 2 is quadratic. What the smallest file needs is left out. */
function exponent(measured) {
  const [first, before, last] = [measured[0], measured.at(-2), measured.at(-1)];
  if (measured.length < 3) return "";
  const growth = (last.cpu - first.cpu) / (before.cpu - first.cpu);
  const factor = (last.routes - first.routes) / (before.routes - first.routes);
  return (Math.log(growth) / Math.log(factor)).toFixed(2);
}

function shown({ wall, cpu, mebibytes }) {
  return `${wall.toFixed(2)} s (${cpu.toFixed(2)}) ${mebibytes} MiB`;
}

function row(name, cells, exponent, about) {
  return [name.padEnd(10), ...cells.map((cell) => cell.padStart(24)), exponent.padStart(9), ` ${about}`]
    .join(" ")
    .trimEnd();
}

/** Ends the process with 3, as the commands of `sluice` do, if the options make no sense. */
function readOptions() {
  try {
    return parseOptions();
  } catch (error) {
    process.stderr.write(`bench: ${error.message}\n`);
    return process.exit(3);
  }
}

function parseOptions() {
  const { values } = parseArgs({
    options: {
      routes: { type: "string", default: "100,1000,3000,10000" },
      policies: { type: "string", default: "300" },
      shapes: { type: "string", default: shapeNames.join(",") },
      runs: { type: "string", default: "1" },
    },
  });
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is not there: npm run build`);
  const routes = values.routes.split(",").map((text) => whole("--routes", text, 10, 40_000));
  const shapes = values.shapes.split(",");
  const unknown = shapes.find((shape) => !shapeNames.includes(shape));
  if (unknown !== undefined) throw new RangeError(`--shapes: ${unknown} is none of ${shapeNames.join(", ")}`);
  const policies = whole("--policies", values.policies, 1, 1_000);
  return { routes, shapes, policies, runs: whole("--runs", values.runs, 1, 100) };
}

function whole(option, text, least, most) {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new RangeError(`${option}: whole numbers from ${least} to ${most}`);
  return number;
}

function say(text) {
  process.stdout.write(`${text}\n`);
}
