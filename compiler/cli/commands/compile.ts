import { posix } from "node:path";
import { type Diagnostic, diagnose } from "../../diagnostics/diagnostic.js";
import { type Report, reportOf } from "../../diagnostics/report.js";
import { type Compiled, compile, supportedBy } from "../../index.js";
import { type Difference, differences, pathsToRead } from "../../lock/compare.js";
import { filesOf, LOCK_NAME, type LockOptions, readLock } from "../../lock/lock.js";
import { shownPath } from "../../syntax/disk.js";
import { SourceFile, type Span } from "../../syntax/source.js";
import { DEFAULT_OPTIONS } from "../../targets/envoy/options.js";
import { reportJson, reportMarkdown } from "../../targets/report.js";
import { type Output, outputOf } from "../compiled.js";
import { contentsIn, digestsIn, liesIn, lockTextIn, wasmFilesIn } from "../compiled-folder.js";
import { EXIT, UsageError } from "../exit.js";
import { checkFile, policyFile, unreadable, writeAll } from "../files.js";
import { pinsOf } from "../pins.js";
import { type Format, printFindings, printReport } from "../print.js";
import { shellWord } from "../shell.js";
import type { REPORT_FORMATS } from "./compile-options.js";

export interface CompileOptions {
  target: string;
  out: string;
  modulesDir: string;
  format: Format;
  modules?: string;
  pin?: string;
  accessLog?: string;
  report?: (typeof REPORT_FORMATS)[number];
  check?: true;
}

/**
 * `sluice compile`: writes the target's files, the modules they refer to and the lock, all or none. With `--check` it writes
 * nothing, and every file that it would change is a finding.
 */
export async function compileCommand(path: string, options: CompileOptions): Promise<number> {
  if (options.report !== undefined) return reported(path, options.report, options.format);
  const { modulesDir, modules, pin, accessLog } = options;
  if (accessLog !== undefined && options.target === "envoy-gateway")
    throw new UsageError(
      "--access-log is nothing to Envoy Gateway, which logs as the policy says: give the listener an `accessLog`",
    );
  const chosen: LockOptions = {
    modulesDir,
    ...(modules === undefined ? {} : { modules }),
    ...(pin === undefined ? {} : { pin }),
    ...(accessLog === undefined ? {} : { accessLog }),
  };
  const { compiled, report } = await compilation(path, options.target, chosen);
  const output = compiled?.emission && (await outputOf(compiled.emission, compiled, chosen));
  if (output === undefined) {
    printReport(report, options.format);
    return EXIT.findings;
  }
  if (options.check) return checked(output, report, commandOf(path, options), options);
  printReport(report, options.format);
  const files = [...output.modules, ...output.artifacts, output.lockFile];
  const gone = outlived(options.out, output);
  await writeAll(options.out, files, gone);
  if (options.format === "text") {
    const written = [...output.artifacts, ...output.modules, output.lockFile].map(
      (file) => `wrote ${options.out}/${file.path}\n`,
    );
    process.stdout.write([...written, ...gone.map((file) => `removed ${options.out}/${file}\n`)].join(""));
  }
  return EXIT.ok;
}

/** What every target does with the policy, where there is one. */
async function reported(path: string, as: NonNullable<CompileOptions["report"]>, format: Format): Promise<number> {
  const { plan, diagnostics } = checkFile(path);
  if (plan === undefined) {
    printFindings(diagnostics, format);
    return EXIT.findings;
  }
  const targets = await supportedBy(plan);
  process.stdout.write(as === "json" ? reportJson(targets) : reportMarkdown(targets));
  return EXIT.ok;
}

