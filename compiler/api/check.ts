import type { Finding, SuppressedFinding } from "../diagnostics/render/finding.js";
import { checkAny, checkText as checkPolicy } from "../index.js";
import { checkResult, reading } from "./result.js";

/** What is to be said about a file and those that belong to it. */
export interface CheckResult {
  /** True if no finding is an error: then the policy can be compiled, and the tests can be run. */
  readonly ok: boolean;
  /**
   * All of them, sorted by file and place. Of more than 1,000 errors or 1,000 warnings in one file those after are left
   * out, and a finding says how many.
   */
  readonly findings: readonly Finding[];
  /** Warnings that a comment in a file silences; they are not among the findings. */
  readonly suppressed: readonly SuppressedFinding[];
  /** Paths of the files that were read, the one that was named first; also of those that could not be. */
  readonly files: readonly string[];
}

/** What `checkText` takes beside the text. */
export interface CheckTextOptions {
  /** The name of the text in findings. Default `policy.yaml`. */
  readonly path?: string | undefined;
  /** Texts of the files that the policy can include, by their paths from its folder, with `/`. Default: none. */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

/**
 * Checks a policy file with all that it includes, or a file of tests with the policy that it is about. Reads files and
 * does nothing else.
 *
 * ```ts
 * const { ok, findings } = check("policy.yaml");
 * ```
 *
 * @param path of the file; findings name files by the same path
 * @returns also for a file that is not YAML at all: that is a finding
 * @throws EnvironmentError if the file cannot be read, because it is not there, or is a folder
 */
export function check(path: string): CheckResult {
  return checkResult(reading(path, () => checkAny(path)));
}

/**
 * Checks the text of a policy, as an editor has it. Reads no file.
 *
 * ```ts
 * const { findings } = checkText(text, { path: "policy.yaml", files: { "limits.yaml": limits } });
 * ```
 *
 * @param text a policy (`kind: Gateway`), or a part of one (`kind: Fragment`)
 * @returns a file that the policy includes and that is not among `files` is a finding
 */
export function checkText(text: string, options: CheckTextOptions = {}): CheckResult {
  return checkResult(checkPolicy(options.path ?? "policy.yaml", text, options.files));
}
