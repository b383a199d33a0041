import { isUtf8 } from "node:buffer";
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { diagnose } from "../diagnostics/diagnostic.js";
import { besideOf, type Loaded, type Loader } from "./loader.js";
import { SourceFile } from "./source.js";
import { FILE_LIMIT } from "./text.js";

/*
 * The one place of the compiler's stages that reads the disk: the policy file and what it includes, and nothing that
 * is not a regular file or does not lie in the folder of the policy file.
 */

/**
 * Reads a policy file.
 *
 * @param path as it is to be named in findings
 * @throws Error (ENOENT, EACCES, ...) if the file cannot be opened; Error if it is a folder, a device or a pipe
 */
export function readPolicyFile(path: string): Extract<Loaded, { outcome: "read" | "damaged" }> {
  const loaded = read(path, shownPath(path));
  if (loaded.outcome === "not-a-file") throw new Error(`${path}: this is ${loaded.what}, not a file`);
  return loaded;
}

/** Reads what a policy file includes. */
export function diskLoader(main: SourceFile, path: string): Loader {
  return folderLoader(main, dirname(path), realpathSync(path));
}

/**
 * Reads what a policy includes that lies in no file.
 *
 * @param folder stands for that of the file
 * @param id of the policy
 */
export function folderLoader(main: SourceFile, folder: string, id: string): Loader {
  const root = realpathSync(folder);
  return {
    main: id,
    load: (inner) => {
      try {
        const real = realpathSync(join(folder, inner));
        if (!real.startsWith(root.endsWith(sep) ? root : root + sep)) return { outcome: "outside" };
        return read(real, besideOf(main, inner));
      } catch (error) {
        return problemOf(error);
      }
    },
    known: (extension) => filesBelow(folder, XML.test(extension) ? XML : YAML),
  };
}

function problemOf(error: unknown): Loaded {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG") return { outcome: "missing" };
  if (typeof code === "string") return { outcome: "unreadable", reason: code };
  throw error;
}

function read(path: string, shown: string): Extract<Loaded, { outcome: "read" | "damaged" | "not-a-file" }> {
  // Opening a pipe would wait for somebody to write.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const status = fstatSync(file);
    if (status.isDirectory()) return { outcome: "not-a-file", what: "a folder" };
    if (!status.isFile()) return { outcome: "not-a-file", what: "a device, a pipe or a socket" };
    if (status.size > FILE_LIMIT) return tooLarge(shown, status.size);
    return readBytes(contents(file), shown, realpathSync(path));
  } finally {
    closeSync(file);
  }
}

/**
 * Bytes as a file would be read that holds them.
 *
 * @param shown the name of the source in findings
 * @param id see `Loaded`
 */
export function readBytes(
  bytes: Buffer,
  shown: string,
  id: string = shown,
): Extract<Loaded, { outcome: "read" | "damaged" }> {
  if (bytes.length > FILE_LIMIT) return tooLarge(shown, bytes.length);
  const source = new SourceFile(shown, bytes.toString("utf8"));
  if (isUtf8(bytes)) return { outcome: "read", id, source };
  const start = bytes.toString("utf8", 0, firstBadByte(bytes, source.text)).length;
  return { outcome: "damaged", finding: diagnose("SL0020", {}, { source, start, end: start + 1 }) };
}

/** One byte more than the limit at most: a file can grow while it is read, and those of /proc have no size. */
function contents(file: number): Buffer {
  const bytes = Buffer.allocUnsafe(FILE_LIMIT + 1);
  let length = 0;
  for (;;) {
    const count = readSync(file, bytes, length, bytes.length - length, null);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
  }
}

function tooLarge(shown: string, size: number): Extract<Loaded, { outcome: "damaged" }> {
  const span = { source: new SourceFile(shown, ""), start: 0, end: 0 };
  return { outcome: "damaged", finding: diagnose("SL0005", { size, limit: FILE_LIMIT }, span) };
}

/** Where the text, written again, differs from the bytes that it was read from. */
function firstBadByte(bytes: Buffer, text: string): number {
  const again = Buffer.from(text);
  let at = 0;
  while (at < bytes.length && bytes[at] === again[at]) at++;
  // The mark that stands for bad bytes may begin as they do.
  while (!isUtf8(bytes.subarray(0, at))) at--;
  return at;
}

const MOST_NAMES = 1_000;
const MOST_LEVELS = 4;
const YAML = /\.ya?ml$/;
const XML = /\.(wsdl|xsd)$/;

/** Files of a kind in a folder and in those in it, sorted; hidden folders and packages are left out. */
function filesBelow(folder: string, kind: RegExp, prefix = "", levels = MOST_LEVELS): string[] {
  if (levels === 0) return [];
  try {
    const entries = readdirSync(join(folder, prefix), { withFileTypes: true }).slice(0, MOST_NAMES);
    return entries
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => {
        const path = `${prefix}${entry.name}`;
        if (!entry.isDirectory()) return kind.test(entry.name) ? [path] : [];
        return /^\.|^node_modules$/.test(entry.name) ? [] : filesBelow(folder, kind, `${path}/`, levels - 1);
      })
      .slice(0, MOST_NAMES);
  } catch {
    // Only a suggestion is lost; the finding that asks for it is reported in any case.
    return [];
  }
}

/** A path as findings name it: with `/`. Only on Windows is a backslash no letter of a name. */
export function shownPath(path: string): string {
  return sep === "\\" ? path.replaceAll("\\", "/") : path;
}
