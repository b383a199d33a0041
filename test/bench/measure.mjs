import { cpuTime, machineBusyTime, residentMemory, startScript } from "./processes.mjs";
import { startProxy } from "./proxies.mjs";
import { BARE, EXT_AUTHZ } from "./variants.mjs";
import { consumers, PATHS, requestBytes } from "./workload.mjs";

const CONNECTIONS = 16;
const WARM_UP_MS = 300;
const LIMIT_CHECK_MS = 500;
const MEMORY_WARM_UP_MS = 1_000;

/**
 * Runs all variants in every round, in an order that changes.
 *
 * @param {{ pid: number, ports: Record<string, number> }} proxy
 * @param {{ path: string, rounds: number, milliseconds: number, processes: Record<string, number> }} plan `processes`
 *   are the other ones that take part, by variant if their time counts as its own
 * @returns {Promise<{ rounds: Record<string, number>[], answers: number, saturation: Record<string, number[]>,
 *   strangers: number[] }>} nanoseconds of CPU a request by variant; how much of its core the proxy had; how many
 *   cores other people's processes had
 */
export async function measureSet(proxy, { names, path, rounds, milliseconds, processes }) {
  const load = startScript("load.mjs");
  const taking = [proxy.pid, load.pid, process.pid, ...Object.values(processes)];
  const result = { rounds: [], answers: 0, saturation: {}, strangers: [] };
  try {
    for (const name of names) await send(load, proxy.ports[name], { path, milliseconds: WARM_UP_MS });
    for (let round = 0; round < rounds; round++) {
      const values = {};
      for (const name of orderOf(names, round)) {
        const before = clocks(proxy.pid, processes[name], taking);
        const { answers, statuses, took } = await send(load, proxy.ports[name], { path, milliseconds });
        const after = clocks(proxy.pid, processes[name], taking);
        if (statuses["200"] !== answers) throw new Error(`${name}: not all are 200: ${JSON.stringify(statuses)}`);
        values[name] = (after.counted - before.counted) / answers;
        result.answers += answers;
        result.saturation[name] = [...(result.saturation[name] ?? []), (after.proxy - before.proxy) / took];
        result.strangers.push((after.strangers - before.strangers) / (after.now - before.now));
      }
      result.rounds.push(values);
    }
  } finally {
    load.stop();
  }
  return result;
}

/** Nanoseconds so far: of the proxy, of all that counts for the variant, of processes that do not take part. */
function clocks(proxyPid, helperPid, taking) {
  const proxy = cpuTime(proxyPid);
  const own = taking.reduce((sum, pid) => sum + cpuTime(pid), 0);
  const counted = proxy + (helperPid === undefined ? 0 : cpuTime(helperPid));
  return { proxy, counted, strangers: machineBusyTime() - own, now: performance.now() * 1e6 };
}

/** Every variant comes to stand in every place. */
function orderOf(names, round) {
  const turned = names.map((_, index) => names[(index + round) % names.length]);
  return round % 2 === 0 ? turned : turned.toReversed();
}

/** Sends with all keys in turn, or with one. */
async function send(load, port, { path, milliseconds, callers = consumers }) {
  const requests = callers.map(({ key }) => requestBytes({ path, key }).toString("latin1"));
  load.send({ port, requests, connections: CONNECTIONS, milliseconds });
  const { answers, statuses, milliseconds: passed } = await load.next();
  return { answers, statuses, took: passed * 1e6 };
}

/**
 * One caller alone, as fast as can be: each variant has to begin to refuse.
 *
 * @returns {Promise<string[]>} what was wrong
 */
export async function checkLimits(proxy, names) {
  const load = startScript("load.mjs");
  const wrong = [];
  try {
    for (const name of names.filter((other) => other !== BARE)) {
      const call = { path: PATHS.direct, milliseconds: LIMIT_CHECK_MS, callers: consumers.slice(-1) };
      const { statuses } = await send(load, proxy.ports[name], call);
      if (statuses["429"] === undefined) wrong.push(`${name}: no limit is felt: ${JSON.stringify(statuses)}`);
    }
  } finally {
    load.stop();
  }
  return wrong;
}

/**
 * Resident memory of a proxy that has nothing but one variant, after some load.
 *
 * @returns {Promise<Record<string, { all: number, anonymous: number }>>} bytes
 */
export async function measureMemory(envoy, backends, names) {
  const memory = {};
  for (const name of names) {
    const proxy = await startProxy(envoy, backends, [name]);
    const load = startScript("load.mjs");
    try {
      await send(load, proxy.ports[name], { path: PATHS.direct, milliseconds: MEMORY_WARM_UP_MS });
      memory[name] = residentMemory(proxy.pid);
      if (name === EXT_AUTHZ) memory[name].all += residentMemory(backends.authorizationPid).all;
      if (name === EXT_AUTHZ) memory[name].anonymous += residentMemory(backends.authorizationPid).anonymous;
    } finally {
      load.stop();
      await proxy.stop();
    }
  }
  return memory;
}
