import { readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import { check, checkAny, fragmentPlace } from "../index.js";
import { formatSpan } from "../syntax/source.js";
import { EnvironmentError, UsageError } from "./exit.js";
import { filesBelow, isTestName, isYamlName } from "./folder.js";
import { makeFolder } from "./output.js";

/**
 * Policy files that the arguments name: files as they are, folders by their `.yaml` and `.yml` files, sorted. A fragment
 * in a folder is read through the gateway that includes it.
 */
export function policyFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statusOf(path).isDirectory()) return [regularFile(path)];
    const all = yamlFiles(path);
    const found = all.filter((file) => fragmentPlace(file) === undefined);
    if (found.length > 0) return found;
    throw new EnvironmentError(
      all.length === 0
        ? `${path}: the folder holds no .yaml file`
        : `${path}: the folder holds fragments only, and no gateway that includes them`,
    );
  });
}

/**
 * The files that an argument of `sluice check` names: policy files and those of tests. Of a folder its own YAML files, and
 * in the folders below it those that say `apiVersion: sluice/v1`.
 */
export function checkableFiles(path: string): string[] {
  if (!statusOf(path).isDirectory()) return [regularFile(path)];
  const all = filesUnder(path);
  const found = all.filter((file) => fragmentPlace(file) === undefined);
  if (found.length > 0) return found;
  throw new EnvironmentError(
    all.length === 0
      ? `${path}: the folder holds no .yaml file, and those below it none with \`apiVersion: sluice/v1\``
      : `${path}: the folder holds fragments only, and no gateway that includes them`,
  );
}

function filesUnder(folder: string): string[] {
  return [...yamlFiles(folder), ...yamlFiles(folder, "tests"), ...filesBelow(folder)];
}

function yamlFiles(folder: string, which: "policies" | "tests" = "policies"): string[] {
  return readdirSync(folder)
    .filter((name) => isYamlName(name) && isTestName(name) === (which === "tests"))
    .toSorted()
    .map((name) => regularFile(join(folder, name)));
}

/** The one policy file that a command works on; a folder will do if it holds only one. */
export function policyFile(path: string): string {
  const [first = path, second] = policyFiles([path]);
  if (second !== undefined)
    throw new UsageError(`${path} holds several policy files, such as ${first} and ${second}; name one`);
  return first;
}

/**
 * Findings about the fragments in a folder and below it that no gateway includes.
 *
 * @param read every file that the gateways are made of, as far as they could be read
 * @param doubtful files with errors: what a gateway includes, which is in its folder, may not be known then
 */
export function strayFragments(path: string, read: readonly string[], doubtful: readonly string[]): Diagnostic[] {
  if (!statusOf(path).isDirectory()) return [];
  const known = new Set(read.map((file) => realPath(file)));
  const unclear = doubtful.map((file) => `${dirname(realPath(file))}${sep}`);
  return filesUnder(path).flatMap((file) => {
    const real = realPath(file);
    if (known.has(real) || unclear.some((folder) => real.startsWith(folder))) return [];
    const place = fragmentPlace(file);
    return place === undefined ? [] : [diagnose("SL0709", {}, place)];
  });
}

/** Of a file that is named and does not exist, its path as it is. */
function realPath(path: string): string {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? path : realpathSync(path);
}

/** Each finding once, also if two gateways include the file that it is about. */
export function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics.filter(({ code, message, span }) => {
    const key = `${formatSpan(span)} ${code} ${message}`;
    return seen.has(key) ? false : seen.add(key);
  });
}

/** Reading a pipe or a device may never end. */
function regularFile(path: string): string {
  if (!statusOf(path).isFile()) throw new EnvironmentError(`${path}: neither a file nor a folder`);
  return path;
}

function statusOf(path: string): Stats {
  try {
    return statSync(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") throw new EnvironmentError(`${path}: no such file or folder`);
    throw new EnvironmentError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Reads and checks one policy file; what keeps it from being read is said in one line. */
export function checkFile(path: string, texts?: Texts): Planned {
  return checked(policyFile(path), texts, check);
}

/** The same for a file that may hold tests too. */
export function checkAnyFile(path: string, texts?: Texts): Planned {
  return checked(policyFile(path), texts, checkAny);
}

type Texts = Parameters<typeof check>[1];
type Planned = ReturnType<typeof check>;

function checked(file: string, texts: Texts, judge: typeof check): Planned {
  try {
    return judge(file, texts);
  } catch (error) {
    const reason = unreadable(file, error);
    throw reason === undefined ? error : new EnvironmentError(reason);
  }
}

/** Why a file cannot be read, in one line; undefined if the error is about something else. */
export function unreadable(path: string, error: unknown): string | undefined {
  if (error instanceof EnvironmentError) return error.message;
  return error instanceof Error && "code" in error && "syscall" in error ? `${path}: ${error.message}` : undefined;
}

export interface OutputFile {
  path: string;
  contents: string | Uint8Array;
}

/** Writes all files or none: each beside its place first, then all are renamed into it. */
export async function writeAll(folder: string, files: readonly OutputFile[]): Promise<void> {
  const staged: { from: string; to: string }[] = [];
  try {
    for (const file of files) {
      const to = join(folder, file.path);
      // A rename over a folder fails, and then some files would be in place and others not.
      if (statSync(to, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error(`${to} is a folder`);
      const from = `${to}.${process.pid}.tmp`;
      await makeFolder(dirname(to));
      staged.push({ from, to });
      await writeFile(from, file.contents);
    }
    for (const { from, to } of staged) await rename(from, to);
  } catch (error) {
    for (const { from } of staged) await rm(from, { force: true });
    throw new EnvironmentError(`cannot write to ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Bytes of a module that ships with this package. */
export async function moduleBytes(name: string): Promise<Uint8Array> {
  const path = join(modulesFolder(), name);
  try {
    return await readFile(path);
  } catch {
    throw new EnvironmentError(`${path} is missing; in a source tree, build it with: npm run build`);
  }
}

/** `dist/modules` of the package, both from the sources and from the built tree. */
export function modulesFolder(): string {
  return join(packageRoot(), "dist", "modules");
}

export function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (statSync(join(folder, "package.json"), { throwIfNoEntry: false }) === undefined) {
    const parent = dirname(folder);
    if (parent === folder) throw new EnvironmentError("the package of sluice is not complete: package.json is missing");
    folder = parent;
  }
  return folder;
}
