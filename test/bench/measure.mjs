import { cpuTime, machineBusyTime, residentMemory, startScript } from "./processes.mjs";
import { startProxy } from "./proxies.mjs";
import { EXT_AUTHZ } from "./variants.mjs";
import { consumers, PATHS, requestBytes } from "./workload.mjs";

const CONNECTIONS = 16;
const WARM_UP_MS = 300;
const MEMORY_WARM_UP_MS = 1_000;

/**
 * Runs all variants in every round, in an order that changes, and tells nanoseconds of CPU a request.
 *
 * @param {{ pid: number, ports: Record<string, number> }} proxy
 * @param {{ names: readonly string[], set: "direct" | "forward", rounds: number, milliseconds: number,
 *   authorizationPid: number | undefined, onRound?: (round: number) => void }} plan
 * @returns {Promise<{ rounds: Record<string, number>[], busy: number, otherBusy: number }>} `busy` is the part of its
 *   core that the proxy had, the median over everything; `otherBusy` what the rest of the machine had, in cores
 */
export async function measureSet(proxy, { names, set, rounds, milliseconds, authorizationPid, onRound }) {
  const load = startScript("load.mjs");
  const own = [proxy.pid, load.pid, ...(authorizationPid === undefined ? [] : [authorizationPid])];
  const result = { rounds: [], answers: 0, busy: [] };
  try {
    for (const name of names) await once(load, proxy, { name, set, milliseconds: WARM_UP_MS });
    for (let round = 0; round < rounds; round++) {
      const values = {};
      for (const name of orderOf(names, round)) {
        const pids = name === EXT_AUTHZ ? [proxy.pid, authorizationPid] : [proxy.pid];
        const run = await once(load, proxy, { name, set, milliseconds, pids });
        values[name] = run.perRequest;
        result.answers += run.answers;
        result.busy.push({ name, part: run.proxyPart });
      }
      result.rounds.push(values);
      onRound?.(round + 1);
    }
  } finally {
    load.stop();
  }
  void own;
  return result;
}

/** Every variant comes to stand in every place, and after every other one. */
function orderOf(names, round) {
  const turned = names.map((_, index) => names[(index + round) % names.length]);
  return round % 2 === 0 ? turned : turned.toReversed();
}

async function once(load, proxy, { name, set, milliseconds, pids = [proxy.pid] }) {
  const requests = consumers.map(({ key }) => requestBytes({ path: PATHS[set], key }).toString("latin1"));
  const total = () => pids.reduce((sum, pid) => sum + cpuTime(pid), 0);
  const before = total();
  const proxyBefore = cpuTime(proxy.pid);
  load.send({ port: proxy.ports[name], requests, connections: CONNECTIONS, milliseconds });
  const result = await load.next();
  const spent = total() - before;
  const proxySpent = cpuTime(proxy.pid) - proxyBefore;
  const good = result.statuses["200"] ?? 0;
  if (good !== result.answers || good === 0) throw new Error(`${name}: ${JSON.stringify(result.statuses)}: not all are 200`);
  return { answers: good, perRequest: spent / good, proxyPart: proxySpent / 1e6 / result.milliseconds };
}
