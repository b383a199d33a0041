import { cpuTime, machineBusyTime, residentMemory, startScript } from "./processes.mjs";
import { startProxy } from "./proxies.mjs";
import { orderOf, roundOf, SliceGauge } from "./slices.mjs";
import { BARE } from "./variants.mjs";
import { callerRequests, consumers, PATHS } from "./workload.mjs";

const CONNECTIONS = 16;
const WARM_UP_MS = 400;
const SLICE_MS = 100;
/** How much longer than planned a set may take, because disturbed slices are made again. */
const RETRY_SHARE = 0.5;
const LIMIT_CHECK_MS = 500;
const LIMIT_CHECKS = 10;
const MEMORY_WARM_UP_MS = 1_000;

/**
 * Runs all variants in every round, in slices and in an order that changes.
 *
 * @param {{ pid: number, ports: Record<string, number> }} proxy
 * @param {{ names: readonly string[], requests: (name: string) => readonly string[], rounds: number,
 *   milliseconds: number, processes: Record<string, number>, waits?: boolean }} plan what is sent to a variant, in turn (latin1);
 *   `milliseconds` a variant and round; `processes` are the other ones that take part, by variant if their time counts as
 *   its own; `waits` if the proxy waits for an upstream that shares its core with the load: how much of its own core it has then
 *   tells nothing
 * @returns {Promise<{ rounds: Record<string, number>[], answers: number, slices: number, disturbed: number,
 *   strangers: number, parts: Record<string, number> }>} nanoseconds of CPU a request by variant; how many cores the
 *   processes of others had; by variant what part of its time was that of its own process
 */
export async function measureSet(proxy, { names, requests, rounds, milliseconds, processes, waits = false }) {
  const load = startScript("load.mjs");
  const taking = [proxy.pid, load.pid, process.pid, ...Object.values(processes)];
  const gauge = new SliceGauge();
  const passes = Math.max(1, Math.round(milliseconds / SLICE_MS));
  const result = { rounds: [], answers: 0, slices: 0, disturbed: 0, strangers: 0 };
  const spent = Object.fromEntries(names.map((name) => [name, { all: 0, proxy: 0 }]));
  let retries = Math.ceil(rounds * passes * names.length * RETRY_SHARE);
  const take = async (name) => {
    for (;;) {
      const slice = await measureSlice(load, proxy, name, {
        requests: requests(name),
        milliseconds: SLICE_MS,
        helperPid: processes[name],
      });
      result.slices += 1;
      result.answers += slice.answers;
      if (waits || !gauge.isDisturbed(name, slice)) {
        spent[name].all += slice.spent;
        spent[name].proxy += slice.proxy;
        return [slice];
      }
      result.disturbed += 1;
      if (retries === 0) return [];
      retries -= 1;
    }
  };
  try {
    const start = clocks(taking);
    for (const name of names) {
      await measureSlice(load, proxy, name, { requests: requests(name), milliseconds: WARM_UP_MS });
    }
    for (let round = 0; round < rounds; round++) {
      const slices = new Map(names.map((name) => [name, []]));
      for (let pass = 0; pass < passes; pass++) {
        for (const name of orderOf(names, round * passes + pass)) slices.get(name).push(...(await take(name)));
      }
      const values = roundOf(slices);
      if (values !== undefined) result.rounds.push(values);
    }
    const end = clocks(taking);
    // Ticks of 10 ms make up the total, so a quiet machine may come out below 0.
    result.strangers = Math.max(0, (end.strangers - start.strangers) / (end.now - start.now));
  } finally {
    load.stop();
  }
  const parts = Object.fromEntries(names.map((name) => [name, 1 - spent[name].proxy / spent[name].all]));
  return { ...result, parts };
}

/** Nanoseconds so far: of processes that do not take part, and on the clock. */
function clocks(taking) {
  const own = taking.reduce((sum, pid) => sum + cpuTime(pid), 0);
  return { strangers: machineBusyTime() - own, now: performance.now() * 1e6 };
}

/** @returns {Promise<import("./slices.mjs").Slice>} */
async function measureSlice(load, proxy, name, { requests, milliseconds, helperPid }) {
  const helper = () => (helperPid === undefined ? 0 : cpuTime(helperPid));
  const before = { proxy: cpuTime(proxy.pid), helper: helper() };
  const { answers, statuses, milliseconds: took } = await send(load, proxy.ports[name], { requests, milliseconds });
  const spent = cpuTime(proxy.pid) - before.proxy;
  if (statuses["200"] !== answers) throw new Error(`${name}: not all are 200: ${JSON.stringify(statuses)}`);
  return { answers, proxy: spent, spent: spent + helper() - before.helper, took: took * 1e6 };
}

function send(load, port, { requests, milliseconds }) {
  load.send({ port, requests, connections: CONNECTIONS, milliseconds });
  return load.next();
}

/**
 * One caller alone, as fast as can be: each variant has to begin to refuse.
 *
 * @returns {Promise<string[]>} what was wrong
 */
export async function checkLimits(proxy, names) {
  const load = startScript("load.mjs");
  const call = { requests: callerRequests(PATHS.direct, consumers.slice(-1)), milliseconds: LIMIT_CHECK_MS };
  const refuses = async (name) => {
    // More than once, as a starved machine may need longer to spend a burst.
    for (let attempt = 0; attempt < LIMIT_CHECKS; attempt++) {
      if ((await send(load, proxy.ports[name], call)).statuses["429"] !== undefined) return true;
    }
    return false;
  };
  const wrong = [];
  try {
    for (const name of names.filter((other) => other !== BARE)) {
      if (!(await refuses(name))) wrong.push(`${name}: a caller is never refused`);
    }
  } finally {
    load.stop();
  }
  return wrong;
}

/**
 * Resident memory of a proxy that has nothing but one variant, after some load; with the service that it asks.
 *
 * @returns {Promise<Record<string, { all: number, anonymous: number }>>} bytes
 */
export async function measureMemory(envoy, backends, names) {
  const memory = {};
  for (const name of names) {
    const proxy = await startProxy(envoy, backends, [name]);
    const load = startScript("load.mjs");
    try {
      await send(load, proxy.ports[name], {
        requests: callerRequests(PATHS.direct),
        milliseconds: MEMORY_WARM_UP_MS,
      });
      const helper = backends.processes[name];
      const pids = helper === undefined ? [proxy.pid] : [proxy.pid, helper];
      const each = pids.map(residentMemory);
      const sum = (field) => each.reduce((total, one) => total + one[field], 0);
      memory[name] = { all: sum("all"), anonymous: sum("anonymous") };
    } finally {
      load.stop();
      await proxy.stop();
    }
  }
  return memory;
}