/** A file that cannot be read is a report too, so that there is a document for machines. */
async function compilation(
  path: string,
  target: string,
  options: LockOptions,
): Promise<{ compiled?: Compiled; report: Report }> {
  try {
    const file = policyFile(path);
    const { pin, ...emitted } = options;
    const compiled = await compile(file, target, { ...emitted, pins: (modules) => pinsOf(modules, pin) });
    return { compiled, report: reportOf(compiled.diagnostics, { files: [file], suppressed: compiled.suppressed }) };
  } catch (error) {
    const reason = unreadable(path, error);
    if (reason === undefined) throw error;
    return { report: reportOf([], { unread: [{ path, reason }] }) };
  }
}

/** What an earlier compilation wrote into the folder, this one does not, and nobody has changed since. */
function outlived(folder: string, { lock }: Output): string[] {
  const read = readLock(lockTextIn(folder) ?? "");
  if (read.outcome === "damaged") return [];
  const stays = new Set([LOCK_NAME, ...filesOf(lock).map(({ path }) => path)]);
  const before = filesOf(read.lock).filter(({ path }) => !stays.has(path));
  const digests = digestsIn(
    folder,
    before.map(({ path }) => path),
  );
  // Whoever may write a lock must not have a file taken away that lies elsewhere.
  return before
    .filter(({ path, sha256 }) => digests.get(path) === sha256 && liesIn(folder, path))
    .map(({ path }) => path);
}

function checked(output: Output, report: Report, command: string, { out, format }: CompileOptions): number {
  const lock = lockTextIn(out);
  const paths = [...pathsToRead(output.lock, lock), ...wasmFilesIn(out)];
  const found = differences(output.lock, { ...(lock === undefined ? {} : { lock }), digests: digestsIn(out, paths) });
  const findings = found.map((difference) => finding(difference, output, out, command));
  const { diagnostics, suppressed, files } = report;
  printReport(reportOf([...diagnostics, ...findings], { suppressed, files }), format);
  if (findings.length > 0) return EXIT.findings;
  if (format === "text") process.stdout.write(`${out} is what the policy gives\n`);
  return EXIT.ok;
}

function finding({ path, kind, reason }: Difference, output: Output, out: string, command: string): Diagnostic {
  const span = firstDifference(path, output, out);
  switch (kind) {
    case "missing":
      return diagnose("SL1001", { reason, command }, span);
    case "outdated":
      return diagnose("SL1002", { reason, command }, span);
    case "edited":
      return diagnose("SL1003", { reason, command }, span);
    case "outlived":
      return diagnose("SL1004", { reason, fix: `run \`${command}\`` }, span);
    case "stray":
      return diagnose("SL1004", { reason, fix: "remove it" }, span);
    case "unreadable":
      return diagnose("SL1005", { reason, command }, span);
  }
}

/** The first line that would be another; the beginning of a file that is no text of ours. */
function firstDifference(path: string, { artifacts, lockFile }: Output, out: string): Span {
  const shown = posix.join(shownPath(out), path);
  const wanted = [...artifacts, lockFile].find((file) => file.path === path)?.contents;
  const there = wanted === undefined ? undefined : contentsIn(out, path)?.toString("utf8");
  if (wanted === undefined || there === undefined) return { source: new SourceFile(shown, ""), start: 0, end: 0 };
  const source = new SourceFile(shown, there);
  let at = 0;
  while (at < there.length && there[at] === wanted[at]) at++;
  const { start, end } = source.lineAround(at);
  return { source, start, end };
}

/** The command that writes what `--check` would like to see, for a shell. */
function commandOf(path: string, { target, out, modulesDir, modules, pin, accessLog }: CompileOptions): string {
  const options = [
    ...(target === "envoy" ? [] : ["--target", target]),
    "--out",
    out,
    ...(modulesDir === DEFAULT_OPTIONS.modulesDir ? [] : ["--modules-dir", modulesDir]),
    ...(modules === undefined ? [] : ["--modules", modules]),
    ...(pin === undefined ? [] : ["--pin", `sha256:${pin}`]),
    ...(accessLog === undefined ? [] : ["--access-log", accessLog]),
  ];
  return ["sluice", "compile", path, ...options].map(shellWord).join(" ");
}
