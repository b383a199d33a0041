import { residentMemory, startScript } from "../processes.mjs";
import { median, quantile } from "../statistics.mjs";
import { bootstrapText, limitText } from "./variants.mjs";
import { HOT_TENANT, requestOfTenant } from "./workload.mjs";

/*
 * What a limit counts, seen from outside: of all keys there are, at full load, and how long clients wait for it.
 */

const CONNECTIONS = 64;
const WORKERS = [1, 2, 4];
const MIB = 1_048_576;
const NUMBER = "000000000";

// Of keys: two calls an hour, so that nobody gets another while it is measured.
const CALLS_PER_KEY = 2;
const HONEST = 1_000;
const FRESH = 1_000;
const LONGEST_FLOOD_MS = 3_600_000;
const MOST_GROWTH = 32 * MIB;

/** Paces of requests that are due at even distances, so that what they wait is not their own doing. */
const PER_SECOND = 20_000;
const WARM_UP_MS = 2_000;

/**
 * Memory of a proxy that is sent any number of keys, and whether one of them escapes its limit: some that spent theirs before, some that come after.
 */
export async function measureKeys({ start, options }) {
  const { keys } = options;
  const proxy = await start(limitText(`${CALLS_PER_KEY}/hour`));
  const load = startScript("load.mjs");
  const [before, after] = requestOfTenant(NUMBER).split(NUMBER);
  const flood = async (prefix, first, count) => {
    const numbered = { before: `${before}${prefix}`, after, first, count };
    load.send({ port: proxy.ports.sluice, connections: CONNECTIONS, milliseconds: LONGEST_FLOOD_MS, numbered });
    return load.next();
  };
  /** How many of some callers are let pass once more, after they have asked some times. */
  const passing = async (prefix, count, times) => {
    for (let time = 0; time < times; time++) await flood(prefix, 0, count);
    return (await flood(prefix, 0, count)).statuses["200"] ?? 0;
  };
  try {
    const early = await passing("honest-", HONEST, CALLS_PER_KEY);
    const memory = residentMemory(proxy.pid).all;
    const { answers, milliseconds, statuses } = await flood("forged-", 0, keys);
    const grown = residentMemory(proxy.pid).all - memory;
    const late = await passing("honest-", HONEST, 0);
    const fresh = await passing("fresh-", FRESH, CALLS_PER_KEY);
    const unlimited = early + late + fresh;
    const mebi = (bytes) => (bytes / MIB).toFixed(1);
    return {
      title: `${keys} distinct keys`,
      rows: [
        ["keys", "requests/s", "let pass", "RSS before, MiB", "grown by", "keys without a limit"],
        [
          String(answers),
          ((answers / milliseconds) * 1e3).toFixed(0),
          String(statuses["200"] ?? 0),
          mebi(memory),
          mebi(grown),
          String(unlimited),
        ],
      ],
      notes: [
        `The aim: at most ${mebi(MOST_GROWTH)} MiB more, and no key without a limit. ${grown <= MOST_GROWTH && unlimited === 0 ? "It is kept." : "It is missed."} Each key may call ${CALLS_PER_KEY} times an hour; ${HONEST} had done so before and asked again after, ${FRESH} came for the first time after.`,
      ],
    };
  } finally {
    load.stop();
    await proxy.stop();
  }
}

/** Limits that are counted call by call, and one of which workers take leases. */
const LIMITS = [
  { rate: 100, burst: 20 },
  { rate: 5_000, burst: 1_000 },
];

