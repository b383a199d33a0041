import { createHash } from "node:crypto";
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { runCommand } from "../../../compiler/runtime/command.js";
import { cacheDirectory, fileDigest } from "../../../compiler/runtime/find.js";

// Makes the two SOAP stacks ready to run, once a machine: what is fetched and built stays in the cache of Sluice, under a
// name that changes with the sources. Everything is fetched by pip and Maven as their user has set them up, and checked by
// SHA-256.

const FOLDER = join(packageRoot(), "test", "soap", "servers");
/** The first time on a slow network. */
const TIMEOUT_MS = 8 * 60_000;

/** A Python 3 with what spyne needs, and the server that it runs. */
export interface Spyne {
  python: string;
  /** For PYTHONPATH. */
  packages: string;
  script: string;
}

/** @throws with what to do, if there is no Python or pip fetches nothing */
export async function prepareSpyne(): Promise<Spyne> {
  const packages = await pythonPackages("spyne", join(FOLDER, "spyne", "requirements.txt"));
  return { ...packages, script: join(FOLDER, "spyne", "crm.py") };
}

/**
 * A Python 3 with packages that a test needs.
 *
 * @param requirements a file that has the digest of each
 * @throws with what to do, if there is no Python or pip fetches nothing
 */
export async function pythonPackages(
  what: string,
  requirements: string,
): Promise<{ python: string /** For PYTHONPATH. */; packages: string }> {
  const python = process.env.SLUICE_PYTHON || "python3";
  // Wheels with code in C are for one version of Python.
  const tag = (
    await demand(python, ["-c", "import sys; print(sys.implementation.cache_tag)"], {
      fix: "Install Python 3 with pip, or set SLUICE_PYTHON to its path.",
    })
  ).trim();
  const name = `${what}-${tag}-${await digestOf([requirements])}`;
  const packages = await cached(name, async (folder) => {
    const args = ["-m", "pip", "install", "--quiet", "--no-input", "--require-hashes", "--target", folder];
    await demand(python, [...args, "-r", requirements], {
      fix: "Check the network and your pip settings (index, proxy, certificate).",
    });
  });
  return { python, packages };
}

/** @returns the class path. @throws with what to do, if there is no JDK or Maven, or what it fetches is not what is listed */
export async function prepareCxf(): Promise<string> {
  const source = join(FOLDER, "cxf");
  const files = (await readdir(source, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(source, "target")))
    .map((entry) => join(entry.parentPath, entry.name))
    .toSorted();
  const folder = await cached(`cxf-${await digestOf(files)}`, async (scratch) => {
    const project = join(scratch, "source");
    await cp(source, project, { recursive: true });
    await demand("mvn", ["--quiet", "--batch-mode", "--strict-checksums", "process-classes"], {
      cwd: project,
      fix: "Install a JDK 17 or newer and Maven (Debian: default-jdk-headless maven; .ci/prepare does), and check the network.",
    });
    await requireListed(join(project, "target", "libraries"), join(source, "libraries.sha256"));
    await rename(join(project, "target", "libraries"), join(scratch, "libraries"));
    await rename(join(project, "target", "classes"), join(scratch, "classes"));
    await rm(project, { recursive: true });
  });
  return `${join(folder, "classes")}:${join(folder, "libraries", "*")}`;
}

/** A folder of the cache, made by `make` if it is not there. Several processes may want it at once: each makes its own, and the first stays. */
async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const path = join(cacheDirectory(), "soap-servers", name);
  if (await isThere(path)) return path;
  await mkdir(dirname(path), { recursive: true });
  const scratch = await mkdtemp(join(dirname(path), ".new-"));
  try {
    await make(scratch);
    await rename(scratch, path).catch(async (error: unknown) => {
      if (!(await isThere(path))) throw error;
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  return path;
}

/** Every library is one of the list, and all of the list are there. */
async function requireListed(folder: string, list: string): Promise<void> {
  const names = (await readdir(folder)).toSorted();
  const lines = await Promise.all(names.map(async (name) => `${await fileDigest(join(folder, name))}  ${name}`));
  const wanted = new Set((await readFile(list, "utf8")).trimEnd().split("\n"));
  const strange = lines.filter((line) => !wanted.has(line));
  if (strange.length > 0 || lines.length !== wanted.size)
    throw new Error(`Maven did not fetch what ${list} has:\n${strange.join("\n")}`);
}

async function digestOf(files: readonly string[]): Promise<string> {
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

/** @returns standard output */
async function demand(
  file: string,
  args: readonly string[],
  { cwd, fix }: { cwd?: string; fix: string },
): Promise<string> {
  const result = await runCommand(file, args, { timeoutMs: TIMEOUT_MS, ...(cwd === undefined ? {} : { cwd }) });
  if (result.kind === "ended" && result.code === 0) return result.stdout;
  const said = result.kind === "absent" ? result.reason : `${result.stdout}${result.stderr}`.trim();
  const last = said.split("\n").slice(-12).join("\n");
  throw new Error(`${file} ${result.kind === "timeout" ? "took too long" : "failed"}: ${last}\n${fix}`);
}
