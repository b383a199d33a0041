import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { visibleJson } from "../../compiler/diagnostics/render/visible.js";
import type { Row } from "./row.js";

/** Megabytes of JavaScript objects that a command may keep. */
const MEMORY = 200;

export interface Outcome {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * Runs the built command with little memory and little time: seconds of the processor, which do not depend on what else
 * the machine does. Whoever takes more is killed.
 */
export function limited(args: readonly string[], cwd: string, seconds: number): Promise<Outcome> {
  const main = join(packageRoot(), "dist", "compiler", "cli", "main.js");
  if (!existsSync(main)) throw new Error(`${main} is not there: npm run build`);
  const command = [process.execPath, `--max-old-space-size=${MEMORY}`, main, ...args];
  const child = spawn("sh", ["-c", `ulimit -t ${seconds}; exec "$@"`, "sh", ...command], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** Rows on the disk, each in a folder of its own. */
export class Folders {
  readonly root: string;
  private readonly rows: readonly Row[];

  private constructor(root: string, rows: readonly Row[]) {
    this.root = root;
    this.rows = rows;
  }

  static async of(rows: readonly Row[]): Promise<Folders> {
    const folders = new Folders(await mkdtemp(join(tmpdir(), "sluice-hostile-")), rows);
    for (const [index, row] of rows.entries()) {
      const folder = join(folders.root, String(index));
      mkdirSync(folder);
      writeFileSync(join(folder, "policy.yaml"), typeof row.policy === "function" ? row.policy() : row.policy);
      row.beside?.(folder);
    }
    return folders;
  }

  /** From the root. */
  get policies(): string[] {
    return this.rows.map((_, index) => `${index}/policy.yaml`);
  }

  /** One line a row: its name, and every error with its place, or that it is accepted. */
  told(stdout: string): string {
    const all = findings.parse(JSON.parse(stdout));
    const lines = this.rows.map(({ name }, index) => {
      const errors = all.filter(({ file, severity }) => file.startsWith(`${index}/`) && severity === "error");
      return `${visibleJson(name)}: ${errors.length === 0 ? "accepted" : summary(errors.map(described))}\n`;
    });
    return lines.join("");
  }

  clear(): Promise<void> {
    return rm(this.root, { recursive: true, force: true });
  }
}

const findings = z.array(
  z.object({ file: z.string(), line: z.number(), column: z.number(), code: z.string(), severity: z.string() }),
);

type Finding = z.output<typeof findings>[number];

/** `SL0101 3:7`, and in another file than the policy `SL0101 x.yaml:3:7`. */
function described({ file, line, column, code }: Finding): string {
  const name = file.slice(file.indexOf("/") + 1);
  return `${code} ${name === "policy.yaml" ? "" : `${name}:`}${line}:${column}`;
}

const MOST_NAMED = 4;

function summary(errors: readonly string[]): string {
  const rest = errors.length - MOST_NAMED;
  return `${errors.slice(0, MOST_NAMED).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}
