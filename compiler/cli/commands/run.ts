import { join } from "node:path";
import type { Planned } from "../../pipeline.js";
import { environmentVariables } from "../../plan/guard.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { type DynamicEnvoy, startDynamicEnvoy, type UpdateOutcome } from "../../runtime/dynamic.js";
import { EnvoyStartError } from "../../runtime/process.js";
import { type FileWatch, watchFiles } from "../../runtime/watch.js";
import { dynamicBootstrapText, resourceTexts } from "../../targets/envoy/emit.js";
import { DEFAULT_OPTIONS, type EnvoyOptions, STANDARD_OUTPUT } from "../../targets/envoy/options.js";
import { interrupted, requireEnvoy, secretsOf, workFolder } from "../envoy.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { checkFile, policyFile } from "../files.js";
import { printFindings } from "../print.js";

export interface RunOptions {
  concurrency: number;
  accessLog?: boolean;
}

/** Connections of a replaced listener are closed after this: a changed rule must not wait for old clients to leave. */
const DRAIN_SECONDS = 5;

/**
 * `sluice run`: Envoy with the policy, until it is interrupted; a change of the file, or of one that it includes, is
 * checked and taken over at once.
 */
export async function runCommand(path: string, options: RunOptions): Promise<number> {
  const file = policyFile(path);
  const changes = new Changes();
  // Watched before it is read: an edit while Envoy starts is not lost.
  const watch = await watchFiles([file], () => changes.note(), {
    onError: (error) => process.stderr.write(`${file}: changes may go unnoticed: ${error.message}\n`),
  });
  const watched: WatchedPolicy = { file, read: () => readWatched(file, watch) };
  try {
    const planned = await watched.read();
    printFindings(planned.diagnostics, "text");
    if (planned.plan === undefined) return EXIT.findings;
    return await serve(planned.plan, watched, planned.files.length - 1, changes, options);
  } catch (error) {
    throw error instanceof EnvoyStartError ? new EnvironmentError(error.message) : error;
  } finally {
    watch.close();
  }
}

interface WatchedPolicy {
  readonly file: string;
  read(): Promise<Planned>;
}

/** Each round finds at least one more file, which may include further ones; more than these are not made by hand. */
const MOST_ROUNDS = 8;

/** Reads the policy, again until every file that it includes was watched before it was read. */
async function readWatched(file: string, watch: FileWatch): Promise<Planned> {
  for (let round = 1; ; round++) {
    const planned = checkFile(file);
    const isNew = await watch.follow(planned.files);
    if (!isNew || round === MOST_ROUNDS) return planned;
  }
}

/** Changes of the files. They are handed over one after the other, and what comes while one waits is one with it. */
class Changes {
  /** There is a change that nobody has looked at yet. */
  private pending = false;
  private take: (() => Promise<void>) | undefined;
  private taking: Promise<void> = Promise.resolve();

  note(): void {
    const { take } = this;
    const isWaiting = this.pending;
    this.pending = true;
    if (take === undefined || isWaiting) return;
    this.taking = this.taking.then(() => {
      this.pending = false;
      return take();
    });
  }

  /** From now on every change is handed over; one that came before is handed over at once. `take` must not fail. */
  handOver(take: () => Promise<void>): void {
    const isWaiting = this.pending;
    this.take = take;
    this.pending = false;
    if (isWaiting) this.note();
  }
}

async function serve(
  plan: GatewayPlan,
  watched: WatchedPolicy,
  included: number,
  changes: Changes,
  options: RunOptions,
): Promise<number> {
  const envoyOptions: EnvoyOptions = {
    ...DEFAULT_OPTIONS,
    admin: undefined,
    accessLog: options.accessLog === true ? STANDARD_OUTPUT : undefined,
  };
  const secrets = secretsOf(plan);
  const envoy = await requireEnvoy();
  const work = await workFolder();
  const ended = interrupted();
  try {
    const running = await startDynamicEnvoy({
      folder: join(work.path, "resources"),
      bootstrap: (files) => dynamicBootstrapText(plan, envoyOptions, files),
      resources: resourceTexts(plan, envoyOptions),
      start: {
        envoy,
        workDir: work.path,
        env: secrets,
        concurrency: options.concurrency,
        drainSeconds: DRAIN_SECONDS,
        accessLogFlushMs: 100,
        onOutput: (stream, text) => process[stream].write(text),
      },
    });
    for (const listener of await running.envoy.listeners())
      process.stdout.write(`${listener.name}: http://${listener.address}:${listener.port}\n`);
    process.stdout.write(
      `admin: ${running.envoy.adminUrl}\nwatching ${watched.file}${
        included === 0 ? "" : ` and ${included} included ${included === 1 ? "file" : "files"}`
      }; Ctrl-C ends\n`,
    );
    changes.handOver(() => takeOver(watched, running, envoyOptions, new Set(Object.keys(secrets))));
    const first = await Promise.race([ended, running.envoy.exited]);
    const exit = await running.envoy.stop();
    if (first === undefined) return EXIT.ok;
    throw new EnvironmentError(`Envoy ended by itself (${exit.signal ?? `status ${exit.code}`})`);
  } finally {
    await work.remove();
  }
}

async function takeOver(
  watched: WatchedPolicy,
  running: DynamicEnvoy,
  options: EnvoyOptions,
  known: ReadonlySet<string>,
): Promise<void> {
  const path = watched.file;
  const plan = await changedPlan(watched);
  if (plan === undefined) return;
  const unknown = environmentVariables(plan).filter((name) => !known.has(name));
  if (unknown.length > 0) {
    process.stderr.write(
      `${path}: env:${unknown.join(", env:")} is new, and Envoy reads its environment once; start again. The policy before stays in force.\n`,
    );
    return;
  }
  process.stdout.write(`${path}: ${describe(await running.update(resourceTexts(plan, options)))}\n`);
}

async function changedPlan({ file: path, read }: WatchedPolicy): Promise<GatewayPlan | undefined> {
  try {
    const { plan, diagnostics } = await read();
    printFindings(diagnostics, "text");
    if (plan === undefined) process.stderr.write(`${path}: not taken over; the policy before stays in force\n`);
    return plan;
  } catch (error) {
    process.stderr.write(
      `${path}: ${error instanceof Error ? error.message : String(error)}; the policy before stays in force\n`,
    );
    return undefined;
  }
}

function describe(outcome: UpdateOutcome): string {
  switch (outcome.kind) {
    case "accepted":
      return "taken over";
    case "unchanged":
      return "no change for Envoy";
    case "refused":
      return `refused by Envoy, the policy before stays in force:\n  ${outcome.findings.join("\n  ")}`;
    case "late":
      return `Envoy has not taken the new ${outcome.resource} yet`;
    case "gone":
      return "Envoy has ended";
  }
}
