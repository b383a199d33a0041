import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";

export interface WatchOptions {
  /** Quiet time after the last event before the files are looked at. Default 80 ms. */
  debounceMs?: number;
  /** A folder can no longer be watched. Default: ignored. */
  onError?: (error: Error) => void;
}

export interface FileWatch {
  /** No `onChange` begins after this. */
  close(): void;
}

/**
 * Calls `onChange` with the absolute paths of the files whose content changed, appeared or vanished. The folders are
 * watched, not the files: an editor that replaces a file by rename, or a mounted ConfigMap that swaps a link, takes a
 * watched file away. An event without a change of content is no change. Resolves when the first state has been read.
 * @throws the system's error if a folder of a path does not exist
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: (changed: readonly string[]) => void,
  options: WatchOptions = {},
): Promise<FileWatch> {
  const files = [...new Set(paths.map((path) => resolve(path)))];
  const watchers: FSWatcher[] = [];
  let digests: ReadonlyMap<string, string> = new Map();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let started = false;
  /** One look at a time: a later one compares with what the earlier one saw. */
  let looking: Promise<void> = Promise.resolve();

  const look = async () => {
    const now = await digestAll(files);
    if (closed) return;
    const changed = files.filter((file) => digests.get(file) !== now.get(file));
    digests = now;
    if (changed.length > 0) onChange(changed);
  };
  const schedule = () => {
    if (closed || !started) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      looking = looking.then(look);
    }, options.debounceMs ?? 80);
  };
  const close = () => {
    closed = true;
    clearTimeout(timer);
    for (const watcher of watchers) watcher.close();
  };

  try {
    for (const folder of new Set(files.map((file) => dirname(file)))) {
      watchers.push(watch(folder, schedule).on("error", (error) => options.onError?.(error)));
    }
  } catch (error) {
    close();
    throw error;
  }
  digests = await digestAll(files);
  started = true;
  // A change between the first event and this moment was not scheduled; one look catches up.
  schedule();
  return { close };
}

async function digestAll(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const entries = await Promise.all(files.map(async (file) => [file, await digestOf(file)] as const));
  return new Map(entries);
}

async function digestOf(file: string): Promise<string> {
  try {
    return createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  } catch {
    return "absent";
  }
}
