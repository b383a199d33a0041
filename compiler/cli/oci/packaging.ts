import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { readLock } from "../../lock/lock.js";
import type { Packaged } from "../../oci/image.js";
import { WRITER } from "../../oci/layout.js";
import { type Descriptor, readIndex, readManifest } from "../../oci/manifest.js";
import { blobPath, IMAGE_ANNOTATION, LAYOUT } from "../../oci/media.js";
import { billName, pinOf } from "../../wasm/bill.js";
import { moduleNames } from "../../wasm/contracts.js";
import type { FileVerdict } from "../../wasm/report.js";
import { contentsIn, liesIn, lockTextIn } from "../compiled-folder.js";
import { EnvironmentError } from "../exit.js";
import { modulesFolder } from "../files.js";
import { verifiedFile, verifiedFolder, verifiedPackage } from "../verification.js";

/** Modules, and what was found of them. */
export interface Found {
  readonly verdicts: readonly FileVerdict[];
  /** None if one is not as it must be. */
  readonly modules: readonly Packaged[];
}

/** @param path a module, or a folder that was compiled into; all modules of this package if absent */
export function modulesAt(path: string | undefined): Found {
  const verdicts =
    path === undefined
      ? verifiedPackage()
      : statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
        ? verifiedFolder(path)
        : [verifiedFile(path)];
  if (verdicts.some(({ faults }) => faults.length > 0)) return { verdicts, modules: [] };
  const versions = path === undefined ? new Map<string, string>() : lockedVersions(path);
  return { verdicts, modules: verdicts.flatMap((verdict) => packagedAs(verdict, versions)) };
}

/** @throws EnvironmentError if the file was changed since it was verified */
function packagedAs({ path, facts }: FileVerdict, versions: ReadonlyMap<string, string>): Packaged[] {
  if (facts === undefined) return [];
  const bytes = contentsIn(dirname(path), basename(path));
  const bill = billFor(path, facts.sha256);
  const version = bill?.version ?? versions.get(facts.sha256);
  if (bytes === undefined || bytes.length !== facts.size)
    throw new EnvironmentError(`${path}: somebody is changing the file`);
  return [
    {
      name: basename(path),
      bytes,
      facts,
      ...(version === undefined ? {} : { version }),
      ...(bill === undefined ? {} : { bill }),
    },
  ];
}

/** What a lock says of modules that this package does not have: they were compiled by another version. */
function lockedVersions(path: string): Map<string, string> {
  const folders = [path, dirname(path), join(dirname(path), "..")];
  const text = folders
    .map((folder) => (statSync(folder).isDirectory() ? lockTextIn(folder) : undefined))
    .find((one) => one !== undefined);
  const read = text === undefined ? undefined : readLock(text);
  if (read?.outcome !== "read") return new Map();
  return new Map(read.lock.modules.map(({ sha256, version }) => [sha256, version]));
}

/** The bill beside a module, or in this package, if it is about these very bytes. */
function billFor(path: string, sha256: string): { text: string; license: string; version: string } | undefined {
  const places = [dirname(path), modulesFolder()];
  const names = [billName(basename(path)), ...moduleNames.map((name) => billName(name))];
  for (const folder of places)
    for (const name of names) {
      const text = contentsIn(folder, name)?.toString("utf8");
      const pin = text === undefined ? undefined : pinOf(text);
      if (text !== undefined && pin?.sha256 === sha256) return { text, license: pin.license, version: pin.version };
    }
  return undefined;
}

/**
 * Files of the layout that was written before and that the next one does not have.
 *
 * @throws EnvironmentError if the folder holds something that is not such a layout
 */
export function leftovers(folder: string, next: readonly string[]): string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  const entries = readdirSync(folder);
  if (entries.length === 0) return [];
  const text = contentsIn(folder, LAYOUT.index)?.toString("utf8");
  const read = text === undefined ? undefined : readIndex(text);
  if (read?.outcome !== "read" || read.document.annotations?.[IMAGE_ANNOTATION.writer] !== WRITER)
    throw new EnvironmentError(
      `nothing was written; ${folder} holds something that is from no \`${WRITER}\`; name another folder, or empty it`,
    );
  const known = read.document.manifests.flatMap((descriptor) => [descriptor, ...namedBy(folder, descriptor)]);
  return [...new Set(known.map(({ digest }) => blobPath(digest)))].filter(
    (path) => !next.includes(path) && contentsIn(folder, path) !== undefined && liesIn(folder, path),
  );
}

function namedBy(folder: string, { digest }: Descriptor): Descriptor[] {
  const text = contentsIn(folder, blobPath(digest))?.toString("utf8");
  const read = text === undefined ? undefined : readManifest(text);
  return read?.outcome === "read" ? [read.document.config, ...read.document.layers] : [];
}
