import type { Span } from "../../syntax/source.js";
import { type Diagnostic, type Suppressed, sortDiagnostics } from "../diagnostic.js";
import type { Finding, Place, SuppressedFinding } from "./finding.js";
import { hideSecrets } from "./hidden.js";
import { visibleJson } from "./visible.js";

/** Findings as one JSON document: an array of `Finding`, and behind them the silenced warnings. */
export function renderJson(diagnostics: readonly Diagnostic[], suppressed: readonly Suppressed[] = []): string {
  const data = findingData(diagnostics, suppressed);
  return `${visibleJson([...data.findings, ...data.suppressed])}\n`;
}

/** Findings as data, sorted, without what may be a secret. */
export function findingData(
  diagnostics: readonly Diagnostic[],
  suppressed: readonly Suppressed[] = [],
): { findings: Finding[]; suppressed: SuppressedFinding[] } {
  const sorted = sortDiagnostics(diagnostics);
  const hidden = hideSecrets([...sorted, ...suppressed.map((one) => one.diagnostic)]);
  const all = hidden.map(({ diagnostic }) => finding(diagnostic));
  return {
    findings: all.slice(0, sorted.length),
    suppressed: all.slice(sorted.length).map((one, index) => {
      const reason = suppressed[index]?.reason ?? "";
      return { ...one, suppressed: { reason } };
    }),
  };
}

function finding({ span, code, severity, message, related, fix }: Diagnostic): Finding {
  const document = {
    ...place(span),
    code,
    severity,
    message,
    related: related.map((other) => ({ ...place(other.span), message: other.message })),
  };
  if (fix === undefined || fix.edits.length === 0) return document;
  const edits = fix.edits.map((edit) => ({ ...place(edit.span), newText: edit.newText }));
  return { ...document, fix: { title: fix.title, safe: fix.safe, edits } };
}

function place({ source, start, end }: Span): Place {
  const from = source.position(start);
  const to = source.position(end);
  return { file: source.path, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}
