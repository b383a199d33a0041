import { changesOf } from "./changes.js";
import { filesOf, LOCK_NAME, type Lock, readLock, textOf } from "./lock.js";

/** A file of an output folder that is not as a compilation would leave it. */
export interface Difference {
  /** From the output folder. */
  readonly path: string;
  readonly kind: "missing" | "outdated" | "edited" | "outlived" | "stray" | "unreadable";
  /** A clause without a full stop. */
  readonly reason: string;
}

/** What is in an output folder. */
export interface Found {
  /** The text of the lock file; absent if there is none. */
  readonly lock?: string;
  /** SHA-256 by path of every file that is there and asked for with `pathsToRead`, and of every `.wasm`. */
  readonly digests: ReadonlyMap<string, string>;
}

/** Paths whose digests `differences` wants: what would be written, and what the lock in the folder stands for. */
export function pathsToRead(wanted: Lock, lock: string | undefined): string[] {
  const before = lockIn(lock);
  return [...new Set([...filesOf(wanted), ...(before === undefined ? [] : filesOf(before))].map(({ path }) => path))];
}

function lockIn(text: string | undefined): Lock | undefined {
  const read = text === undefined ? undefined : readLock(text);
  return read?.outcome === "read" ? read.lock : undefined;
}

/** What `sluice compile` would change in a folder, sorted by path, and why; none if it would leave every byte. */
export function differences(wanted: Lock, found: Found): Difference[] {
  const before = lockIn(found.lock);
  const changes = before === undefined ? [] : changesOf(before, wanted);
  const expected = new Set(filesOf(wanted).map(({ path }) => path));
  return [
    ...ofLock(wanted, found, before, changes),
    ...filesOf(wanted).flatMap((file) => ofFile(file, found, before, changes)),
    ...[...found.digests].flatMap(([path, sha256]) => (expected.has(path) ? [] : [ofOther(path, sha256, before)])),
  ].toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

function ofLock(
  wanted: Lock,
  { lock: text, digests }: Found,
  before: Lock | undefined,
  changes: readonly string[],
): Difference[] {
  if (text === undefined)
    return [
      { path: LOCK_NAME, kind: "missing", reason: "nothing was compiled into this folder, or the file was removed" },
    ];
  if (text === textOf(wanted)) return [];
  if (before === undefined) {
    const read = readLock(text);
    return [{ path: LOCK_NAME, kind: "unreadable", reason: read.outcome === "damaged" ? read.reason : "" }];
  }
  if (changes.length > 0) return [{ path: LOCK_NAME, kind: "outdated", reason: changes.join("; ") }];
  // Of the same files there is one lock only. Of other files that are there as it says, it was written with them.
  const locked = filesOf(before);
  const isOfOthers = locked.some(
    ({ path, sha256 }) => !filesOf(wanted).some((file) => file.path === path && file.sha256 === sha256),
  );
  const isBorneOut = text === textOf(before) && locked.every(({ path, sha256 }) => digests.get(path) === sha256);
  return isOfOthers && isBorneOut
    ? [{ path: LOCK_NAME, kind: "outdated", reason: otherBuild(wanted) }]
    : [{ path: LOCK_NAME, kind: "edited", reason: "it is not what the compilation that it names has written" }];
}

function ofFile(
  { path, sha256 }: { path: string; sha256: string },
  { digests }: Found,
  before: Lock | undefined,
  changes: readonly string[],
): Difference[] {
  const there = digests.get(path);
  if (there === sha256) return [];
  if (before === undefined) {
    const reason =
      there === undefined
        ? "nothing was compiled into this folder"
        : `there is no ${LOCK_NAME} that says where it comes from`;
    return [{ path, kind: there === undefined ? "missing" : "outdated", reason }];
  }
  const locked = filesOf(before).find((file) => file.path === path)?.sha256;
  if (there === undefined)
    return [{ path, kind: "missing", reason: locked === undefined ? changes.join("; ") : "it was removed" }];
  if (there !== locked)
    return [{ path, kind: "edited", reason: `its SHA-256 is ${short(there)}, and ${LOCK_NAME} has ${short(locked)}` }];
  return [
    {
      path,
      kind: "outdated",
      reason: changes.length > 0 ? changes.join("; ") : `its SHA-256 is ${short(there)}, and would be ${short(sha256)}`,
    },
  ];
}

/** Only while one works on the compiler: a release writes one thing only. */
function otherBuild({ sluice }: Lock): string {
  return `another build of sluice ${sluice} has written it`;
}

/** A file that is there and would not be written: the next compilation removes what it finds as the last one left it. */
function ofOther(path: string, sha256: string, before: Lock | undefined): Difference {
  const locked = before === undefined ? undefined : filesOf(before).find((file) => file.path === path)?.sha256;
  if (locked === undefined)
    return { path, kind: "stray", reason: `no ${LOCK_NAME} names it, and Envoy could be told to load it` };
  return locked === sha256
    ? { path, kind: "outlived", reason: "an earlier compilation wrote it, and this one does not" }
    : { path, kind: "stray", reason: "an earlier compilation wrote it, and it was changed since" };
}

/** Enough to tell two digests apart. */
function short(sha256: string | undefined): string {
  return sha256 === undefined ? "none" : `${sha256.slice(0, 12)}…`;
}
