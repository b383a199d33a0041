import { basename, dirname, join, posix, relative } from "node:path";
import { LOCK_NAME, type Lock, type LockedModule, readLock } from "../lock/lock.js";
import { shownPath } from "../syntax/disk.js";
import { billName, pinOf } from "../wasm/bill.js";
import { contractOf, moduleNames } from "../wasm/contracts.js";
import type { FileVerdict } from "../wasm/report.js";
import { differences, type ModuleVerdict, sha256, verifyModule } from "../wasm/verify.js";
import { contentsIn, lockTextIn, wasmFilesIn } from "./compiled-folder.js";
import { EnvironmentError } from "./exit.js";
import { modulesFolder } from "./files.js";

export const UNVOUCHED = "has a digest that nothing vouches for";
export const SHIPPED = moduleNames.map((name) => `${name}.wasm`).join(", ");

/** The modules of this package, each held to the bill of materials that its build has written. */
export function verifiedPackage(): FileVerdict[] {
  return moduleNames.map((name) => verifiedFile(join(modulesFolder(), `${name}.wasm`)));
}

/**
 * A module by itself. The digest that it must have is that of the lock file in its folder or the one around it, if that names
 * it; else that of the module of the same name in this package.
 */
export function verifiedFile(path: string): FileVerdict {
  const bytes = contentsIn(dirname(path), basename(path));
  if (bytes === undefined) throw new EnvironmentError(`${path}: no such file or folder`);
  const verdict = verifyModule(bytes, contractOf(nameOf(path)));
  const locked = lockedAs(path);
  if (locked !== undefined) return againstLock(path, verdict, locked.module, locked.from);
  const pin = packagePin(path);
  if (pin === undefined)
    return verdictOf(path, verdict, [
      `${UNVOUCHED}: no ${LOCK_NAME} beside it names it, and sluice ships ${SHIPPED} only`,
    ]);
  return { ...verdictOf(path, verdict, wrongDigest(verdict.facts.sha256, pin)), pin };
}

/**
 * What was compiled into a folder: the files of the lock, and every module that is there.
 *
 * @throws EnvironmentError if there is no lock file
 */
export function verifiedFolder(folder: string): FileVerdict[] {
  const from = join(folder, LOCK_NAME);
  const text = lockTextIn(folder);
  if (text === undefined)
    throw new EnvironmentError(
      `${folder}: the folder holds no ${LOCK_NAME}, which \`sluice compile\` writes; name the .wasm files to verify them by themselves`,
    );
  const read = readLock(text);
  if (read.outcome === "damaged") return [{ path: from, faults: [`is no lock file that can be read: ${read.reason}`] }];
  const { lock } = read;
  const known = new Set(lock.modules.map(({ path }) => path));
  return [
    ...lock.files.map((file) => lockedText(folder, file, from)),
    ...lock.modules.map((module) => lockedModule(folder, module, from)),
    ...wasmFilesIn(folder)
      .filter((path) => !known.has(path))
      .map((path) => stray(join(folder, path), from)),
  ];
}

function lockedText(folder: string, file: Lock["files"][number], from: string): FileVerdict {
  const path = join(folder, file.path);
  const pin = { sha256: file.sha256, from };
  const bytes = contentsIn(folder, file.path);
  if (bytes === undefined) return { path, pin, faults: [missing(from)] };
  const found = { sha256: sha256(bytes), size: bytes.length };
  return { path, found, pin, faults: wrongDigest(found.sha256, pin) };
}

function lockedModule(folder: string, module: LockedModule, from: string): FileVerdict {
  const path = join(folder, module.path);
  const bytes = contentsIn(folder, module.path);
  if (bytes === undefined) return { path, pin: { sha256: module.sha256, from }, faults: [missing(from)] };
  return againstLock(path, verifyModule(bytes, contractOf(nameOf(path))), module, from);
}

function stray(path: string, from: string): FileVerdict {
  const bytes = contentsIn(dirname(path), basename(path));
  if (bytes === undefined) return { path, faults: ["is a link that leads nowhere"] };
  return verdictOf(path, verifyModule(bytes, contractOf(nameOf(path))), [`is not among the modules of ${from}`]);
}

function missing(from: string): string {
  return `is missing, and ${from} names it; compile again`;
}

function againstLock(path: string, verdict: ModuleVerdict, locked: LockedModule, from: string): FileVerdict {
  const pin = { sha256: locked.sha256, from };
  const { facts } = verdict;
  const faults = [
    ...wrongDigest(facts.sha256, pin),
    // Of another module this says nothing new.
    ...(facts.sha256 === locked.sha256 ? wrongEntry(verdict, locked, from) : []),
  ];
  return { ...verdictOf(path, verdict, faults), pin };
}

/** The lock says more of a module than its digest, and people read that. */
function wrongEntry({ facts }: ModuleVerdict, locked: LockedModule, from: string): string[] {
  const callable = [...facts.imports.map(bare), ...facts.exports.map(bare)];
  return [
    ...differences("imports", facts.imports, locked.imports),
    ...differences("exports", facts.exports, locked.exports),
    ...(facts.abi.join(" ") === locked.abi ? [] : [`speaks ABI ${facts.abi.join(" ")}, not ${locked.abi}`]),
    ...(facts.size === locked.size ? [] : [`has ${facts.size} bytes, not ${locked.size}`]),
    ...locked.capabilities
      .filter((name) => !callable.includes(name))
      .map((name) => `has no use for the capability ${name}`),
  ].map((fault) => `${fault} (by ${from})`);
}

/** `env.proxy_log` and `function malloc` by the name that a capability has. */
function bare(name: string): string {
  return name.replace(/^.*[. ]/, "");
}

function wrongDigest(found: string, { sha256: expected, from }: { sha256: string; from: string }): string[] {
  return found === expected
    ? []
    : [`has the digest ${found}, and ${from} says ${expected}; compile again, or find out who changed it`];
}

function verdictOf(path: string, { facts, faults }: ModuleVerdict, more: readonly string[]): FileVerdict {
  return { path, found: { sha256: facts.sha256, size: facts.size }, facts, faults: [...more, ...faults] };
}

function nameOf(path: string): string {
  return basename(path, ".wasm");
}

/** The entry of a module in the lock file of its folder, or of the folder around it. */
function lockedAs(path: string): { module: LockedModule; from: string } | undefined {
  for (const folder of [dirname(path), join(dirname(path), "..")]) {
    const text = lockTextIn(folder);
    if (text === undefined) continue;
    const from = join(folder, LOCK_NAME);
    const read = readLock(text);
    if (read.outcome === "damaged")
      throw new EnvironmentError(`${from}: this is no lock file that can be read: ${read.reason}`);
    const inner = posix.normalize(shownPath(relative(folder, path)));
    const module = read.lock.modules.find((one) => one.path === inner);
    if (module !== undefined) return { module, from };
  }
  return undefined;
}

/** What the build of this package says of the module of that name. */
export function packagePin(path: string): { sha256: string; from: string } | undefined {
  if (contractOf(nameOf(path)) === undefined) return undefined;
  const name = billName(basename(path));
  const from = join(modulesFolder(), name);
  const text = contentsIn(modulesFolder(), name)?.toString("utf8");
  const pin = text === undefined ? undefined : pinOf(text);
  if (pin?.name !== basename(path))
    throw new EnvironmentError(`${from} is not there or damaged; install the package again`);
  return { sha256: pin.sha256, from };
}
