import { spawn } from "node:child_process";

/** What became of a short-lived command. `absent`: it could not be started at all. */
export type CommandResult =
  | { kind: "absent"; reason: string }
  | { kind: "timeout"; stdout: string; stderr: string }
  | { kind: "ended"; code: number | null; stdout: string; stderr: string };

export interface CommandOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Milliseconds until the command is killed. */
  timeoutMs: number;
}

/** Runs a command without a shell and without input, and collects its output. Never rejects. */
export function runCommand(file: string, args: readonly string[], options: CommandOptions): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env ?? process.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = "";
    let stderr = "";
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      child.kill("SIGKILL");
    }, options.timeoutMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.on("error", (error) => {
      clearTimeout(timer);
      resolve({ kind: "absent", reason: error.message });
    });
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve(late ? { kind: "timeout", stdout, stderr } : { kind: "ended", code, stdout, stderr });
    });
  });
}
