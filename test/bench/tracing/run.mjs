/*
 * CPU a request of tracing, by Envoy's own tracers and by Sluice, in a guard that runs anyway. README.md of the folder above tells
 * how it is measured.
 *   npm run bench -- tracing [--rounds 12] [--seconds 1] [--markdown]
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { measureSet } from "../measure.mjs";
import { isPinned, machineLine, pin, residentMemory, startScript } from "../processes.mjs";
import { requireEnvoy } from "../proxies.mjs";
import { acceptRounds, median, quantile } from "../statistics.mjs";
import { upstreamText } from "../variants.mjs";
import { checkVariant } from "./checks.mjs";
import { bootstrapText, namesOf, PAIRS } from "./variants.mjs";
import { SETS, tracedRequests } from "./workload.mjs";

const TOLERANCE = 0.15;
const MODULES = fileURLToPath(new URL("../../../dist/modules", import.meta.url));

/** @param {readonly string[]} args after `tracing` */
export async function benchTracing(args) {
  const options = readOptions(args);
  const envoy = await requireEnvoy();
  const workDir = mkdtempSync(join(tmpdir(), "sluice-bench-tracing-"));
  symlinkSync(MODULES, join(workDir, "modules"));
  const upstream = await startEnvoy({ envoy, workDir, configText: upstreamText(), concurrency: 1 });
  const collector = startScript("tracing/collector.mjs");
  try {
    pin(upstream.pid, { measured: false });
    const [{ port: upstreamPort }] = await upstream.listeners();
    const { port: collectorPort } = await collector.next();
    const places = { upstreamPort, collectorPort, modulesDir: "modules" };
    const processes = { upstream: upstream.pid, collector: collector.pid };
    print(`${machineLine(envoy.version)}${isPinned() ? "" : ", not pinned to cores"}`);
    for (const set of Object.keys(SETS)) {
      say(`measuring: ${SETS[set]}`);
      print(await measureTracing(set, { envoy, workDir, places, processes, options }));
    }
    say("measuring: no collector");
    print(await measureOutage({ envoy, workDir, places, options }));
  } finally {
    collector.stop();
    await upstream.stop();
    rmSync(workDir, { recursive: true, force: true });
  }
}

async function startTraced(set, { envoy, workDir, places }) {
  const proxy = await startEnvoy({ envoy, workDir, configText: bootstrapText(set, places), concurrency: 1 });
  pin(proxy.pid, { measured: true });
  const ports = Object.fromEntries((await proxy.listeners()).map(({ name, port }) => [name, port]));
  return { pid: proxy.pid, ports, stop: () => proxy.stop() };
}

async function measureTracing(set, { envoy, workDir, places, processes, options }) {
  const proxy = await startTraced(set, { envoy, workDir, places });
  try {
    const forms = new Map(
      PAIRS[set].flatMap(({ base, peer, own, form }) => [base, peer, own].map((name) => [name, form])),
    );
    const brings = set === "propagate";
    for (const { base, peer, own, form } of PAIRS[set])
      for (const name of [base, peer, own])
        await checkVariant(name, { port: proxy.ports[name], form, traces: name !== base, brings });
    const requests = Object.fromEntries([...forms].map(([name, form]) => [name, tracedRequests(set, form)]));
    const plan = { names: namesOf(set), requests: (name) => requests[name], processes, ...options };
    return reportSet(set, await measureSet(proxy, plan), options);
  } finally {
    await proxy.stop();
  }
}

