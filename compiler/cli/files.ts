import { readdirSync, type Stats, statSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { check } from "../index.js";
import { EnvironmentError, UsageError } from "./exit.js";

/** Policy files that the arguments name: files as they are, folders by their `.yaml` and `.yml` files, sorted. */
export function policyFiles(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (!statusOf(path).isDirectory()) return [regularFile(path)];
    const found = readdirSync(path)
      .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name))
      .toSorted();
    if (found.length === 0) throw new EnvironmentError(`${path}: the folder holds no .yaml file`);
    return found.map((name) => regularFile(join(path, name)));
  });
}

/** The one policy file that a command works on; a folder will do if it holds only one. */
export function policyFile(path: string): string {
  const [first = path, second] = policyFiles([path]);
  if (second !== undefined)
    throw new UsageError(`${path} holds several policy files, such as ${first} and ${second}; name one`);
  return first;
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
export function checkFile(path: string): ReturnType<typeof check> {
  const file = policyFile(path);
  try {
    return check(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && "syscall" in error)
      throw new EnvironmentError(`${file}: ${error.message}`);
    throw error;
  }
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
      await mkdir(dirname(to), { recursive: true });
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
