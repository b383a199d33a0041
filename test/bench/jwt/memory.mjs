import { startEnvoy } from "../../../dist/compiler/runtime/process.js";
import { residentMemory, startScript } from "../processes.mjs";
import { bootstrapText } from "./variants.mjs";
import { environment, requestsOf, SETS } from "./workload.mjs";

/*
 * How memory grows with tokens that are all different, each good and looked at once, with a cache that holds a thousand.
 */

const CONNECTIONS = 16;
const MIB = 2 ** 20;
const MOST_GROWTH = 32 * MIB;
/** Tokens that are made and sent at a time, and before memory is looked at first: more than the cache holds. */
const CHUNK = 20_000;
const LONGEST_MS = 600_000;

/** The rows of a table, and what they say. */
export async function measureMemory({ envoy, workDir, upstreamPort, options }) {
  const set = { ...SETS["hs256-first"], cached: true };
  const configText = bootstrapText(set, { upstreamPort, modulesDir: "modules" });
  const proxy = await startEnvoy({ envoy, workDir, configText, concurrency: 1, env: environment });
  const load = startScript("load.mjs");
  const [{ port }] = (await proxy.listeners()).filter(({ name }) => name === "sluice");
  const send = async (first, count) => {
    const requests = requestsOf(set, { first, count });
    load.send({ port, requests, connections: CONNECTIONS, milliseconds: LONGEST_MS, once: true });
    const { answers, statuses } = await load.next();
    if (statuses["200"] !== count) throw new Error(`not all are 200: ${JSON.stringify(statuses)}`);
    return answers;
  };
  try {
    await send(0, CHUNK);
    const before = residentMemory(proxy.pid).all;
    let sent = 0;
    while (sent < options.tokens) sent += await send(CHUNK + sent, Math.min(CHUNK, options.tokens - sent));
    const grown = residentMemory(proxy.pid).all - before;
    const mebi = (bytes) => (bytes / MIB).toFixed(1);
    return {
      title: "Distinct tokens",
      rows: [
        ["tokens", "RSS before, MiB", "grown by"],
        [String(sent), mebi(before), mebi(grown)],
      ],
      notes: [
        `The aim: at most ${mebi(MOST_GROWTH)} MiB more. ${grown <= MOST_GROWTH ? "It is kept." : "It is missed."} ${CHUNK} others came before.`,
      ],
    };
  } finally {
    load.stop();
    await proxy.stop();
  }
}
