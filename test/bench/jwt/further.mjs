import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { measureSet } from "../measure.mjs";
import { pin } from "../processes.mjs";
import { acceptRounds, median } from "../statistics.mjs";
import { micro } from "../tables.mjs";
import { furtherText } from "./variants.mjs";
import { environment, requestsOf, SETS } from "./workload.mjs";

/*
 * What each further policy costs: rules beside token, rule and limit, in the one guard, and in filters of Envoy of their own.
 */

const TOLERANCE = 0.15;
/** Beside three policies: the second makes five. */
const COUNTS = [0, 2, 5];

/** The rows of a table, and what they say. */
export async function measureFurther({ envoy, workDir, upstream, upstreamPort, options }) {
  const set = SETS["rs256-cached"];
  const configText = furtherText(set, COUNTS, { upstreamPort, modulesDir: "modules" });
  const proxy = await startEnvoy({ envoy, workDir, configText, concurrency: 1, env: environment });
  try {
    pin(proxy.pid, { measured: true });
    const ports = Object.fromEntries((await proxy.listeners()).map(({ name, port }) => [name, port]));
    const requests = requestsOf(set);
    const names = Object.keys(ports);
    const plan = { names, requests: () => requests, processes: { upstream: upstream.pid }, waits: true };
    const measured = await measureSet({ pid: proxy.pid, ports }, { ...plan, ...options });
    const rounds = acceptRounds(measured.rounds, "bare", TOLERANCE);
    if (rounds.length < options.rounds / 2) throw new Error("most rounds were disturbed: this machine is too busy");
    const between = (one, other) => median(rounds.map((round) => round[one] - round[other]));
    const each = (name) => micro(between(`${name}_${COUNTS.at(-1)}`, `${name}_${COUNTS[0]}`) / COUNTS.at(-1));
    return {
      title: "Further policies: CPU a request",
      rows: [
        ["policies", "native", "sluice", "of native"],
        ...COUNTS.map((count) => {
          const [native, sluice] = ["native", "sluice"].map((name) => between(`${name}_${count}`, "bare"));
          return [String(3 + count), `+${micro(native)}`, `+${micro(sluice)}`, (sluice / native).toFixed(2)];
        }),
      ],
      notes: [
        `Each further one adds ${each("sluice")} us to the guard and ${each("native")} us to Envoy's own filters. The aim: at most 0.3 us, and from the fifth on not more than these. ${rounds.length} rounds, ${measured.rounds.length - rounds.length} left out, ${measured.answers} requests, all 200; other processes had ${measured.strangers.toFixed(2)} cores.`,
      ],
    };
  } finally {
    await proxy.stop();
  }
}
