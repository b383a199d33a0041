import type { RunningEnvoy } from "../../../compiler/runtime/process.js";

/** Accepted connections so far of each worker, over all listeners but the admin one. */
export async function connectionsByWorker(envoy: RunningEnvoy): Promise<Map<string, number>> {
  const sums = new Map<string, number>();
  for (const [name, value] of await envoy.admin.stats("^listener\\..*\\.worker_[0-9]+\\.downstream_cx_total$")) {
    const worker = /\.(worker_\d+)\./.exec(name)?.[1];
    if (worker !== undefined && !name.startsWith("listener.admin.")) sums.set(worker, (sums.get(worker) ?? 0) + value);
  }
  return sums;
}

/** Workers with a connection at this moment. */
export async function busyWorkers(envoy: RunningEnvoy): Promise<string[]> {
  const stats = await envoy.admin.stats("^listener\\..*\\.worker_[0-9]+\\.downstream_cx_active$");
  const busy = [...stats].filter(([name, value]) => value > 0 && !name.startsWith("listener.admin."));
  return [...new Set(busy.flatMap(([name]) => /\.(worker_\d+)\./.exec(name)?.[1] ?? []))].toSorted();
}