/** How many calls of one caller pass, of all that could, if there are always more. */
export async function measureExactness({ start, options }) {
  const rows = [];
  for (const workers of WORKERS)
    for (const limit of LIMITS) rows.push(...(await countPassed(limit, workers, { start, options })));
  const over = Math.max(...rows.map(({ over }) => over));
  const under = Math.max(...rows.map(({ under }) => under));
  const busy = rows.every(({ asked, most }) => asked >= 2 * most);
  const isKept = over === 0 && under <= 0.01;
  return {
    title: "Calls of one caller that pass at full load",
    rows: [
      ["workers", "limit", "asked", "passed", "at most", "too many", "too few"],
      ...rows.map((row) => [
        String(row.workers),
        `${row.rate}/second burst ${row.burst}`,
        String(row.asked),
        String(row.passed),
        String(row.most),
        String(row.over),
        `${(row.under * 100).toFixed(2)} %`,
      ]),
    ],
    notes: [
      `The aim: none too many, and at most 1 % too few. ${isKept ? "It is kept." : "It is missed."}${busy ? "" : " Of some more than half was let pass: that was no full load."} "At most" is the burst and what the rate gives between the first request and the last answer; too few is what is missing of the burst and what it gives while requests are sent.`,
    ],
  };
}

async function countPassed({ rate, burst }, workers, { start, options }) {
  const proxy = await start(limitText(`${rate}/second burst ${burst}`), {
    concurrency: workers,
    isPinnedToCore: false,
  });
  const load = startScript("load.mjs");
  const { milliseconds } = options;
  const send = (tenant, time) => {
    const requests = [requestOfTenant(tenant)];
    load.send({ port: proxy.ports.sluice, requests, connections: CONNECTIONS, milliseconds: time });
    return load.next();
  };
  try {
    await send("somebody-else", Math.min(WARM_UP_MS, milliseconds));
    const rounds = [];
    for (let round = 0; round < options.rounds; round++) {
      const { answers, milliseconds: took, statuses } = await send(`caller-${round}`, milliseconds);
      const passed = statuses["200"] ?? 0;
      const most = burst + Math.floor((rate * took) / 1e3);
      const least = burst + (rate * milliseconds) / 1e3;
      rounds.push({ asked: answers, passed, most, over: Math.max(0, passed - most), under: 1 - passed / least });
    }
    const sum = (field) => rounds.reduce((total, round) => total + round[field], 0);
    const under = Math.max(0, median(rounds.map((round) => round.under)));
    return [
      { workers, rate, burst, asked: sum("asked"), passed: sum("passed"), most: sum("most"), over: sum("over"), under },
    ];
  } finally {
    load.stop();
    await proxy.stop();
  }
}

/** What clients wait where all workers count for one caller. */
export async function measureLatency({ start, options }) {
  const names = ["bare", "hot_native", "hot_leased", "hot_windows"];
  const proxy = await start(bootstrapText(names), { concurrency: 2, isPinnedToCore: false });
  const load = startScript("load.mjs");
  const ask = async (name, milliseconds) => {
    const requests = [requestOfTenant(HOT_TENANT)];
    const pace = { waits: true, perSecond: PER_SECOND };
    load.send({ port: proxy.ports[name], requests, connections: CONNECTIONS, milliseconds, ...pace });
    const result = await load.next();
    if (result.statuses["200"] !== result.answers) throw new Error(`${name}: not all are 200`);
    return result;
  };
  try {
    const results = new Map(names.map((name) => [name, []]));
    for (const name of names) await ask(name, Math.min(WARM_UP_MS, options.milliseconds));
    for (let round = 0; round < options.rounds; round++)
      for (const name of names) results.get(name).push(await ask(name, options.milliseconds));
    const rows = names.map((name) => {
      const all = results.get(name);
      const waits = (part) => all.map((result) => result.waits[part]);
      const rate = median(all.map((result) => (result.answers / result.milliseconds) * 1e3));
      const spread = [0.25, 0.75].map((share) => quantile(waits("p99"), share).toFixed(0)).join(" to ");
      return [name, rate.toFixed(0), median(waits("p50")).toFixed(0), median(waits("p99")).toFixed(0), spread];
    });
    return {
      title: `One caller at ${PER_SECOND} requests/s, two workers`,
      rows: [["variant", "requests/s", "p50 us", "p99 us", "middle half"], ...rows],
      notes: [
        "`hot_native` is Envoy's own filter, `hot_leased` a limit of which workers take leases, `hot_windows` one of two windows, each call of which is booked in shared data.",
      ],
    };
  } finally {
    load.stop();
    await proxy.stop();
  }
}
