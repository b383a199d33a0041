import { hasErrors } from "../../pipeline.js";
import { EXIT } from "../exit.js";
import { checkFile, policyFiles } from "../files.js";
import { type Format, printFindings } from "../print.js";

export interface CheckOptions {
  format: Format;
  failOn: "error" | "warning";
}

/** `sluice check`: every finding of every file; nothing is written. */
export function checkCommand(paths: readonly string[], options: CheckOptions): number {
  const files = policyFiles(paths);
  const diagnostics = files.flatMap((file) => checkFile(file).diagnostics);
  printFindings(diagnostics, options.format);
  const failed = options.failOn === "warning" ? diagnostics.length > 0 : hasErrors(diagnostics);
  if (!failed && options.format === "text" && diagnostics.length === 0)
    process.stdout.write(`${files.length === 1 ? files[0] : `${files.length} files`}: no findings\n`);
  return failed ? EXIT.findings : EXIT.ok;
}
