/** Exit codes of `sluice`. */
export const EXIT = { ok: 0, findings: 1, usage: 3, internal: 4 } as const;

/** A call that cannot be carried out as it was written: printed without a stack, exit code 3. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Something outside the program that failed, such as a file or a process: printed without a stack, exit code 1. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
}
