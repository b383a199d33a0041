import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { writeAtomically } from "./atomic-write.js";
import { carryOver } from "./carry-over.js";
import { findings } from "./output.js";
import { EnvoyStartError, type RunningEnvoy, type StartOptions, startEnvoy } from "./process.js";
import { deliver, firstVerdicts, type ResourceKind, type Verdict } from "./subscription.js";

/**
 * Where the files of a run lie, absolute. Each resource file has a folder of its own, because Envoy reads a file again
 * after every rename in its `watched_directory`: in a shared folder an update of one would count as an update of both.
 */
export interface RunFiles {
  folder: string;
  bootstrap: string;
  listeners: { file: string; watched: string };
  clusters: { file: string; watched: string };
}

/** DiscoveryResponses as YAML text: `resources:` with Listeners, or with Clusters. */
export interface Resources {
  listeners: string;
  clusters: string;
}

export type UpdateOutcome =
  | { kind: "accepted"; changed: readonly ResourceKind[] }
  | { kind: "unchanged" }
  /** Envoy keeps what it had before; `findings` say why, the module's own words first. */
  | { kind: "refused"; resource: ResourceKind; findings: readonly string[] }
  /** Envoy did not react in time. */
  | { kind: "late"; resource: ResourceKind }
  | { kind: "gone" };

export interface DynamicEnvoy {
  readonly envoy: RunningEnvoy;
  readonly files: RunFiles;
  /**
   * Hands Envoy new resources and reports what it made of them; calls are taken one after another. Clusters go first and
   * those that are no longer named stay until the next update, so that neither requests under way nor connections that
   * are being drained lose their upstream. After `accepted` all workers serve the new listeners.
   */
  update(resources: Resources): Promise<UpdateOutcome>;
}

export interface DynamicOptions {
  /** Made if absent; holds the files of this run. */
  folder: string;
  /**
   * Prints the bootstrap for these files: `dynamic_resources.lds_config` and `cds_config`, each a `path_config_source`
   * with `path: file` and `watched_directory: { path: watched }`; `node.id` and `node.cluster` must be set.
   */
  bootstrap: (files: RunFiles) => string;
  resources: Resources;
  start: Omit<StartOptions, "configPath" | "configText">;
  /** How long Envoy may take to judge one file. Default 15,000. */
  verdictTimeoutMs?: number;
}

/** The layout of a run folder. */
export function runFiles(folder: string): RunFiles {
  const root = resolve(folder);
  const place = (name: string) => ({ watched: join(root, name), file: join(root, name, `${name}.yaml`) });
  return {
    folder: root,
    bootstrap: join(root, "bootstrap.yaml"),
    listeners: place("listeners"),
    clusters: place("clusters"),
  };
}

/**
 * Writes the run folder, starts Envoy on it and checks that it took the first resources.
 * @throws EnvoyStartError if Envoy does not start or refuses them (it would be LIVE without a listener)
 */
export async function startDynamicEnvoy(options: DynamicOptions): Promise<DynamicEnvoy> {
  const files = runFiles(options.folder);
  const timeoutMs = options.verdictTimeoutMs ?? 15_000;
  await mkdir(files.listeners.watched, { recursive: true });
  await mkdir(files.clusters.watched, { recursive: true });
  await writeFile(files.bootstrap, options.bootstrap(files), { mode: 0o600 });
  await writeAtomically(files.clusters.file, options.resources.clusters);
  await writeAtomically(files.listeners.file, options.resources.listeners);

  const envoy = await startEnvoy({ ...options.start, configPath: files.bootstrap });
  try {
    await requireFirst(envoy, timeoutMs);
  } catch (error) {
    await envoy.stop();
    throw error;
  }

  let state: RunState = { accepted: options.resources, written: options.resources };
  let last: Promise<unknown> = Promise.resolve();
  return {
    envoy,
    files,
    update(resources) {
      const next = last.then(async () => {
        const step = await replace({ envoy, files, timeoutMs, state }, resources);
        state = step.state;
        return step.outcome;
      });
      last = next.catch(() => {});
      return next;
    },
  };
}

/** `written` differs from `accepted` by the clusters that are kept for one more generation. */
interface RunState {
  accepted: Resources;
  written: Resources;
}

interface Run {
  envoy: RunningEnvoy;
  files: RunFiles;
  timeoutMs: number;
  state: RunState;
}

async function replace(run: Run, next: Resources): Promise<{ state: RunState; outcome: UpdateOutcome }> {
  const { accepted, written } = run.state;
  const wanted: Resources = { listeners: next.listeners, clusters: carryOver(accepted.clusters, next.clusters) };
  const order: readonly ResourceKind[] = ["clusters", "listeners"];
  const changed = order.filter((kind) => wanted[kind] !== written[kind]);
  if (changed.length === 0) return { state: { accepted: next, written }, outcome: { kind: "unchanged" } };

  for (const [index, kind] of changed.entries()) {
    const verdict = await hand(run, kind, wanted[kind]);
    if (verdict.kind === "accepted") continue;
    // Envoy may have taken a part of a refused response, so everything touched is put back, the last first.
    for (const touched of changed.slice(0, index + 1).reverse()) await hand(run, touched, written[touched]);
    return { state: run.state, outcome: outcomeOf(kind, verdict) };
  }
  return { state: { accepted: next, written: wanted }, outcome: { kind: "accepted", changed } };
}

function hand(run: Run, kind: ResourceKind, text: string): Promise<Verdict> {
  return deliver(run.envoy, kind, () => writeAtomically(run.files[kind].file, text), run.timeoutMs);
}

function outcomeOf(resource: ResourceKind, verdict: Exclude<Verdict, { kind: "accepted" }>): UpdateOutcome {
  switch (verdict.kind) {
    case "refused":
      return { kind: "refused", resource, findings: verdict.findings };
    case "late":
      return { kind: "late", resource };
    case "gone":
      return { kind: "gone" };
  }
}

async function requireFirst(envoy: RunningEnvoy, timeoutMs: number): Promise<void> {
  for (const { resource, verdict } of await firstVerdicts(envoy, timeoutMs)) {
    if (verdict.kind === "accepted") continue;
    const log = envoy.logText();
    if (verdict.kind === "refused") throw new EnvoyStartError(`Envoy refused the ${resource}.`, log, verdict.findings);
    throw new EnvoyStartError(`Envoy did not take the ${resource}.`, log, findings(log));
  }
}
