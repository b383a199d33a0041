import { type Diagnostic, diagnose, type Severity, type Suppressed, sortDiagnostics } from "./diagnostic.js";

/** What a run over some files has to say. */
export interface Report {
  /** Files that were read, as findings name them; one without findings is clean. */
  readonly files: readonly string[];
  /** Sorted; of thousands in one file only the first. */
  readonly diagnostics: readonly Diagnostic[];
  readonly suppressed: readonly Suppressed[];
  /** How many findings are not shown, beyond the notes that say so. */
  readonly hidden: { readonly errors: number; readonly warnings: number };
  /** Files that could not be read, so that nothing is known of them. */
  readonly unread: readonly Unread[];
}

export interface Unread {
  readonly path: string;
  readonly reason: string;
}

/** Most errors of a file that are shown, and most warnings. */
const MOST_SHOWN = 1_000;

/** A report of findings, with the files that they name. */
export function reportOf(diagnostics: readonly Diagnostic[], more: Partial<Report> = {}): Report {
  const suppressed = more.suppressed ?? [];
  const named = [...diagnostics, ...suppressed.map((one) => one.diagnostic)].map((one) => one.span.source.path);
  const files = [...new Set([...(more.files ?? []), ...named])];
  const shown = sortDiagnostics(filesOf(diagnostics).flatMap((own) => firstOf(firstOf(own, "error"), "warning")));
  const hidden = {
    errors: countOf(diagnostics, "error") - countOf(shown, "error"),
    warnings: countOf(diagnostics, "warning") - countOf(shown, "warning"),
  };
  return { files, diagnostics: shown, suppressed, hidden, unread: more.unread ?? [] };
}

function countOf(diagnostics: readonly Diagnostic[], severity: Severity): number {
  return diagnostics.filter((diagnostic) => diagnostic.severity === severity).length;
}

/** The findings of each file, sorted. */
function filesOf(diagnostics: readonly Diagnostic[]): Diagnostic[][] {
  const files = new Map<string, Diagnostic[]>();
  for (const diagnostic of sortDiagnostics(diagnostics)) {
    const own = files.get(diagnostic.span.source.path);
    if (own === undefined) files.set(diagnostic.span.source.path, [diagnostic]);
    else own.push(diagnostic);
  }
  return [...files.values()];
}

/** The findings of a file without those of a severity that are too many, and with a note where the first of them would be. */
function firstOf(sorted: readonly Diagnostic[], severity: Severity): readonly Diagnostic[] {
  const those = sorted.filter((diagnostic) => diagnostic.severity === severity);
  const next = those[MOST_SHOWN];
  if (next === undefined) return sorted;
  const left = new Set(those.slice(MOST_SHOWN));
  const code = severity === "error" ? "SL0018" : "SL0027";
  const note = diagnose(code, { limit: MOST_SHOWN, count: left.size }, next.span);
  return sorted.flatMap((diagnostic) => (diagnostic === next ? [note] : left.has(diagnostic) ? [] : [diagnostic]));
}

/** `2 errors, 1 warning, 3 silenced, 1 fixable with --fix`; what there is none of is left out. */
export function summaryOf({
  diagnostics,
  suppressed,
  hidden,
}: Pick<Report, "diagnostics" | "suppressed" | "hidden">): string {
  const errors = countOf(diagnostics, "error") + hidden.errors;
  const warnings = countOf(diagnostics, "warning") + hidden.warnings;
  const safe = diagnostics.filter((diagnostic) => diagnostic.fix?.safe === true).length;
  const guesses = diagnostics.filter((diagnostic) => diagnostic.fix?.safe === false).length;
  const parts = [
    errors > 0 ? counted(errors, "error") : "",
    warnings > 0 ? counted(warnings, "warning") : "",
    suppressed.length > 0 ? `${suppressed.length} silenced` : "",
    safe > 0 ? `${safe} fixable with --fix` : "",
    guesses > 0 ? `${guesses}${safe > 0 ? " more" : " fixable"} with --fix=suggested` : "",
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** `1 error`, `2 errors` */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
