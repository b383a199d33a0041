/*
 * CPU a request of tracing, by Envoy's own tracers and by Sluice, in a guard that runs anyway. README.md of the folder above tells
 * how it is measured.
 *   npm run bench -- tracing [--rounds 12] [--seconds 1] [--part propagate|sample|outage] [--markdown]
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { measureSet } from "../measure.mjs";
import { partOf, print, roundOptions, say } from "../options.mjs";
import { isPinned, machineLine, pin, residentMemory, startScript } from "../processes.mjs";
import { requireEnvoy } from "../proxies.mjs";
import { median, quantile, reliableRounds } from "../statistics.mjs";
import { micro, microMore, tableOf } from "../tables.mjs";
import { upstreamText } from "../variants.mjs";
import { PATHS } from "../workload.mjs";
import { checkVariant } from "./checks.mjs";
import { bootstrapText, namesOf, PAIRS } from "./variants.mjs";
import { SETS, tracedRequests } from "./workload.mjs";

/** That the proxy is asked without a collector. */
const PER_SECOND = 20_000;
const WARM_UP_MS = 2_000;
const PARTS = [...Object.keys(SETS), "outage"];
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
    const parts = options.part === undefined ? PARTS : [options.part];
    for (const set of Object.keys(SETS).filter((set) => parts.includes(set))) {
      say(`measuring: ${SETS[set]}`);
      print(await measureTracing(set, { envoy, workDir, places, processes, options }));
    }
    if (parts.includes("outage")) {
      say("measuring: no collector");
      print(await measureOutage({ envoy, workDir, places, options }));
    }
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
    const plan = { names: namesOf(set), requests: (name) => requests[name], processes, waits: true, ...options };
    return reportSet(set, await measureSet(proxy, plan), options);
  } finally {
    await proxy.stop();
  }
}

function reportSet(set, measured, { markdown, rounds: made }) {
  const rows = PAIRS[set].flatMap(({ base, peer, own }) => {
    const rounds = reliableRounds(measured.rounds, base, made);
    const added = (name) => rounds.map((round) => round[name] - round[base]);
    const unit = median(added(peer));
    const row = (name) => [
      name,
      micro(median(rounds.map((round) => round[name]))),
      microMore(median(added(name))),
      `${micro(quantile(added(name), 0.25))} to ${micro(quantile(added(name), 0.75))}`,
      name === own ? `${(median(added(own)) / unit).toFixed(2)} of ${peer}` : "",
    ];
    return [[base, micro(median(rounds.map((round) => round[base]))), "", "", ""], row(peer), row(own)];
  });
  const table = [["variant", "us in all", "tracing adds", "middle half", "ratio"], ...rows];
  const note = `${made} rounds, ${measured.answers} requests, all 200; other processes had ${measured.strangers.toFixed(2)} cores.`;
  return [`${markdown ? "#### " : ""}${SETS[set]}: CPU a request`, tableOf(table, markdown), note].join("\n\n");
}

/**
 * What clients wait, and memory, with a collector and without one. The proxy answers by itself, so that one worker keeps up.
 */
async function measureOutage({ envoy, workDir, places, options }) {
  const up = await startTraced("sample", { envoy, workDir, places });
  const down = await startTraced("sample", { envoy, workDir, places: { ...places, collectorPort: 1 } });
  const load = startScript("load.mjs");
  const requests = tracedRequests("sample", "w3c", PATHS.direct);
  const ask = async (port, milliseconds) => {
    load.send({ port, requests, connections: 64, milliseconds, waits: true, perSecond: PER_SECOND });
    return load.next();
  };
  const variants = [
    { name: "guard_w3c", port: up.ports.guard_w3c },
    ...["sluice_otlp", "sluice_zipkin"].flatMap((name) => [
      { name, port: up.ports[name] },
      { name: `${name}, no collector`, port: down.ports[name] },
    ]),
  ].map((variant) => ({ ...variant, results: [] }));
  try {
    for (const { port } of variants) await ask(port, WARM_UP_MS);
    const before = residentMemory(down.pid).anonymous;
    for (let round = 0; round < options.rounds; round++)
      for (const { port, results } of variants) results.push(await ask(port, options.milliseconds));
    const grown = residentMemory(down.pid).anonymous - before;
    const rows = variants.map(({ name, results }) => {
      const rate = median(results.map(({ answers, milliseconds }) => (answers / milliseconds) * 1e3));
      const waits = (part) => results.map(({ waits }) => waits[part]);
      const spread = [0.25, 0.75].map((share) => quantile(waits("p99"), share).toFixed(0)).join(" to ");
      return [name, rate.toFixed(0), median(waits("p50")).toFixed(0), median(waits("p99")).toFixed(0), spread];
    });
    const table = [["variant", "requests/s", "p50 us", "p99 us", "middle half"], ...rows];
    const title = `${options.markdown ? "#### " : ""}No collector, ${PER_SECOND} requests/s to one worker`;
    const note = `Memory of the proxy without a collector grew by ${(grown / 1_048_576).toFixed(1)} MiB.`;
    return [title, tableOf(table, options.markdown), note].join("\n\n");
  } finally {
    load.stop();
    await up.stop();
    await down.stop();
  }
}

function readOptions(args) {
  return roundOptions(args, { part: { type: "string" } }, (values) => ({ part: partOf(values, PARTS) }));
}
