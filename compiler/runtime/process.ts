import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { connectAdmin, type EnvoyAdmin, type ListenerAddress } from "./admin.js";
import { clearWithParent, endWithParent, leaveToProgram } from "./children.js";
import { runCommand } from "./command.js";
import { type Envoy, environmentOf, type Launch, launchOf } from "./launcher.js";
import { findings, OutputTail } from "./output.js";

export type LogLevel = "trace" | "debug" | "info" | "warning" | "error" | "critical" | "off";

/** A bootstrap, as a file or as YAML text (one of the two). */
export type ConfigSource = { configPath: string; configText?: never } | { configText: string; configPath?: never };

interface Common {
  /** Envoy's working directory: file names of modules in the configuration are relative to it. */
  workDir: string;
  /** Variables for Envoy beside the few it inherits (PATH, HOME, TMPDIR, TZ, LANG, SSL_CERT_*). Secrets go here. */
  env?: Readonly<Record<string, string>>;
}

export type StartOptions = Common &
  ConfigSource & {
    envoy: Envoy;
    /** Worker threads; default one a core. */
    concurrency?: number;
    /** Default `warning`, with Wasm modules at `info`. */
    logLevel?: LogLevel;
    /** By logger name; default `{ wasm: "info" }`. */
    componentLogLevels?: Readonly<Record<string, LogLevel>>;
    /** How long connections of a replaced listener are drained; Envoy's default is 600. */
    drainSeconds?: number;
    /** How long Envoy may hold lines of an access log back; its default is 10,000. */
    accessLogFlushMs?: number;
    /** Until `/ready` must say LIVE. Default 30,000. */
    readyTimeoutMs?: number;
    /** Between SIGTERM and SIGKILL. Default 5,000. */
    stopGraceMs?: number;
    /**
     * Once it is ready, signals that this program listens for end it no more, nor does Ctrl-C in the terminal: whoever started it stops it, and may
     * let it finish what it has before.
     */
    apart?: boolean;
    /** Gets the output as it comes, beside its being kept. */
    onOutput?: (stream: "stdout" | "stderr", text: string) => void;
  };

/** `code` or `signal` as Node reports them; both null when the process could not be started. */
export interface EnvoyExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

export interface RunningEnvoy {
  /** Of the binary; of a container, the command that runs it. */
  readonly pid: number;
  /** For example `http://127.0.0.1:40123`. */
  readonly adminUrl: string;
  readonly admin: EnvoyAdmin;
  /** Standard error: Envoy's log. The latest 32 Mi characters. */
  readonly log: OutputTail;
  /** Standard output: access logs written to /dev/stdout. The latest 32 Mi characters. */
  readonly output: OutputTail;
  /** Settles when the process is gone, whoever ended it; never rejects. */
  readonly exited: Promise<EnvoyExit>;
  listeners(): Promise<ListenerAddress[]>;
  logText(): string;
  /** SIGTERM, and SIGKILL after the grace period; resolves when the process is gone. May be called again. */
  stop(): Promise<EnvoyExit>;
}

/** Envoy did not come up. `findings` are the relevant log lines, the module's own first; the message holds them too. */
export class EnvoyStartError extends Error {
  readonly findings: readonly string[];
  readonly log: string;
  constructor(summary: string, log: string, found: readonly string[] = findings(log)) {
    super([summary, ...found].join("\n  "));
    this.name = "EnvoyStartError";
    this.findings = found;
    this.log = log;
  }
}

const OUTPUT_LIMIT = 32 * 1024 * 1024;
const POLL_MS = 15;
/** Wins over an admin section of the configuration: `--config-yaml` is merged over `-c`. */
const ADMIN_OVERLAY = JSON.stringify({
  admin: { address: { socket_address: { address: "127.0.0.1", port_value: 0 } }, ignore_global_conn_limit: true },
});

/**
 * Starts Envoy and resolves when it is LIVE and every worker has its listeners. The admin interface listens on a free
 * loopback port. The process ends with this one.
 * @throws EnvoyStartError if Envoy ends before that, or the time is up
 */
