import { statSync } from "node:fs";
import { EnvironmentError } from "../cli/exit.js";
import { unreadable } from "../cli/files.js";
import type { Diagnostic, Suppressed } from "../diagnostics/diagnostic.js";
import { findingData } from "../diagnostics/render/json.js";
import { reportOf } from "../diagnostics/report.js";
import { hasErrors } from "../pipeline.js";
import type { CheckResult } from "./check.js";

/* Not for users: their types would need those of the compiler. */

/** Findings of the compiler, with the files that were read, as they are handed out. */
export function checkResult(checked: {
  readonly diagnostics: readonly Diagnostic[];
  readonly suppressed: readonly Suppressed[];
  readonly files: readonly string[];
}): CheckResult {
  const { diagnostics, suppressed, files } = reportOf(checked.diagnostics, checked);
  return { ok: !hasErrors(diagnostics), ...findingData(diagnostics, suppressed), files };
}

/**
 * What a function makes of a file.
 *
 * @throws EnvironmentError if it is no file, or cannot be read
 */
export function reading<T>(path: string, read: () => T): T {
  try {
    const status = statSync(path, { throwIfNoEntry: false });
    if (status === undefined) throw new EnvironmentError(`${path}: no such file`);
    if (!status.isFile()) throw new EnvironmentError(`${path}: not a file; name the file itself`);
    return read();
  } catch (error) {
    const reason = unreadable(path, error);
    throw reason === undefined ? error : new EnvironmentError(reason);
  }
}
