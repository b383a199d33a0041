import { startScript } from "./processes.mjs";
import { startProxy } from "./proxies.mjs";
import { GUARD } from "./variants.mjs";
import { consumers, requestBytes } from "./workload.mjs";

const SETTLE_MS = 50;
const COUNTED_MS = 200;

/**
 * What the module asks of Envoy for one request, from Envoy's trace log. The same on every machine, but for the share of
 * calls that a lease of the limit covers.
 *
 * @param {string} path
 * @returns {Promise<{ total: number, byName: [string, number][] }>} mean calls a request, most frequent first
 */
export async function countHostCalls(envoy, backends, path) {
  const proxy = await startProxy(envoy, backends, [GUARD], {
    logLevel: "error",
    componentLogLevels: { wasm: "trace" },
  });
  const load = startScript("load.mjs");
  try {
    // One caller: tracing makes Envoy so slow that the leases of a hundred would lapse unspent.
    const requests = consumers.slice(0, 1).map(({ key }) => requestBytes({ path, key }).toString("latin1"));
    const send = async (milliseconds) => {
      load.send({ port: proxy.ports[GUARD], requests, connections: 1, milliseconds });
      return (await load.next()).answers;
    };
    await send(SETTLE_MS);
    const before = tally(proxy.logText());
    const answers = await send(COUNTED_MS);
    return difference(before, tally(proxy.logText()), answers);
  } finally {
    load.stop();
    await proxy.stop();
  }
}

/** @returns {Map<string, number>} */
function tally(log) {
  const counts = new Map();
  for (const [, name] of log.matchAll(/\[vm->host\] \w+\.(\w+)\(/g)) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function difference(before, after, answers) {
  const byName = [...after]
    .map(([name, count]) => [name, (count - (before.get(name) ?? 0)) / answers])
    .filter(([, count]) => count > 0)
    .toSorted((a, b) => b[1] - a[1]);
  return { total: byName.reduce((sum, [, count]) => sum + count, 0), byName };
}