export async function startEnvoy(options: StartOptions): Promise<RunningEnvoy> {
  // At once and in one go: this process may be told to end while the configuration is written.
  const scratch = mkdtempSync(join(tmpdir(), "sluice-envoy-"));
  const isCleared = clearWithParent(() => rmSync(scratch, { recursive: true, force: true }));
  const adminPath = join(scratch, "admin");
  const config = await configFile(options, scratch);
  const launch = launchOf(options.envoy, commandLine(options, config, adminPath), {
    workDir: resolve(options.workDir),
    env: options.env ?? {},
    reads: [dirname(config)],
    writes: scratch,
  });
  const isGone = clearWithParent(() => launch.clearAtOnce());
  const started = begin(options.apart === true ? { ...launch, apart: true } : launch, options.onOutput);
  const cleaned = started.exited.then(async (exit) => {
    await launch.clear();
    isGone();
    await rm(scratch, { recursive: true, force: true });
    isCleared();
    return exit;
  });
  const stop = stopper(started.child, cleaned, options.stopGraceMs ?? 5_000);
  try {
    const admin = await awaitReady(started, adminPath, options.readyTimeoutMs ?? 30_000);
    if (options.apart === true) leaveToProgram(started.child);
    return {
      pid: started.child.pid ?? 0,
      adminUrl: admin.url,
      admin,
      log: started.log,
      output: started.output,
      exited: cleaned,
      listeners: () => admin.listeners(),
      logText: () => started.log.text(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

export type Validation = { ok: true } | { ok: false; findings: readonly string[]; log: string };

/** Runs `envoy --mode validate`, which also runs the modules' configuration callback. */
export async function validateConfig(
  options: Common & ConfigSource & { envoy: { path: string } },
): Promise<Validation> {
  const scratch = await mkdtemp(join(tmpdir(), "sluice-validate-"));
  try {
    const config = await configFile(options, scratch);
    const result = await runCommand(options.envoy.path, ["--mode", "validate", "-l", "warning", "-c", config], {
      env: environmentOf(options.env),
      cwd: options.workDir,
      timeoutMs: 60_000,
    });
    if (result.kind === "absent") return { ok: false, findings: [result.reason], log: "" };
    if (result.kind === "timeout") {
      return { ok: false, findings: ["Envoy did not finish within a minute"], log: result.stderr };
    }
    if (result.code === 0) return { ok: true };
    return { ok: false, findings: findings(result.stderr), log: result.stderr };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Started {
  child: ChildProcess;
  log: OutputTail;
  output: OutputTail;
  exited: Promise<EnvoyExit>;
  /** Set once the process is gone. */
  exit: { reason: string } | undefined;
}

function begin(launch: Launch, onOutput: StartOptions["onOutput"]): Started {
  const child = spawn(launch.file, launch.args, {
    cwd: launch.cwd,
    env: launch.env,
    detached: launch.apart,
    stdio: ["ignore", "pipe", "pipe"],
  });
  endWithParent(child);
  const log = new OutputTail(OUTPUT_LIMIT);
  const output = new OutputTail(OUTPUT_LIMIT);
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    log.append(text);
    onOutput?.("stderr", text);
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.append(text);
    onOutput?.("stdout", text);
  });
  let spawnError: string | undefined;
  child.on("error", (error) => {
    spawnError = error.message;
  });
  const exited = new Promise<EnvoyExit>((resolveExit) => {
    child.once("close", (code, signal) => {
      const how = signal === null ? `with status ${code}` : `by ${signal}`;
      started.exit = { reason: spawnError ?? `it ended ${how}` };
      resolveExit({ code: spawnError === undefined ? code : null, signal });
    });
  });
  const started: Started = { child, log, output, exited, exit: undefined };
  return started;
}

function commandLine(options: StartOptions, configPath: string, adminPath: string): string[] {
  const components = Object.entries(options.componentLogLevels ?? { wasm: "info" });
  return [
    ...["-c", configPath, "--config-yaml", ADMIN_OVERLAY, "--admin-address-path", adminPath],
    // Instead of a dynamic base id, which leaves a file in /dev/shm behind for every run.
    "--disable-hot-restart",
    // As strict about files that are read later as about the bootstrap; the default ignores their unknown fields.
    "--reject-unknown-dynamic-fields",
    ...["-l", options.logLevel ?? "warning"],
    ...(components.length === 0 ? [] : ["--component-log-level", components.map((pair) => pair.join(":")).join(",")]),
    ...(options.concurrency === undefined ? [] : ["--concurrency", String(options.concurrency)]),
    ...(options.accessLogFlushMs === undefined ? [] : ["--file-flush-interval-msec", String(options.accessLogFlushMs)]),
    ...(options.drainSeconds === undefined ? [] : ["--drain-time-s", String(options.drainSeconds)]),
  ];
}

async function configFile(source: ConfigSource, scratch: string): Promise<string> {
  if (source.configPath !== undefined) return resolve(source.configPath);
  const path = join(scratch, "envoy.yaml");
  await writeFile(path, source.configText, { mode: 0o600 });
  return path;
}

async function awaitReady(started: Started, adminPath: string, timeoutMs: number): Promise<EnvoyAdmin> {
  const deadline = Date.now() + timeoutMs;
  let admin: EnvoyAdmin | undefined;
  for (;;) {
    if (started.exit !== undefined) {
      throw new EnvoyStartError(`Envoy did not start: ${started.exit.reason}.`, started.log.text());
    }
    if (Date.now() > deadline) {
      throw new EnvoyStartError(`Envoy was not ready within ${timeoutMs} ms.`, started.log.text());
    }
    admin ??= await readAdminAddress(adminPath);
    if (admin !== undefined && (await isReady(admin))) return admin;
    await delay(POLL_MS);
  }
}

async function readAdminAddress(path: string): Promise<EnvoyAdmin | undefined> {
  try {
    const address = (await readFile(path, "utf8")).trim();
    return /:\d+$/.test(address) ? connectAdmin(address) : undefined;
  } catch {
    return undefined;
  }
}

/** LIVE comes a moment before the workers have their listeners; `workers_started` says that they do. */
async function isReady(admin: EnvoyAdmin): Promise<boolean> {
  try {
    const ready = await admin.get("/ready");
    if (ready.status !== 200 || ready.text.trim() !== "LIVE") return false;
    return (await admin.stats("^listener_manager\\.workers_started$")).get("listener_manager.workers_started") === 1;
  } catch {
    return false;
  }
}

function stopper(child: ChildProcess, exited: Promise<EnvoyExit>, graceMs: number): () => Promise<EnvoyExit> {
  let stopping: Promise<EnvoyExit> | undefined;
  return () => {
    stopping ??= (async () => {
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      try {
        return await exited;
      } finally {
        clearTimeout(timer);
      }
    })();
    return stopping;
  };
}
