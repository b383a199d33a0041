import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder and those around it. The recursive `mkdir` of Node never returns where the system says of a folder in an
 * existing one that there is no such place, as below /proc.
 *
 * @throws Error (ENOENT, EACCES, ENOTDIR, ...) if one of them cannot be made
 */
export async function makeFolder(path: string): Promise<void> {
  if (await isThere(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  try {
    await mkdir(path);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if (!(await isThere(path))) throw error;
  }
}

/** @throws Error (ENOTDIR) if it is there and no folder */
async function isThere(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
  throw new Error(`${path} is not a folder`);
}

/** Codes of a stream whose reader has gone, as that of `sluice check | head` does. */
const READER_GONE: readonly unknown[] = ["EPIPE", "ERR_STREAM_DESTROYED"];

/**
 * Lets the command go on quietly when nobody reads what it prints.
 *
 * @param fail is told in one line why something else could not be printed, such as a disk that is full
 */
export function watchOutput(fail: (reason: string) => void): void {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error) => {
      if ("code" in error && READER_GONE.includes(error.code)) return;
      fail(`cannot print: ${error.message}`);
    });
}
