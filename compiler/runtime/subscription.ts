import { setTimeout as delay } from "node:timers/promises";
import * as z from "zod";
import { findings } from "./output.js";
import type { RunningEnvoy } from "./process.js";

export type ResourceKind = "listeners" | "clusters";

/** What Envoy made of one resource file. */
export type Verdict =
  | { kind: "accepted" }
  | { kind: "refused"; findings: readonly string[] }
  | { kind: "late" }
  | { kind: "gone" };

const subscriptions: Readonly<Record<ResourceKind, string>> = {
  listeners: "listener_manager.lds",
  clusters: "cluster_manager.cds",
};
const POLL_MS = 10;
/** The log comes through a pipe and may be a moment behind the counters. */
const LOG_LAG_MS = 500;
/** Warming (DNS, health checks) and the workers' taking over go on after an update counts as a success. */
const SETTLE_MS = 5_000;

type Stats = ReadonlyMap<string, number>;

/** Writes one resource file and waits for what Envoy makes of it: its update counters say so. */
export async function deliver(
  envoy: RunningEnvoy,
  kind: ResourceKind,
  write: () => Promise<void>,
  timeoutMs: number,
): Promise<Verdict> {
  const before = await readStats(envoy);
  if (before === undefined) return { kind: "gone" };
  const mark = envoy.log.end;
  await write();
  const verdict = await judge(envoy, kind, before, mark, timeoutMs);
  if (verdict.kind === "accepted") await settle(envoy, kind, before);
  return verdict;
}

/** What Envoy made of the files it found when it started. */
export async function firstVerdicts(
  envoy: RunningEnvoy,
  timeoutMs: number,
): Promise<{ resource: ResourceKind; verdict: Verdict }[]> {
  const nothing: Stats = new Map();
  const verdicts: { resource: ResourceKind; verdict: Verdict }[] = [];
  for (const resource of ["clusters", "listeners"] as const) {
    verdicts.push({ resource, verdict: await judge(envoy, resource, nothing, 0, timeoutMs) });
  }
  return verdicts;
}

async function judge(
  envoy: RunningEnvoy,
  kind: ResourceKind,
  before: Stats,
  mark: number,
  timeoutMs: number,
): Promise<Verdict> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() <= deadline) {
    const now = await readStats(envoy);
    if (now === undefined) return { kind: "gone" };
    const rose = (name: string) => rise(before, now, `${subscriptions[kind]}.${name}`) > 0;
    // rejected: a resource is wrong. failure: the file as a whole could not be read.
    if (rose("update_rejected") || rose("update_failure")) {
      return { kind: "refused", findings: await reasons(envoy, kind, mark) };
    }
    if (rose("update_success")) return { kind: "accepted" };
    await delay(POLL_MS);
  }
  return { kind: "late" };
}

/** The log tells most (the module's own words are there only); at a log level without warnings, the admin interface. */
async function reasons(envoy: RunningEnvoy, kind: ResourceKind, mark: number): Promise<readonly string[]> {
  const deadline = Date.now() + LOG_LAG_MS;
  for (;;) {
    const text = envoy.log.text(mark);
    if (/Filesystem config update (rejected|failure): .*\n/.test(text)) return findings(text);
    if (Date.now() > deadline) break;
    await delay(POLL_MS);
  }
  const reported = kind === "listeners" ? await reportedErrors(envoy) : [];
  return reported.length > 0 ? reported : [`Envoy refused the ${kind} and logged no reason at this log level.`];
}

const dump = z.object({
  configs: z.array(z.object({ error_state: z.object({ details: z.string() }).optional() })).optional(),
});

async function reportedErrors(envoy: RunningEnvoy): Promise<string[]> {
  try {
    const reply = await envoy.admin.get("/config_dump?resource=dynamic_listeners");
    const configs = dump.parse(JSON.parse(reply.text)).configs ?? [];
    const details = configs.flatMap((config) => (config.error_state === undefined ? [] : [config.error_state.details]));
    return [...new Set(details)];
  } catch {
    return [];
  }
}

/** Best effort, bounded: a cluster that never warms up does not make an accepted update fail. */
async function settle(envoy: RunningEnvoy, kind: ResourceKind, before: Stats): Promise<void> {
  const deadline = Date.now() + SETTLE_MS;
  while (Date.now() <= deadline) {
    const now = await readStats(envoy);
    if (now === undefined || isSettled(kind, before, now)) return;
    await delay(POLL_MS);
  }
}

function isSettled(kind: ResourceKind, before: Stats, now: Stats): boolean {
  switch (kind) {
    case "clusters":
      return (now.get("cluster_manager.warming_clusters") ?? 0) === 0;
    case "listeners": {
      // Each worker reports each listener that it took over, added or modified (in place too), as one create_success.
      const replaced =
        rise(before, now, "listener_manager.listener_added") + rise(before, now, "listener_manager.listener_modified");
      const adopted = rise(before, now, "listener_manager.listener_create_success");
      const workers = now.get("server.concurrency") ?? 0;
      return (now.get("listener_manager.total_listeners_warming") ?? 0) === 0 && adopted >= replaced * workers;
    }
  }
}

function rise(before: Stats, now: Stats, name: string): number {
  return (now.get(name) ?? 0) - (before.get(name) ?? 0);
}

async function readStats(envoy: RunningEnvoy): Promise<Stats | undefined> {
  try {
    return await envoy.admin.stats("^(listener_manager\\.|cluster_manager\\.(cds|warming)|server\\.concurrency)");
  } catch {
    return undefined;
  }
}
