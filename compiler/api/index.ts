/**
 * The API of the package `sluicegate`. Each function does what the command of its name does, and gives data in place of
 * text: it prints nothing, writes no file outside of a temporary folder, and ends no process.
 */

import { targetNames } from "../index.js";

export type {
  Edit,
  Finding,
  Fix,
  Place,
  RelatedPlace,
  SuppressedFinding,
} from "../diagnostics/render/finding.js";
export { EnvironmentError } from "../runtime/environment-error.js";
export type {
  CaseDifference,
  CaseFailure,
  CaseOutcome,
  EngineName,
  FileOutcome,
  PolicyCoverage,
  TestOutcome,
  TestSummary,
  UncoveredPart,
} from "../testing/result.js";
export { type CheckResult, type CheckTextOptions, check, checkText } from "./check.js";
export { type Artifact, type CompileOptions, type CompileResult, compile } from "./compile.js";
export { type TestOptions, type TestResult, test } from "./test.js";

/** Names of what `compile` can compile for, sorted. */
export const targets: readonly string[] = targetNames;
