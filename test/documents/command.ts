import { spawn } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";

export interface Surroundings {
  cwd: string;
  /** Beside PATH and HOME. */
  env: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 50_000;

export interface Running {
  /** Standard output so far, once it contains a text. Rejects if the process ends before, or after 50 s. */
  until(text: string): Promise<string>;
  interrupt(): void;
  /** The exit code; null if a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly stdout: string;
  readonly stderr: string;
}

const MAIN = join(packageRoot(), "dist", "compiler", "cli", "main.js");

/** Starts the command that package.json names, as built in `dist`. */
export function startSluice(args: readonly string[], surroundings: Surroundings): Running {
  return start(process.execPath, [MAIN, ...args], surroundings);
}

/** Runs a line of a document in bash, as a reader would; `sluice` is the command as built in `dist`. */
export function runLine(line: string, surroundings: Surroundings): Promise<Outcome> {
  const sluice = 'sluice() { "$SLUICE_NODE" "$SLUICE_MAIN" "$@"; }';
  const env = { ...surroundings.env, SLUICE_NODE: process.execPath, SLUICE_MAIN: MAIN };
  return outcomeOf(start("bash", ["-c", `set -euo pipefail\n${sluice}\n${line}`], { ...surroundings, env }));
}

function start(program: string, args: readonly string[], { cwd, env }: Surroundings): Running {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(program, args, { cwd, env: { PATH, HOME, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  let changed: () => void = () => {};
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].setEncoding("utf8");
    child[stream].on("data", (text: string) => {
      output[stream] += text;
      changed();
    });
  }
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  let over = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      clearTimeout(timer);
      over = true;
      changed();
      resolve(code);
    });
  });
  return {
    ended,
    interrupt: () => void child.kill("SIGINT"),
    get stdout() {
      return output.stdout;
    },
    get stderr() {
      return output.stderr;
    },
    until: (text) =>
      new Promise((resolve, reject) => {
        changed = () => {
          if (output.stdout.includes(text)) resolve(output.stdout);
          else if (over) reject(new Error(`${args.join(" ")} ended without "${text}":\n${output.stderr}`));
        };
        changed();
      }),
  };
}

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs it to its end. */
export function runSluice(args: readonly string[], surroundings: Surroundings): Promise<Outcome> {
  return outcomeOf(startSluice(args, surroundings));
}

async function outcomeOf(running: Running): Promise<Outcome> {
  const code = await running.ended;
  return { code, stdout: running.stdout, stderr: running.stderr };
}
