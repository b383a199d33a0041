import type { Planned } from "../../pipeline.js";
import type { GatewayPlan, ListenerPlan } from "../../plan/plan.js";
import { schemeOf } from "../../request/request.js";
import { EnvoyStartError } from "../../runtime/process.js";
import { type FileWatch, watchFiles } from "../../runtime/watch.js";
import { interrupted, requireEnvoy, requireEnvoyImage, secretsOf } from "../envoy.js";
import { EnvironmentError, EXIT } from "../exit.js";
import { checkFile, policyFile } from "../files.js";
import { printFindings } from "../print.js";
import { EMBEDDED_NOTICE, runEmbedded } from "../run/embedded.js";
import { runEnvoy } from "../run/envoy.js";
import type { PolicyServer } from "../run/policy-server.js";

export interface RunOptions {
  concurrency: number;
  accessLog?: boolean;
  /** Zone that Envoy is in. */
  zone?: string;
  /** The embedded host instead of Envoy. */
  embedded?: boolean;
  /** Envoy in a container. */
  docker?: boolean;
  /** A service that counts for all gateways beside Envoy. */
  withRatelimit?: boolean;
}

/**
 * `sluice run`: Envoy, or the embedded host, with the policy, until it is interrupted; a change of the file, or of one that it includes, is
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
  // Before an Envoy is fetched, which takes its time.
  const secrets = secretsOf(plan);
  const start = await starter(options);
  const ended = interrupted();
  const hurry = interrupted(2);
  const server = await start(plan, secrets);
  try {
    const planned = new Map(plan.listeners.map((listener) => [listener.name, listener]));
    for (const { name, address, port } of await server.listeners()) {
      const listener = planned.get(name);
      // The part of one that speaks HTTP/3 is at the same address.
      if (listener === undefined) continue;
      const host = address.includes(":") ? `[${address}]` : address;
      process.stdout.write(`${name}: ${schemeOf(listener)}://${host}:${port}${besides(listener)}\n`);
    }
    const others = included === 0 ? "" : ` and ${included} included ${included === 1 ? "file" : "files"}`;
    for (const line of [...server.about, `watching ${watched.file}${others}; Ctrl-C ends`])
      process.stdout.write(`${line}\n`);
    changes.handOver(() => takeOver(watched, server));
    const reason = await Promise.race([ended, server.ended]);
    if (reason === undefined) return EXIT.ok;
    throw new EnvironmentError(reason);
  } finally {
    await server.stop(hurry);
  }
}

/** What the address of a listener does not tell. */
function besides({ capturedBy, http3 }: ListenerPlan): string {
  if (capturedBy !== undefined) return `, captured by ${capturedBy}`;
  if (http3 === undefined) return "";
  return http3 === "only" ? ", by HTTP/3" : ", also by HTTP/3";
}

const WITHOUT_ENVOY =
  "Without Envoy, `sluice run --embedded` serves the policy for a first look; it is no production proxy.";

type Start = (plan: GatewayPlan, secrets: Readonly<Record<string, string>>) => Promise<PolicyServer>;

async function starter(options: RunOptions): Promise<Start> {
  const accessLog = options.accessLog === true;
  if (options.embedded === true) {
    process.stderr.write(`sluice: ${EMBEDDED_NOTICE}\n`);
    return (plan, secrets) => runEmbedded(plan, secrets, { accessLog });
  }
  const { concurrency } = options;
  const zone = options.zone === undefined ? {} : { zone: options.zone };
  const envoy = options.docker === true ? await requireEnvoyImage() : await requireEnvoy(WITHOUT_ENVOY);
  return (plan, secrets) =>
    runEnvoy(plan, secrets, { envoy, concurrency, accessLog, countsForAll: options.withRatelimit === true, ...zone });
}

async function takeOver(watched: WatchedPolicy, server: PolicyServer): Promise<void> {
  const plan = await changedPlan(watched);
  if (plan === undefined) return;
  const { isNews, says } = await server.takeOver(plan);
  process[isNews ? "stdout" : "stderr"].write(`${watched.file}: ${says}\n`);
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
