import { type Diagnostic, diagnose, sortDiagnostics } from "./diagnostics/diagnostic.js";
import { buildPlan } from "./plan/build.js";
import { guardConfiguration, LOGGED_RESULTS } from "./plan/guard.js";
import type { GatewayPlan } from "./plan/plan.js";
import { checkGateway } from "./policy/check.js";
import type { PolicyKind } from "./policy/kind.js";
import { readDocument } from "./syntax/document.js";
import type { SourceFile } from "./syntax/source.js";
import type { Emission } from "./targets/target.js";

/*
 * policy.yaml -> read -> check -> plan -> emit(target) -> verify
 */

export interface Planned {
  /** Absent if there is an error among the diagnostics. */
  plan?: GatewayPlan;
  /** All findings, sorted by place. */
  diagnostics: Diagnostic[];
}

/** Reads, checks and plans one policy file. Has no effects and gives the same result for the same text. */
export function planSource(source: SourceFile, kinds: readonly PolicyKind[]): Planned {
  const { root, diagnostics: unread } = readDocument(source);
  if (root === undefined) return { diagnostics: sortDiagnostics(unread) };
  const { checked, diagnostics: unfit } = checkGateway(root, kinds);
  if (checked === undefined) return { diagnostics: sortDiagnostics([...unread, ...unfit]) };
  const { plan, diagnostics: unordered } = buildPlan(checked, kinds);
  const diagnostics = sortDiagnostics([...unread, ...unfit, ...unordered]);
  if (hasErrors(diagnostics)) return { diagnostics };
  const oversized = guardSize(plan);
  return oversized.length > 0
    ? { diagnostics: sortDiagnostics([...diagnostics, ...oversized]) }
    : { plan, diagnostics };
}

/** The bound of the module (`filters/modules/README.md`): a larger document would keep Envoy from starting. */
const LARGEST_GUARD_BYTES = 16 * 1024 * 1024;

/** Measured with an access log, which makes it largest: the verdict is the same for every command. */
function guardSize(plan: GatewayPlan): Diagnostic[] {
  const size = Buffer.byteLength(JSON.stringify(guardConfiguration(plan, LOGGED_RESULTS)));
  return size <= LARGEST_GUARD_BYTES ? [] : [diagnose("SL0417", { size, limit: LARGEST_GUARD_BYTES }, plan.origin)];
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
