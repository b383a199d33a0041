import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { requireEnvoy } from "../../support/envoy.js";
import { until } from "./until.js";

export interface CliOptions {
  /** Beside those that this process has; `undefined` takes one away. */
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
}

export interface CliResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface RunningCli {
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  /** Waits for a text on standard output, and gives its groups. */
  prints(pattern: RegExp): Promise<RegExpMatchArray>;
  /** The same on standard error. */
  reports(pattern: RegExp): Promise<RegExpMatchArray>;
  signal(name: NodeJS.Signals): void;
  /** As a terminal does on Ctrl-C: to the process and to all its children. */
  signalGroup(name: NodeJS.Signals): void;
  /** Processes that it started and that are alive. */
  children(): number[];
  /** What it keeps in its temporary folder. */
  leftovers(): Promise<string[]>;
  /** Settles when it has ended. */
  readonly ended: Promise<CliResult>;
  /** Kills it if it still runs, and takes its temporary folder away. */
  clear(): Promise<void>;
}

/** Runs `sluice` to its end. */
export async function sluice(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const running = await startSluice(args, options);
  try {
    return await running.ended;
  } finally {
    await running.clear();
  }
}

/** Starts the built `sluice`, with a temporary folder of its own and with the Envoy of this test run. */
export async function startSluice(args: readonly string[], options: CliOptions = {}): Promise<RunningCli> {
  const main = join(packageRoot(), "dist", "compiler", "cli", "main.js");
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`);
  const temporary = await mkdtemp(join(tmpdir(), "sluice-e2e-"));
  const env = { ...process.env, SLUICE_ENVOY: (await requireEnvoy()).path, TMPDIR: temporary, ...options.env };
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.cwd ?? packageRoot(),
    env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
    stdio: ["ignore", "pipe", "pipe"],
    // A process group of its own, for signalGroup.
    detached: true,
  });
  return watched(child, temporary);
}

function watched(child: ChildProcess, temporary: string): RunningCli {
  const pid = child.pid ?? 0;
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  let result: CliResult | undefined;
  const ended = new Promise<CliResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      result = { code, signal, stdout, stderr };
      resolve(result);
    });
  });
  const awaitText = (pattern: RegExp, text: () => string) =>
    until(`${pattern}`, () => {
      const match = pattern.exec(text());
      if (match === null && result !== undefined) throw new Error(`it ended without ${pattern}:\n${stdout}\n${stderr}`);
      return match ?? undefined;
    });
  return {
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    prints: (pattern) => awaitText(pattern, () => stdout),
    reports: (pattern) => awaitText(pattern, () => stderr),
    signal: (name) => void child.kill(name),
    signalGroup: (name) => void process.kill(-pid, name),
    children: () => childrenOf(pid),
    leftovers: () => readdir(temporary),
    ended,
    async clear() {
      // Its own handlers end Envoy; SIGKILL would leave it behind.
      if (result === undefined) child.kill("SIGTERM");
      await ended;
      await rm(temporary, { recursive: true, force: true });
    },
  };
}

/** Linux only, as is the Envoy that can be fetched. */
function childrenOf(parent: number): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      // `pid (name) state ppid ...`, and the name may hold anything.
      const [, state, ppid] = /\) (\S) (\d+) [^)]*$/.exec(readFileSync(`/proc/${name}/stat`, "utf8")) ?? [];
      return Number(ppid) === parent && state !== "Z" ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** True if somebody takes connections on a loopback port. */
export function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
