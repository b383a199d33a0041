import { createHash } from "node:crypto";
import { type FSWatcher, realpathSync, statSync, watch } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

export interface WatchOptions {
  /** Quiet time after the last event before the files are looked at. Default 80 ms. */
  debounceMs?: number;
  /** A folder can no longer be watched. Default: ignored. */
  onError?: (error: Error) => void;
}

export interface FileWatch {
  /**
   * Watches other files from now on, of which some or their folders may not exist yet.
   *
   * @returns true if there are files among them that were not watched before
   */
  follow(paths: readonly string[]): Promise<boolean>;
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
  for (const path of paths) statSync(dirname(resolve(path)));
  const watched = new WatchedFiles(onChange, options);
  try {
    await watched.follow(paths);
  } catch (error) {
    watched.close();
    throw error;
  }
  return watched;
}

interface WatchedFolder {
  readonly watcher: FSWatcher;
  /** A folder that was removed and made again has the same path, and the old watcher says nothing of it. */
  readonly inode: number;
}

class WatchedFiles implements FileWatch {
  private readonly onChange: (changed: readonly string[]) => void;
  private readonly options: WatchOptions;
  private readonly folders = new Map<string, WatchedFolder>();
  /** Digests by absolute path, of the files that are watched. */
  private files = new Map<string, string>();
  private timer: NodeJS.Timeout | undefined;
  private closed = false;
  /** One look at a time: a later one compares with what the earlier one saw. */
  private looking: Promise<unknown> = Promise.resolve();

  constructor(onChange: (changed: readonly string[]) => void, options: WatchOptions) {
    this.onChange = onChange;
    this.options = options;
  }

  follow(paths: readonly string[]): Promise<boolean> {
    const wanted = [...new Set(paths.map((path) => resolve(path)))];
    const following = this.looking.then(() => this.replaceFiles(wanted));
    // A failure is the caller's to handle; the next look must come in any case.
    this.looking = following.catch(() => false);
    return following;
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const { watcher } of this.folders.values()) watcher.close();
    this.folders.clear();
  }

  private async replaceFiles(wanted: readonly string[]): Promise<boolean> {
    const added = wanted.filter((file) => !this.files.has(file));
    this.watchFolders(wanted);
    const digests = new Map<string, string>();
    for (const file of wanted) digests.set(file, this.files.get(file) ?? (await digestOf(file)));
    this.files = digests;
    // A change of a new file between its first event and its digest was not scheduled; one look catches up.
    this.schedule();
    return added.length > 0;
  }

  private async look(): Promise<void> {
    const files = [...this.files.keys()];
    const isNew = this.watchFolders(files);
    const now = new Map<string, string>();
    for (const file of files) now.set(file, await digestOf(file));
    if (this.closed) return;
    const changed = files.filter((file) => this.files.get(file) !== now.get(file));
    this.files = now;
    if (changed.length > 0) this.onChange(changed);
    // What came into a new folder before it was watched has had no event.
    if (isNew) this.schedule();
  }

  private schedule(): void {
    if (this.closed) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.looking = this.looking.then(() => this.look()).catch((error: unknown) => this.fail(error));
    }, this.options.debounceMs ?? 80);
  }

  private fail(error: unknown): void {
    this.options.onError?.(error instanceof Error ? error : new Error(String(error)));
  }

  /** Watches the folders of these files and no others. True if one is watched that was not before. */
  private watchFolders(files: readonly string[]): boolean {
    if (this.closed) return false;
    const wanted = new Map(files.flatMap(foldersOf));
    for (const [path, { watcher, inode }] of this.folders)
      if (wanted.get(path) !== inode) {
        watcher.close();
        this.folders.delete(path);
      }
    const added = [...wanted].filter(([path]) => !this.folders.has(path));
    for (const [path, inode] of added) {
      const watcher = watch(path, () => this.schedule()).on("error", (error) => this.fail(error));
      this.folders.set(path, { watcher, inode });
    }
    return added.length > 0;
  }
}

/** The folder of a file and, if the file is a link, that of its target; instead of one that is not there, the nearest above. */
function foldersOf(file: string): [path: string, inode: number][] {
  const targets = [file];
  try {
    targets.push(realpathSync(file));
  } catch {
    // Not there yet, or its links lead nowhere: its own folder tells when that changes.
  }
  return targets.map((target) => nearestFolder(dirname(target)));
}

function nearestFolder(path: string): [path: string, inode: number] {
  const status = statSync(path, { throwIfNoEntry: false });
  const parent = dirname(path);
  return status?.isDirectory() === true || parent === path ? [path, status?.ino ?? 0] : nearestFolder(parent);
}

/** A larger file is told by its size and time: nothing reads it, and no change of it may cost more than this. */
const LARGEST_DIGEST = 16 * 1024 * 1024;

async function digestOf(file: string): Promise<string> {
  try {
    const status = await stat(file);
    // Reading a pipe or a device may never end.
    if (!status.isFile()) return "no file";
    if (status.size > LARGEST_DIGEST) return `${status.size} bytes at ${status.mtimeMs}`;
    return createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
  } catch {
    return "absent";
  }
}
