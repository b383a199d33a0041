import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { packageRoot } from "../../compiler/cli/files.js";
import { type CommandResult, runCommand } from "../../compiler/runtime/command.js";

/** A copy of the repository in a folder of its own, which a test may change. */
export interface Clone {
  folder: string;
  /** Runs a line in bash in it and gives standard output. @throws what it printed, if it does not exit with 0 */
  run(line: string, env?: Readonly<Record<string, string>>): Promise<string>;
  /** The same, whatever comes of it. */
  attempt(line: string, env?: Readonly<Record<string, string>>): Promise<CommandResult>;
  /** Paths of its files, but for what is built or installed. */
  files(): Promise<string[]>;
  remove(): Promise<void>;
}

const BUILT = ["compiler/envoy/generated", "dist"];
const STEP_MS = 280_000;

/** Copies the files that git knows or would take, with what was built of them; the packages are shared. */
export async function cloneRepository(): Promise<Clone> {
  const root = packageRoot();
  const folder = await mkdtemp(join(tmpdir(), "sluice-clone-"));
  const listed = await demanded("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], root);
  const present = new Set(await filesBelow(root));
  const paths = listed.split("\0").filter((path) => present.has(path));
  for (const parent of new Set(paths.map((path) => dirname(path))))
    await mkdir(join(folder, parent), { recursive: true });
  await Promise.all([
    ...paths.map((path) => cp(join(root, path), join(folder, path))),
    ...BUILT.map((path) => cp(join(root, path), join(folder, path), { recursive: true })),
    symlink(join(root, "node_modules"), join(folder, "node_modules")),
  ]);
  const attempt: Clone["attempt"] = (line, env = {}) =>
    runCommand("bash", ["-c", line], { cwd: folder, env: { ...process.env, ...env }, timeoutMs: STEP_MS });
  return {
    folder,
    attempt,
    run: async (line, env) => outputOf(line, await attempt(line, env)),
    files: () => filesBelow(folder),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

async function demanded(program: string, args: readonly string[], cwd: string): Promise<string> {
  return outputOf(program, await runCommand(program, args, { cwd, timeoutMs: STEP_MS }));
}

function outputOf(what: string, result: CommandResult): string {
  if (result.kind === "absent") throw new Error(`${what}: ${result.reason}`);
  if (result.kind === "ended" && result.code === 0) return result.stdout;
  throw new Error(`${what} failed:\n${result.stdout}${result.stderr}`);
}

async function filesBelow(root: string, folder = ""): Promise<string[]> {
  const skipped = new Set([".git", "node_modules", ...BUILT]);
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  const below = entries.map(async (entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (skipped.has(path)) return [];
    return entry.isDirectory() ? filesBelow(root, path) : [path];
  });
  return (await Promise.all(below)).flat().toSorted();
}
