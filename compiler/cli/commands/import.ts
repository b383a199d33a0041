import { lstatSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { reportOf } from "../../diagnostics/report.js";
import { importWsdl, type WsdlFiles } from "../../index.js";
import { NAME } from "../../policy/values.js";
import { folderLoader, readPolicyFile, shownPath } from "../../syntax/disk.js";
import { SourceFile } from "../../syntax/source.js";
import { EnvironmentError, EXIT, UsageError } from "../exit.js";
import { type OutputFile, unreadable, writeAll } from "../files.js";
import { printReport } from "../print.js";
import { shellWord } from "../shell.js";

export interface ImportWsdlOptions {
  out?: string;
  service?: string;
  port?: string;
  name?: string;
  only?: string[];
}

/**
 * `sluice import wsdl`: a policy that offers a SOAP service as REST, its tests and an OpenAPI document. Writes all of them, or
 * none where one of them is there. A WSDL that does not lie in the folder is copied into it, with all that it imports: a policy
 * names files of its own folder only.
 */
export async function importWsdlCommand(path: string, options: ImportWsdlOptions): Promise<number> {
  const { name, out = dirname(path) } = options;
  if (name !== undefined && !NAME.test(name))
    throw new UsageError(`${name} is no name of a gateway: use lower-case letters, digits and dashes`);
  if (statusOf(out)?.isDirectory() === false)
    throw new UsageError(`${out} is not a folder; name the folder to write to`);
  const wsdl = readFiles(path, out);
  if (wsdl === undefined) return EXIT.findings;
  const { files, report, diagnostics } = importWsdl(wsdl.files, options);
  printReport(reportOf(diagnostics), "text");
  if (files === undefined) return EXIT.findings;
  const all = [...files, ...copiesOf(wsdl, out)];
  const taken = all.filter((file) => statusOf(join(out, file.path)) !== undefined).map((file) => join(out, file.path));
  if (taken.length > 0) throw new EnvironmentError(`nothing was written; there is already ${taken.join(", ")}`);
  await writeAll(out, all);
  process.stdout.write(
    `${[...report, "", ...all.map((file) => `wrote ${join(out, file.path)}`), ...next(out)].join("\n")}\n`,
  );
  return EXIT.ok;
}

function next(out: string): string[] {
  const policy = shellWord(join(out, "policy.yaml"));
  return ["", "next:", `  sluice check ${shellWord(out)}`, `  sluice test ${shellWord(out)}`, `  sluice run ${policy}`];
}

interface ReadFiles {
  files: WsdlFiles;
  /** Where the paths of the files begin. */
  root: string;
  /** Those that were read, from there. */
  read: ReadonlySet<string>;
  isThere: boolean;
}

/** The WSDL, with paths from the folder of the policy; undefined after what is wrong with it was printed. */
function readFiles(path: string, out: string): ReadFiles | undefined {
  const loaded = mainFile(path);
  if (loaded.outcome === "damaged") {
    printReport(reportOf([loaded.finding]), "text");
    return undefined;
  }
  const within = withinOf(path, out);
  const root = within === undefined ? dirname(path) : out;
  const main = within ?? basename(path);
  // Files are named in findings as from the folder of the policy.
  const policy = new SourceFile(shownPath(join(root, "policy.yaml")), "");
  const { load } = folderLoader(policy, root, loaded.id);
  const read = new Set([main]);
  const noted = (inner: string) => {
    const found = load(inner);
    if (found.outcome === "read") read.add(inner);
    return found;
  };
  const files = { path: main, source: loaded.source, load: noted };
  return { files, root, read, isThere: within !== undefined };
}

function mainFile(path: string): ReturnType<typeof readPolicyFile> {
  try {
    return readPolicyFile(path);
  } catch (error) {
    const reason = unreadable(path, error) ?? (error instanceof Error ? error.message : String(error));
    throw new EnvironmentError(reason);
  }
}

/** The path of a file from a folder that it lies in. */
function withinOf(path: string, folder: string): string | undefined {
  if (statusOf(folder) === undefined) return undefined;
  const inner = relative(realpathSync(folder), realpathSync(path));
  return inner.startsWith("..") || inner.startsWith(sep) ? undefined : shownPath(inner);
}

/** Files of the service that the folder does not have; those that are there already, as they are, are left alone. */
function copiesOf({ root, read, isThere }: ReadFiles, out: string): OutputFile[] {
  if (isThere) return [];
  return [...read].flatMap((path) => {
    const contents = readFileSync(join(root, path));
    const there = join(out, path);
    const isSame = statusOf(there)?.isFile() === true && readFileSync(there).equals(contents);
    return isSame ? [] : [{ path, contents }];
  });
}

/** Of a link that leads nowhere the status is its own. */
function statusOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    throw new EnvironmentError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