function reportSet(set, measured, { markdown, rounds: made }) {
  const rows = PAIRS[set].flatMap(({ base, peer, own }) => {
    const rounds = acceptRounds(measured.rounds, base, TOLERANCE);
    if (rounds.length < made / 2) throw new Error("most rounds were disturbed: this machine is too busy");
    const added = (name) => rounds.map((round) => round[name] - round[base]);
    const unit = median(added(peer));
    const row = (name) => [
      name,
      micro(median(rounds.map((round) => round[name]))),
      `+${micro(median(added(name)))}`,
      `${micro(quantile(added(name), 0.25))} to ${micro(quantile(added(name), 0.75))}`,
      name === own ? `${(median(added(own)) / unit).toFixed(2)} of ${peer}` : "",
    ];
    return [[base, micro(median(rounds.map((round) => round[base]))), "", "", ""], row(peer), row(own)];
  });
  const table = [["variant", "us in all", "tracing adds", "middle half", "ratio"], ...rows];
  const note = `${made} rounds, ${measured.answers} requests, all 200; ${Math.round((measured.disturbed / measured.slices) * 100)} % of the slices were disturbed, other processes had ${measured.strangers.toFixed(2)} cores.`;
  return [`${markdown ? "#### " : ""}${SETS[set]}: CPU a request`, tableOf(table, markdown), note].join("\n\n");
}

/** As many requests as one worker answers, with a collector that nobody reaches: what clients wait, and memory. */
async function measureOutage({ envoy, workDir, places, options }) {
  const nowhere = { ...places, collectorPort: 1 };
  const proxy = await startTraced("sample", { envoy, workDir, places: nowhere });
  const load = startScript("load.mjs");
  try {
    const names = ["guard_w3c", "sluice_otlp", "sluice_zipkin"];
    const ask = async (name, milliseconds) => {
      const requests = tracedRequests("sample", "w3c");
      load.send({ port: proxy.ports[name], requests, connections: 16, milliseconds, waits: true });
      return load.next();
    };
    for (const name of names) await ask(name, 2_000);
    const before = residentMemory(proxy.pid).anonymous;
    const found = new Map(names.map((name) => [name, []]));
    for (let round = 0; round < options.rounds; round++)
      for (const name of names) found.get(name).push(await ask(name, options.milliseconds));
    const grown = residentMemory(proxy.pid).anonymous - before;
    const rows = names.map((name) => {
      const results = found.get(name);
      const rate = median(results.map(({ answers, milliseconds }) => (answers / milliseconds) * 1e3));
      const waits = (part) => median(results.map(({ waits }) => waits[part]));
      return [name, rate.toFixed(0), waits("p50").toFixed(0), waits("p99").toFixed(0)];
    });
    const table = [["variant", "requests/s", "p50 us", "p99 us"], ...rows];
    const title = `${options.markdown ? "#### " : ""}No collector: as many requests as one worker answers`;
    return [title, tableOf(table, options.markdown), `Memory grew by ${(grown / 1_048_576).toFixed(1)} MiB.`].join(
      "\n\n",
    );
  } finally {
    load.stop();
    await proxy.stop();
  }
}

function tableOf(rows, markdown) {
  if (markdown) {
    const line = (row) => `| ${row.join(" | ")} |`;
    return [line(rows[0]), line(rows[0].map((_, i) => (i === 0 ? "---" : "---:"))), ...rows.slice(1).map(line)].join(
      "\n",
    );
  }
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => `  ${row.map((cell, i) => cell.padStart(widths[i])).join("  ")}`).join("\n");
}

function micro(nanoseconds) {
  return (nanoseconds / 1e3).toFixed(2);
}

/** Ends the process with 3, as the commands of `sluice` do, if the options make no sense. */
function readOptions(args) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        rounds: { type: "string", default: "12" },
        seconds: { type: "string", default: "1" },
        markdown: { type: "boolean", default: false },
      },
    });
    const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
    if (!Number.isInteger(rounds) || rounds < 1 || rounds > 100) throw new RangeError("--rounds: 1 to 100");
    if (!(seconds >= 0.1 && seconds <= 10)) throw new RangeError("--seconds: 0.1 to 10");
    return { rounds, milliseconds: seconds * 1000, markdown: values.markdown };
  } catch (error) {
    say(error.message);
    return process.exit(3);
  }
}

/** What was measured so far stays, if what follows cannot be. */
function print(text) {
  process.stdout.write(`${text}\n\n`);
}

function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}
