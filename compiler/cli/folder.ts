import { closeSync, type Dirent, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";

/** A YAML file by its name: of policies and their parts, or of tests. */
export function isYamlName(name: string): boolean {
  return /\.ya?ml$/.test(name);
}

export function isTestName(name: string): boolean {
  return /\.test\.ya?ml$/.test(name);
}

/** What others write: packages and what is built of the sources. Names with a dot are for tools. */
const LEFT_OUT = /^\.|^node_modules$|^dist$/;

/**
 * Files of the language in the folders below a folder, sorted: those that name its version under `apiVersion`. Other
 * YAML files have nothing to do with it. Links to folders are not followed.
 *
 * @throws Error (EACCES, ...) if a folder cannot be read
 */
export function filesBelow(folder: string): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() && !LEFT_OUT.test(entry.name) ? [...filesIn(path), ...filesBelow(path)] : [];
  });
}

function filesIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => isYamlName(entry.name))
    .map((entry) => join(folder, entry.name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true && namesTheLanguage(headOf(path)));
}

function entriesOf(folder: string): Dirent[] {
  return readdirSync(folder, { withFileTypes: true }).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** `apiVersion: sluice/v1`, also in flow style and in quotes; of whatever version, as an error then tells which is right. */
const API_VERSION = /\bapiVersion["']?\s*:\s*["']?sluice\b/;

/** As far as a file is looked at for its version, which stands at its beginning; in bytes. */
const HEAD_BYTES = 65_536;

/** Whoever reads a file that cannot be opened says why: it counts as one. */
function namesTheLanguage(head: string | undefined): boolean {
  return head === undefined || API_VERSION.test(head);
}

/** Names that say what a file is for. */
const CONVENTIONAL = /^(.*\.)?(policy|test)\.ya?ml$/;

const KIND = /^["']?kind["']?\s*:\s*["']?(Gateway|Fragment|Test)\b/m;
const ANY_VERSION = /^["']?apiVersion["']?\s*:/m;

/**
 * Whether a file in a folder that was named is one of the language. Beside its policies a folder may hold files for all sorts of tools; one
 * that forgot its `apiVersion` is to be told so.
 */
export function isMeant(folder: string, name: string): boolean {
  if (!isYamlName(name) || name.startsWith(".")) return false;
  if (CONVENTIONAL.test(name)) return true;
  const path = join(folder, name);
  // Reading a pipe may never end; whoever takes the file tells what it is.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return true;
  const head = headOf(path);
  return namesTheLanguage(head) || (head !== undefined && KIND.test(head) && !ANY_VERSION.test(head));
}

function headOf(path: string): string | undefined {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch {
    return undefined;
  }
  try {
    const bytes = Buffer.alloc(HEAD_BYTES);
    return bytes.toString("latin1", 0, readSync(file, bytes, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(file);
  }
}
