import { readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { copyFile, link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { type Diagnostic, diagnose } from "../diagnostics/diagnostic.js";
import type { Modules } from "../embedded/modules.js";
import { check, checkAny, fragmentPlace } from "../index.js";
import { formatSpan } from "../syntax/source.js";
import { billName, type Pin, pinOf } from "../wasm/bill.js";
import { sha256 } from "../wasm/verify.js";
import { EnvironmentError, UsageError } from "./exit.js";
import { filesBelow, isMeant, isTestName } from "./folder.js";
import { makeFolder } from "./output.js";

/**
 * Policy files that the arguments name: files as they are, folders by those in them, sorted. A fragment in a folder is read
 * through the gateway that includes it.
 */
export function policyFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statusOf(path).isDirectory()) return [regularFile(path)];
    const all = yamlFiles(path);
    const found = all.filter((file) => fragmentPlace(file) === undefined);
    if (found.length > 0) return found;
    throw new EnvironmentError(
      all.length === 0
        ? `${path}: the folder holds no policy.yaml, and no .yaml file with \`apiVersion: sluice/v1\``
        : `${path}: the folder holds fragments only, and no gateway that includes them`,
    );
  });
}

/**
 * The files that an argument of `sluice check` names: policy files and those of tests. Of a folder its own, and
 * in the folders below it those that say `apiVersion: sluice/v1`.
 */
export function checkableFiles(path: string): string[] {
  if (!statusOf(path).isDirectory()) return [regularFile(path)];
  const all = filesUnder(path);
  const found = all.filter((file) => fragmentPlace(file) === undefined);
  if (found.length > 0) return found;
  throw new EnvironmentError(
    all.length === 0
      ? `${path}: neither the folder nor those below it hold a .yaml file with \`apiVersion: sluice/v1\``
      : `${path}: the folder holds fragments only, and no gateway that includes them`,
  );
}

function filesUnder(folder: string): string[] {
  return [...yamlFiles(folder), ...yamlFiles(folder, "tests"), ...filesBelow(folder)];
}

function yamlFiles(folder: string, which: "policies" | "tests" = "policies"): string[] {
  return readdirSync(folder)
    .filter((name) => isTestName(name) === (which === "tests") && isMeant(folder, name))
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

/** What `sluice compile` and its like leave behind if one is ended in the middle; both are found beside the file. */
const suffixes = { next: `.${process.pid}.tmp`, before: `.${process.pid}.old` } as const;

/**
 * Writes all files or none: each beside its place first, then all are renamed into it, in their order. If one cannot be,
 * those before it are put back. At each moment a reader finds every file whole, the old one or the new one; only a process
 * that is killed between two renames leaves some of both.
 *
 * @param gone files that are taken away with it
 */
export async function writeAll(
  folder: string,
  files: readonly OutputFile[],
  gone: readonly string[] = [],
): Promise<void> {
  const staged: string[] = [];
  const replaced: Replaced[] = [];
  try {
    for (const { path, contents } of files) {
      const to = join(folder, path);
      // A rename over a folder fails.
      if (statSync(to, { throwIfNoEntry: false })?.isDirectory() === true) throw new Error(`${to} is a folder`);
      await makeFolder(dirname(to));
      staged.push(to);
      await writeFile(to + suffixes.next, contents);
    }
    for (const to of staged) {
      replaced.push({ to, kept: await keep(to) });
      await rename(to + suffixes.next, to);
    }
    for (const path of gone) {
      const to = join(folder, path);
      await rename(to, to + suffixes.before);
      replaced.push({ to, kept: true });
    }
  } catch (error) {
    const lost = [];
    for (const one of replaced.toReversed()) if (!(await putBack(one))) lost.push(one.to);
    for (const to of staged) await rm(to + suffixes.next, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    const rest =
      lost.length === 0 ? "" : `; what was there before is in ${lost.map((to) => to + suffixes.before).join(", ")}`;
    throw new EnvironmentError(`cannot write to ${folder}: ${reason}${rest}`);
  }
  for (const { to } of replaced) await rm(to + suffixes.before, { force: true });
}

interface Replaced {
  readonly to: string;
  /** False if nothing was there. */
  readonly kept: boolean;
}

/** A second name for what is there, so that it can be put back; it stays in its place until it is replaced. */
async function keep(to: string): Promise<boolean> {
  const before = to + suffixes.before;
  await rm(before, { force: true });
  try {
    await link(to, before);
    return true;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT") return false;
    // Not every file system has hard links.
    await copyFile(to, before);
    return true;
  }
}

/** @returns false if that failed too */
async function putBack({ to, kept }: Replaced): Promise<boolean> {
  try {
    if (kept) await rename(to + suffixes.before, to);
    else await rm(to, { force: true });
    // Where it was never replaced, both names are of one file, and then a rename does nothing.
    await rm(to + suffixes.before, { force: true });
    return true;
  } catch {
    return false;
  }
}

/**
 * Bytes of a module that ships with this package.
 *
 * @param name with `.wasm`
 * @throws EnvironmentError if it is not there, or is not what the build has written into the bill of materials beside it
 */
export async function moduleBytes(name: string): Promise<Uint8Array> {
  return (await shippedModule(name)).bytes;
}

/** The same, with its pin. */
export async function shippedModule(name: string): Promise<{ bytes: Uint8Array; pin: Pin }> {
  const path = join(modulesFolder(), name);
  const billPath = join(modulesFolder(), billName(name));
  const [bytes, bill] = await Promise.all([partOfPackage(path), partOfPackage(billPath)]);
  const pin = pinOf(bill.toString("utf8"));
  if (pin?.name !== name || pin.sha256 !== sha256(bytes))
    throw new EnvironmentError(
      `${path} is not the module that ${billPath} is about; install the package again, or in a source tree: npm run build`,
    );
  return { bytes, pin };
}

/** The modules that the embedded host runs. */
export async function embeddedModules(): Promise<Modules> {
  return { guard: await moduleBytes("guard.wasm"), body: await moduleBytes("body.wasm") };
}

async function partOfPackage(path: string): Promise<Buffer> {
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
