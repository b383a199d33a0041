/*
 * What limits cost, and whether they count right under full load: CPU a request against Envoy's own filter, memory with any number of keys, how many calls
 * pass, and what clients wait. README.md of the folder above tells how it is measured.
 *   npm run bench -- limits [--rounds 12] [--seconds 1] [--part added|alone|tiers|keys|exact|latency] [--keys 10000000] [--markdown]
 */
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { measureSet } from "../measure.mjs";
import { partOf, print, roundOptions, say } from "../options.mjs";
import { isPinned, machineLine, pin } from "../processes.mjs";
import { requireEnvoy } from "../proxies.mjs";
import { median, quantile, reliableRounds } from "../statistics.mjs";
import { micro, microMore, tableOf } from "../tables.mjs";
import { checkVariants } from "./checks.mjs";
import { measureExactness, measureKeys, measureLatency } from "./counts.mjs";
import { bootstrapText, requestsOf } from "./variants.mjs";

const MODULES = fileURLToPath(new URL("../../../dist/modules", import.meta.url));

/** What is measured by CPU: what a limit adds to a variant without it, and to what it is compared. */
const SETS = {
  added: {
    title: "A limit by consumer, in a guard that knows who calls",
    aim: "known_sluice at most 0.3",
    base: "known",
    rows: [
      { name: "known_native", base: "known" },
      { name: "known_sluice", base: "known", peer: "known_native" },
      { name: "known_sluice_x", base: "known", peer: "known_native" },
    ],
  },
  alone: {
    title: "A limit alone",
    aim: "sluice at most 1.5",
    base: "bare",
    rows: [
      { name: "native", base: "bare" },
      { name: "sluice", base: "bare", peer: "native" },
      { name: "sluice_x", base: "bare", peer: "native" },
    ],
  },
  tiers: {
    title: "A limit by consumer and tier: 10 of each, and 1,000",
    aim: "known_1000_windows at most 1, where each call is booked in both; known_10_limited has leases, which callers that come seldom do not take",
    base: "known_10",
    rows: [
      { name: "known_10_limited", base: "known_10" },
      { name: "known_1000_limited", base: "known_1000", peer: "known_10_limited" },
      { name: "known_10_windows", base: "known_10" },
      { name: "known_1000_windows", base: "known_1000", peer: "known_10_windows" },
    ],
  },
};

const COUNTS = { keys: measureKeys, exact: measureExactness, latency: measureLatency };
const PARTS = [...Object.keys(SETS), ...Object.keys(COUNTS)];

/** @param {readonly string[]} args after `limits` */
export async function benchLimits(args) {
  const options = readOptions(args);
  const envoy = await requireEnvoy();
  const workDir = mkdtempSync(join(tmpdir(), "sluice-bench-limits-"));
  symlinkSync(MODULES, join(workDir, "modules"));
  /** A proxy with a listener for each variant. */
  const start = async (configText, { concurrency = 1, isPinnedToCore = true } = {}) => {
    const proxy = await startEnvoy({ envoy, workDir, configText, concurrency });
    if (isPinnedToCore) pin(proxy.pid, { measured: true });
    const ports = Object.fromEntries((await proxy.listeners()).map(({ name, port }) => [name, port]));
    return { pid: proxy.pid, ports, stop: () => proxy.stop() };
  };
  try {
    print(`${machineLine(envoy.version)}${isPinned() ? "" : ", not pinned to cores"}`);
    for (const part of options.part === undefined ? PARTS : [options.part]) {
      say(`measuring: ${part}`);
      const { title, rows, notes } =
        part in SETS ? await measureCpu(SETS[part], { start, options }) : await COUNTS[part]({ start, options });
      print([`${options.markdown ? "#### " : ""}${title}`, tableOf(rows, options.markdown), ...notes].join("\n\n"));
    }
  } finally {
    rmSync(workDir, { recursive: true, force: true });
  }
}

async function measureCpu({ title, aim, base, rows }, { start, options }) {
  const names = [...new Set(rows.flatMap((row) => [row.base, row.name]))];
  const proxy = await start(bootstrapText(names));
  try {
    await checkVariants(names, proxy.ports);
    const requests = Object.fromEntries(names.map((name) => [name, requestsOf(name)]));
    const plan = { names, requests: (name) => requests[name], processes: {}, ...options };
    const measured = await measureSet(proxy, plan);
    const rounds = reliableRounds(measured.rounds, base, options.rounds);
    const total = (name) => micro(median(rounds.map((round) => round[name])));
    const added = (row) => rounds.map((round) => round[row.name] - round[row.base]);
    const bases = [...new Set(rows.map((row) => row.base))];
    return {
      title: `${title}: CPU a request`,
      rows: [
        ["variant", "us in all", "the limit adds", "middle half", "ratio"],
        ...bases.map((name) => [name, total(name), "", "", ""]),
        ...rows.map((row) => [
          row.name,
          total(row.name),
          microMore(median(added(row))),
          [0.25, 0.75].map((share) => micro(quantile(added(row), share))).join(" to "),
          row.peer === undefined ? "" : `${ratioOf(row, rows, added)} of ${row.peer}`,
        ]),
      ],
      notes: [
        `The aim: ${aim}. ${rounds.length} rounds, ${measured.rounds.length - rounds.length} left out, ${measured.answers} requests, all 200; other processes had ${measured.strangers.toFixed(2)} cores.`,
      ],
    };
  } finally {
    await proxy.stop();
  }
}

function ratioOf(row, rows, added) {
  const peer = rows.find(({ name }) => name === row.peer);
  return (median(added(row)) / median(added(peer))).toFixed(2);
}

function readOptions(args) {
  const own = { keys: { type: "string", default: "10000000" }, part: { type: "string" } };
  return roundOptions(args, own, (values) => {
    const keys = Number(values.keys);
    if (!Number.isInteger(keys) || keys < 1 || keys > 1e9) throw new RangeError("--keys: 1 to 1000000000");
    return { keys, part: partOf(values, PARTS) };
  });
}
