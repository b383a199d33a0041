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

/** Starts the command that package.json names, as built in `dist`. */
export function startSluice(args: readonly string[], { cwd, env }: Surroundings): Running {
  const main = join(packageRoot(), "dist", "compiler", "cli", "main.js");
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
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
          else if (over) reject(new Error(`sluice ${args.join(" ")} ended without "${text}":\n${output.stderr}`));
        };
        changed();
      }),
  };
}

/** Runs it to its end. */
export async function runSluice(
  args: readonly string[],
  surroundings: Surroundings,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = startSluice(args, surroundings);
  const code = await running.ended;
  return { code, stdout: running.stdout, stderr: running.stderr };
}
