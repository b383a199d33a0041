export { EnvironmentError } from "../runtime/environment-error.js";

/** Exit codes of `sluice`. */
export const EXIT = { ok: 0, findings: 1, usage: 3, internal: 4 } as const;

/** A call that cannot be carried out as it was written: printed without a stack, exit code 3. */
export class UsageError extends Error {
  override name = "UsageError";
}
