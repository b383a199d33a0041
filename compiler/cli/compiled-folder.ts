import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { dirname, join, posix, relative } from "node:path";
import { LOCK_NAME } from "../lock/lock.js";
import { sha256 } from "../wasm/verify.js";
import { EnvironmentError } from "./exit.js";

/** More than any file of a compilation has; whatever else lies in the folder is not read into memory. */
const FILE_LIMIT = 256 * 1024 * 1024;

/**
 * A file of a folder that was compiled into; undefined if nothing is there.
 *
 * @throws EnvironmentError if something is there that cannot be read
 */
export function contentsIn(folder: string, path: string): Buffer | undefined {
  const place = join(folder, path);
  try {
    const status = statSync(place, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    // Reading a pipe or a device may never end.
    if (!status.isFile()) throw new EnvironmentError(`${place}: not a file`);
    if (status.size > FILE_LIMIT) throw new EnvironmentError(`${place}: more than ${FILE_LIMIT / 1024 / 1024} MiB`);
    return readFileSync(place);
  } catch (error) {
    if (error instanceof EnvironmentError) throw error;
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOTDIR" || code === "ENOENT") return undefined;
    throw new EnvironmentError(`${place}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** The lock file of a folder as text; undefined if there is none. */
export function lockTextIn(folder: string): string | undefined {
  return contentsIn(folder, LOCK_NAME)?.toString("utf8");
}

/** SHA-256 by path, of those files that are there. */
export function digestsIn(folder: string, paths: readonly string[]): Map<string, string> {
  return new Map(
    paths.flatMap((path) => {
      const contents = contentsIn(folder, path);
      return contents === undefined ? [] : [[path, sha256(contents)] as const];
    }),
  );
}

/** Whether a file that is there lies in the folder itself, and is not shown there by a link to another folder. */
export function liesIn(folder: string, path: string): boolean {
  return (
    relative(realpathSync(folder), realpathSync(dirname(join(folder, path)))) ===
    posix.dirname(path).replace(/^\.$/, "")
  );
}

/** Every `.wasm` in a folder and below it, sorted, by path from there; links to folders are not followed. */
export function wasmFilesIn(folder: string, below = ""): string[] {
  const place = join(folder, below);
  if (statSync(place, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(place, { withFileTypes: true })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = posix.join(below, entry.name);
      if (entry.isDirectory()) return wasmFilesIn(folder, path);
      return entry.name.endsWith(".wasm") ? [path] : [];
    });
}
