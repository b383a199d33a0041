import { setTimeout as delay } from "node:timers/promises";
import type { RunningEnvoy } from "./process.js";

export interface Drain {
  /** Clusters that modules send spans to. */
  collectors: ReadonlySet<string>;
  /** Settles if it is to be over at once. */
  hurry: Promise<unknown>;
  /** How long modules have to send what they keep: two of their ticks if it is left out. Milliseconds. */
  ticksMs?: number;
  /** How long it may take in all. Milliseconds. */
  longestMs?: number;
}

const TICKS_MS = 500;
const LONGEST_MS = 1_000;
const POLL_MS = 15;

/**
 * What comes before the end of an Envoy whose modules send spans: it takes no more connections, modules send what they keep until their next tick, and
 * collectors answer. Envoy gives them no time for that when it is told to end: it enters each module once more, and hands on at most what a kept
 * connection takes at once. Never rejects.
 */
export async function drain(envoy: RunningEnvoy, drain: Drain): Promise<void> {
  const over = new AbortController();
  const { signal } = over;
  try {
    const longest = delay(drain.longestMs ?? LONGEST_MS, undefined, { signal });
    await Promise.race([drain.hurry, envoy.exited, longest, lastSpans(envoy, drain, signal)]);
  } catch {
    // An Envoy that does not answer is ended all the same.
  } finally {
    over.abort();
  }
}

async function lastSpans({ admin }: RunningEnvoy, drain: Drain, signal: AbortSignal): Promise<void> {
  await admin.post("/drain_listeners");
  await delay(drain.ticksMs ?? TICKS_MS, undefined, { signal });
  while (!signal.aborted && (await underWay(admin, drain.collectors)) > 0) await delay(POLL_MS, undefined, { signal });
}

/** Requests to these clusters that have no answer yet. */
async function underWay(admin: RunningEnvoy["admin"], clusters: ReadonlySet<string>): Promise<number> {
  const stats = await admin.stats("^cluster\\..*\\.upstream_rq(_pending)?_active$");
  const names = [...clusters].flatMap((name) =>
    ["upstream_rq_active", "upstream_rq_pending_active"].map((gauge) => `cluster.${name}.${gauge}`),
  );
  return names.reduce((sum, name) => sum + (stats.get(name) ?? 0), 0);
}
