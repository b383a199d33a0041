import { Agent } from "node:http";
import { type EnvoyBinary, findEnvoy } from "../../compiler/runtime/find.js";
import type { RunningEnvoy } from "../../compiler/runtime/process.js";
import { watchReplies } from "./replies.js";

let resolved: Promise<EnvoyBinary> | undefined;

/** The Envoy of this test run, looked for once. Throws, with what to do, if there is none: no test is ever skipped. */
export function requireEnvoy(): Promise<EnvoyBinary> {
  resolved ??= findEnvoy().then((search) => {
    if (search.ok) return search.envoy;
    const required = process.env.CI === "true" ? " (CI=true requires a real Envoy)" : "";
    throw new Error(`${search.problem.message}${required}\n${search.problem.fix}`);
  });
  return resolved;
}

export interface OracleCheck {
  /**
   * Makes a request that must get 200, over the agent it is given (one kept connection, so one worker). 20 are made on
   * each worker.
   */
  goodRequest: (agent: Agent) => Promise<{ status: number }>;
  /** None of these may stand in what clients were answered, in Envoy's output, its statistics or its configuration dump. */
  secrets?: readonly string[];
  /** What clients were answered that did not read it with the functions of `http.ts`. */
  answers?: Iterable<string>;
}

export interface StandingOracle {
  /** @throws with every fault found since `standingOracle` was called */
  check(check: OracleCheck): Promise<void>;
}

const ROUND = 20;
/** The kernel spreads connections over workers by chance, so each may take several attempts. */
const ATTEMPTS_PER_WORKER = 40;

/** What must hold after any hostile input: no trap, no VM replaced, no secret shown, and every worker still serves. */
export async function standingOracle(envoy: RunningEnvoy): Promise<StandingOracle> {
  const before = await vmCounters(envoy);
  const mark = envoy.log.end;
  const replies = watchReplies((await envoy.listeners()).map(({ port }) => port));
  return {
    async check({ goodRequest, secrets = [], answers = [] }) {
      const faults = [
        ...(await serviceFaults(envoy, goodRequest)),
        ...logFaults(envoy, mark),
        ...vmFaults(before, await vmCounters(envoy)),
        ...(await secretFaults(envoy, secrets, [replies.text(), ...answers].join("\n"))),
        ...(replies.truncated ? ["there were too many replies to be kept whole"] : []),
      ];
      if (faults.length > 0) throw new Error(`the standing oracle does not hold:\n- ${faults.join("\n- ")}`);
    },
  };
}

function logFaults(envoy: RunningEnvoy, mark: number): string[] {
  const log = envoy.log.text(mark);
  const faults = log.split("\n").filter((line) => /Uncaught|abort:|Unable to/.test(line));
  return envoy.log.truncated ? ["the log was too long to be kept whole", ...faults] : faults;
}

async function vmCounters(envoy: RunningEnvoy): Promise<ReadonlyMap<string, number>> {
  return envoy.admin.stats("^wasm\\..*(\\.created|vm_reload[a-z_]*)$");
}

function vmFaults(before: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): string[] {
  const names = new Set([...before.keys(), ...now.keys()]);
  return [...names].flatMap((name) => {
    const [from, to] = [before.get(name) ?? 0, now.get(name) ?? 0];
    return from === to ? [] : [`${name} went from ${from} to ${to}`];
  });
}

async function secretFaults(envoy: RunningEnvoy, secrets: readonly string[], replies: string): Promise<string[]> {
  const places: readonly (readonly [string, string])[] = [
    ["a reply", replies],
    ["the log", envoy.log.text()],
    ["the output", envoy.output.text()],
    ["/stats", (await envoy.admin.get("/stats")).text],
    ["/config_dump", (await envoy.admin.get("/config_dump?include_eds")).text],
  ];
  // By number: the message of a failed test must not print the secret either.
  return secrets.flatMap((secret, index) =>
    places.filter(([, text]) => text.includes(secret)).map(([place]) => `secret number ${index + 1} is in ${place}`),
  );
}

async function serviceFaults(envoy: RunningEnvoy, goodRequest: OracleCheck["goodRequest"]): Promise<string[]> {
  const workers = (await envoy.admin.stats("^server\\.concurrency$")).get("server.concurrency") ?? 0;
  if (workers === 0) return ["Envoy reports no workers"];
  const served = new Set<string>();
  for (let attempt = 0; attempt < workers * ATTEMPTS_PER_WORKER && served.size < workers; attempt++) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    try {
      const before = await connectionsByWorker(envoy);
      const first = await outcome(goodRequest, agent);
      const after = await connectionsByWorker(envoy);
      const [worker, ...others] = [...after.keys()].filter((name) => after.get(name) !== before.get(name));
      if (first !== 200) return [`a good request on ${worker ?? "an unknown worker"} got ${first}`];
      // Somebody else connected meanwhile, so it is not known which worker this was.
      if (worker === undefined || others.length > 0 || served.has(worker)) continue;
      for (let n = 1; n < ROUND; n++) {
        const status = await outcome(goodRequest, agent);
        if (status !== 200) return [`good request ${n + 1} of ${ROUND} on ${worker} got ${status}`];
      }
      served.add(worker);
    } finally {
      agent.destroy();
    }
  }
  return served.size === workers ? [] : [`only ${served.size} of ${workers} workers could be reached`];
}

async function outcome(goodRequest: OracleCheck["goodRequest"], agent: Agent): Promise<number | string> {
  try {
    return (await goodRequest(agent)).status;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Accepted connections so far by worker, over all listeners but the admin one. */
async function connectionsByWorker(envoy: RunningEnvoy): Promise<ReadonlyMap<string, number>> {
  const sums = new Map<string, number>();
  for (const [name, value] of await envoy.admin.stats("^listener\\..*\\.worker_[0-9]+\\.downstream_cx_total$")) {
    const worker = /\.(worker_\d+)\./.exec(name)?.[1];
    if (worker !== undefined && !name.startsWith("listener.admin.")) {
      sums.set(worker, (sums.get(worker) ?? 0) + value);
    }
  }
  return sums;
}
