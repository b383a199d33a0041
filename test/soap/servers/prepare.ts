import { cp, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { packageRoot } from "../../../compiler/cli/files.js";
import { fileDigest } from "../../../compiler/runtime/find.js";
import { cachedFolder, demand, digestOf } from "../../support/fetched.js";

// Makes the two SOAP stacks ready to run, once a machine.

const FOLDER = join(packageRoot(), "test", "soap", "servers");

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
  const packages = await cachedFolder(`soap-servers/${name}`, async (folder) => {
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
  const folder = await cachedFolder(`soap-servers/cxf-${await digestOf(files)}`, async (scratch) => {
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

/** Every library is one of the list, and all of the list are there. */
async function requireListed(folder: string, list: string): Promise<void> {
  const names = (await readdir(folder)).toSorted();
  const lines = await Promise.all(names.map(async (name) => `${await fileDigest(join(folder, name))}  ${name}`));
  const wanted = new Set((await readFile(list, "utf8")).trimEnd().split("\n"));
  const strange = lines.filter((line) => !wanted.has(line));
  if (strange.length > 0 || lines.length !== wanted.size)
    throw new Error(`Maven did not fetch what ${list} has:\n${strange.join("\n")}`);
}
