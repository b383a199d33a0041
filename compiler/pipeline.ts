import type { Part } from "./diagnostics/catalog/entry.js";
import { needsOf } from "./diagnostics/catalog.js";
import { type Diagnostic, diagnose, type Suppressed, sortDiagnostics } from "./diagnostics/diagnostic.js";
import { bodyConfiguration } from "./plan/body.js";
import { buildPlan } from "./plan/build.js";
import { guardConfiguration, LOGGED_RESULTS } from "./plan/guard.js";
import { lint } from "./plan/lint/lint.js";
import type { GatewayPlan } from "./plan/plan.js";
import { checkGateway } from "./policy/check.js";
import { type GatewayFiles, kindOf, readGatewayFiles } from "./policy/files.js";
import type { PolicyKind } from "./policy/kind.js";
import { NamedFiles } from "./policy/named-files.js";
import { silence } from "./syntax/ignores.js";
import type { Loader } from "./syntax/loader.js";
import type { SourceFile } from "./syntax/source.js";
import type { Emission } from "./targets/target.js";

/*
 * policy.yaml -> read -> merge -> check -> plan -> lint -> emit(target) -> verify
 */

export interface Planned {
  /** Absent if there is an error among the diagnostics. */
  plan?: GatewayPlan;
  /** All findings but the silenced ones, sorted by path, place and code. */
  diagnostics: Diagnostic[];
  /** Warnings that a comment in a file silences, in the same order. */
  suppressed: Suppressed[];
  /** Paths of the files that the gateway is made of, the main one first, as findings name them; also unreadable ones. */
  files: readonly string[];
  /** Those of them that could be read as YAML, the main one first. */
  sources: readonly SourceFile[];
  /** True if the file is a part of a gateway, which cannot be planned by itself. */
  isFragment: boolean;
}

/**
 * Reads, checks and plans one policy file with what it includes. Has no effects of its own and gives the same result
 * for the same texts.
 */
export function planSource(source: SourceFile, kinds: readonly PolicyKind[], loader: Loader): Planned {
  const files = readGatewayFiles(source, loader);
  const named = new NamedFiles(source, loader);
  const { plan, diagnostics } = planFiles(files, kinds, named);
  const shown = silence(sortDiagnostics([...files.diagnostics, ...diagnostics]), files.documents);
  const main = files.documents[0]?.root;
  const planned = {
    ...shown,
    files: [...files.paths, ...named.paths],
    sources: [...files.documents.map((document) => document.source), ...named.sources],
    isFragment: main !== undefined && kindOf(main) === "Fragment",
  };
  return plan === undefined || hasErrors(shown.diagnostics) ? planned : { plan, ...planned };
}

function planFiles(
  files: GatewayFiles,
  kinds: readonly PolicyKind[],
  named: NamedFiles,
): { plan?: GatewayPlan; diagnostics: readonly Diagnostic[] } {
  if (files.root === undefined) return { diagnostics: [] };
  const { checked, diagnostics: unfit } = checkGateway(files.root, kinds, named, files.complete);
  if (checked === undefined) return { diagnostics: unfit };
  const { plan, diagnostics: unordered } = buildPlan(checked, kinds);
  const diagnostics = [...unfit, ...unordered].filter((finding) =>
    isKnown(finding, checked.incomplete, files.complete),
  );
  return hasErrors([...files.diagnostics, ...diagnostics])
    ? { diagnostics }
    : { plan, diagnostics: [...diagnostics, ...tooLarge(plan), ...lint(checked, plan)] };
}

/** False if what could not be read may show that the finding is none. Warnings wait until every file can be read. */
function isKnown({ code, severity }: Diagnostic, incomplete: ReadonlySet<Part>, complete: boolean): boolean {
  return (complete || severity === "error") && !needsOf(code).some((part) => incomplete.has(part));
}

/** The bound of the modules (`filters/modules/README.md`): a larger document would keep Envoy from starting. */
const LARGEST_CONFIGURATION_BYTES = 16 * 1024 * 1024;

/** The guard's is measured with an access log, which makes it largest: the verdict is the same for every command. */
function tooLarge(plan: GatewayPlan): Diagnostic[] {
  const limit = LARGEST_CONFIGURATION_BYTES;
  return [guardConfiguration(plan, LOGGED_RESULTS), bodyConfiguration(plan)].flatMap((configuration) => {
    const size = Buffer.byteLength(JSON.stringify(configuration));
    return size <= limit ? [] : [diagnose("SL0417", { size, limit }, plan.origin)];
  });
}

/** What a target emitted, with each rule that it broke as a finding at the gateway's name. */
export function verified(plan: GatewayPlan, emission: Emission): { emission: Emission; diagnostics: Diagnostic[] } {
  const diagnostics = emission.violations.map((violation) =>
    diagnose("SL0901", { path: violation.path, reason: violation.message }, plan.origin),
  );
  return { emission, diagnostics };
}

export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}
