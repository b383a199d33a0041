import { posix } from "node:path";
import { type Diagnostic, diagnose, sortDiagnostics } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import type { Planned } from "../pipeline.js";
import { kindOf } from "../policy/files.js";
import type { PolicyKind } from "../policy/kind.js";
import { readDocument } from "../syntax/document.js";
import { scalarText } from "../syntax/edits.js";
import { silence } from "../syntax/ignores.js";
import type { SourceFile } from "../syntax/source.js";
import { type CheckedSuite, checkSuite } from "./check.js";
import type { PolicyLoader } from "./loader.js";
import { checkReferences } from "./references.js";

/**
 * Checks a file of tests, and its names against the policy file that it is about.
 *
 * @returns undefined if the file does not say `kind: Test`
 */
export function checkTestFile(
  source: SourceFile,
  kinds: readonly PolicyKind[],
  loader: PolicyLoader,
): Omit<Planned, "plan"> | undefined {
  const { root, diagnostics: unread } = readDocument(source);
  if (root?.kind !== "map" || kindOf(root) !== "Test") return undefined;
  const { checked, diagnostics: unfit } = checkSuite(root);
  const { files, diagnostics: unknown } = checked === undefined ? NOTHING : againstPolicy(checked, kinds, loader);
  const shown = silence(sortDiagnostics([...unread, ...unfit, ...unknown]), [{ source, root }]);
  return { ...shown, files: [source.path, ...files], sources: [source], isFragment: false };
}

const NOTHING = { files: [], diagnostics: [] };

function againstPolicy(
  checked: CheckedSuite,
  kinds: readonly PolicyKind[],
  loader: PolicyLoader,
): { files: readonly string[]; diagnostics: Diagnostic[] } {
  const path = checked.suite.policy;
  const policy = loader.check(path);
  if (policy === undefined) return { files: [], diagnostics: [missing(checked, loader.beside(path))] };
  if (policy.plan === undefined)
    return { files: policy.files, diagnostics: [diagnose("SL0802", { path }, checked.place(["policy"]))] };
  return { files: policy.files, diagnostics: checkReferences(checked, policy.plan, kinds) };
}

function missing({ suite, place }: CheckedSuite, known: readonly string[]): Diagnostic {
  const span = place(["policy"]);
  const suggestion = nearest(posix.normalize(suite.policy), known);
  if (suggestion === undefined) return diagnose("SL0801", { path: suite.policy, hint: "" }, span);
  const fix = {
    title: `write \`${suggestion}\``,
    safe: false,
    edits: [{ span, newText: scalarText(suggestion) }],
  };
  return diagnose("SL0801", { path: suite.policy, hint: `; did you mean \`${suggestion}\`?` }, span, { fix });
}
