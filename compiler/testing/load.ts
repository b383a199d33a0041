import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { hasErrors, type Planned } from "../pipeline.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { PolicyKind } from "../policy/kind.js";
import { readDocument } from "../syntax/document.js";
import type { SourceFile } from "../syntax/source.js";
import { type CheckedSuite, checkSuite } from "./check.js";
import { checkTestFile } from "./file.js";
import { policyLoader } from "./loader.js";
import { type RuleName, rulesOf } from "./rules.js";

/** A file of tests with the policy that it is about. */
export interface Tests {
  /** Of the file and of its policy. */
  diagnostics: Diagnostic[];
  /** Both and what the policy includes, as findings name them. */
  files: readonly string[];
  /** Absent if there is an error among the findings. */
  ready?: { suite: CheckedSuite; plan: GatewayPlan; rules: readonly RuleName[] };
}

/**
 * Reads a file of tests and its policy.
 *
 * @param check reads and checks a policy file
 * @returns undefined if the file does not say `kind: Test`
 */
export function loadTests(
  source: SourceFile,
  kinds: readonly PolicyKind[],
  check: (path: string) => Planned,
): Tests | undefined {
  let policy: Planned | undefined;
  const loader = policyLoader(source.path, (path) => {
    policy = check(path);
    return policy;
  });
  const own = checkTestFile(source, kinds, loader);
  const { root, diagnostics: unread } = readDocument(source);
  if (own === undefined) return root === undefined ? { diagnostics: unread, files: [source.path] } : undefined;
  const tests = { diagnostics: [...own.diagnostics, ...(policy?.diagnostics ?? [])], files: own.files };
  if (root?.kind !== "map" || hasErrors(tests.diagnostics)) return tests;
  const { checked } = checkSuite(root);
  const plan = policy?.plan;
  if (checked === undefined || plan === undefined) return tests;
  return { ...tests, ready: { suite: checked, plan, rules: rulesOf(plan, kinds) } };
}
