import { resolve } from "node:path";
import { applyFixes, type Fixable, type FixLevel } from "../../diagnostics/fixing.js";
import { hideSecrets } from "../../diagnostics/render/hidden.js";
import { visible } from "../../diagnostics/render/visible.js";
import { type Report, reportOf, summaryOf, type Unread } from "../../diagnostics/report.js";
import { checkInput, INPUT_NAME } from "../../index.js";
import { hasErrors } from "../../pipeline.js";
import { formatSpan } from "../../syntax/source.js";
import { EXIT, UsageError } from "../exit.js";
import { checkAnyFile, checkableFiles, distinct, strayFragments, unreadable } from "../files.js";
import { standardInput } from "../input.js";
import { type Format, printReport } from "../print.js";
import { rewrite } from "../rewrite.js";

export interface CheckOptions {
  format: Format;
  failOn: "error" | "warning";
  /** True is `--fix` without a level: the safe ones. */
  fix?: FixLevel | true;
}

/** Stands for standard input among the paths. */
const STANDARD_INPUT = "-";

/** `sluice check`: every finding of every file. Nothing is written but, with `--fix`, the fixes. */
export async function checkCommand(paths: readonly string[], options: CheckOptions): Promise<number> {
  const isPiped = paths.includes(STANDARD_INPUT);
  if (isPiped && options.fix !== undefined)
    throw new UsageError("--fix has no file to write to where the policy comes by standard input; name the file");
  const unread: Unread[] = [];
  const named = paths.filter((path) => path !== STANDARD_INPUT);
  const files = once(named.flatMap((path) => readable(path, unread, () => checkableFiles(path)) ?? []));
  let fixed = 0;
  for (const file of options.fix === undefined ? [] : files) {
    const applied = await fixFile(file, options.fix === "suggested" ? "suggested" : "safe");
    // Told at once: what cannot be written ends the command, and the files before it are changed.
    printApplied(applied, options.format);
    fixed += applied.length;
  }
  const piped = isPiped ? [checkInput(await standardInput())] : [];
  const checked = [...piped, ...files.flatMap((file) => readable(file, unread, () => [checkAnyFile(file)]) ?? [])];
  const read = checked.flatMap((one) => one.files);
  const wrong = checked.flatMap(({ diagnostics, files: [main] }) => (main && hasErrors(diagnostics) ? [main] : []));
  const doubtful = [...wrong, ...unread.map(({ path }) => path)];
  const stray = named.flatMap((path) => readable(path, [], () => strayFragments(path, read, doubtful)) ?? []);
  const report = reportOf(distinct([...checked.flatMap((one) => one.diagnostics), ...stray]), {
    files: read,
    suppressed: checked.flatMap((one) => one.suppressed),
    unread,
  });
  printReport(report, options.format);
  if (options.format === "text") printOutcome(report, [...(isPiped ? [INPUT_NAME] : []), ...files], fixed);
  const failed = options.failOn === "warning" ? report.diagnostics.length > 0 : hasErrors(report.diagnostics);
  return failed || unread.length > 0 ? EXIT.findings : EXIT.ok;
}

/** Each file once, under the name that it has first. */
function once(files: readonly string[]): string[] {
  const seen = new Set<string>();
  return files.filter((file) => (seen.has(resolve(file)) ? false : seen.add(resolve(file))));
}

/** What a file or folder that cannot be read gives: nothing, and a note of it; the other ones are still checked. */
function readable<T>(path: string, unread: Unread[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const reason = unreadable(path, error);
    if (reason === undefined) throw error;
    unread.push({ path, reason });
    return undefined;
  }
}

/** Fixes a policy file and what it includes. A file that cannot be read is reported by the check that follows. */
async function fixFile(file: string, level: FixLevel): Promise<readonly Fixable[]> {
  const fixed = readable(file, [], () => applyFixes(level, (texts) => checkAnyFile(file, texts).diagnostics));
  if (fixed === undefined) return [];
  await rewrite(fixed.files);
  return fixed.applied;
}

function printApplied(applied: readonly Fixable[], format: Format): void {
  const stream = format === "text" ? process.stdout : process.stderr;
  for (const { diagnostic } of hideSecrets(applied))
    stream.write(`${visible(`${formatSpan(diagnostic.span)} ${diagnostic.code} ${diagnostic.fix?.title ?? ""}`)}\n`);
}

/** The last line, where the findings did not have one already. */
function printOutcome(report: Report, files: readonly string[], fixed: number): void {
  if (fixed > 0) process.stdout.write(`${fixed} fixed\n`);
  if (report.diagnostics.length > 0 || report.unread.length > 0) return;
  const summary = summaryOf(report);
  const what = files.length === 1 ? files[0] : `${files.length} files`;
  process.stdout.write(`${what}: no findings${summary === "" ? "" : `, ${summary}`}\n`);
}
