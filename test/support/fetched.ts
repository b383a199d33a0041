import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runCommand } from "../../compiler/runtime/command.js";
import { cacheDirectory } from "../../compiler/runtime/find.js";

// What tests fetch and build of others stays in the cache of Sluice, once a machine, under a name that changes with its
// sources. It is fetched by the clients of pip, Maven and Go as their user has set them up, and checked by SHA-256.

/** The first time on a slow network. */
const TIMEOUT_MS = 8 * 60_000;

/**
 * A folder of the cache, made by `make` if it is not there. Several processes may want it at once: each makes its own, and the
 * first stays.
 *
 * @param path below the cache, with `/`
 */
export async function cachedFolder(path: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheDirectory(), path);
  if (await isThere(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true });
  const scratch = await mkdtemp(join(dirname(folder), ".new-"));
  try {
    await make(scratch);
    await rename(scratch, folder).catch(async (error: unknown) => {
      if (!(await isThere(folder))) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return folder;
}

/** Changes with the bytes of the files and their order. */
export async function digestOf(files: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const file of files) hash.update(await readFile(file)).update("\0");
  return hash.digest("hex").slice(0, 16);
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * @param fix what to do if it fails
 * @param timeoutMs for what takes long even where nothing is fetched
 * @returns standard output
 */
export async function demand(
  file: string,
  args: readonly string[],
  {
    cwd,
    env = {},
    fix,
    timeoutMs = TIMEOUT_MS,
  }: { cwd?: string; env?: Readonly<Record<string, string>>; fix: string; timeoutMs?: number },
): Promise<string> {
  const result = await runCommand(file, args, {
    timeoutMs,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (result.kind === "ended" && result.code === 0) return result.stdout;
  const said = result.kind === "absent" ? result.reason : `${result.stdout}${result.stderr}`.trim();
  const last = said.split("\n").slice(-12).join("\n");
  throw new Error(`${file} ${result.kind === "timeout" ? "took too long" : "failed"}: ${last}\n${fix}`);
}
