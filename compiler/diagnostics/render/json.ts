import type { Span } from "../../syntax/source.js";
import { type Diagnostic, type Suppressed, sortDiagnostics } from "../diagnostic.js";
import { hideSecrets } from "./hidden.js";
import { visibleJson } from "./visible.js";

/**
 * Findings as one JSON document: an array with `file`, `line`, `column`, `endLine`, `endColumn`, `code`, `severity`,
 * `message`, `related` (places with a message) and, where there is one, `fix` (`title`, `safe` and `edits`, places with
 * `newText`). Lines and columns count from 1, columns in UTF-16 code units; the end is exclusive. Behind them come the
 * silenced warnings, which have `suppressed` with the `reason` that the file gives.
 */
export function renderJson(diagnostics: readonly Diagnostic[], suppressed: readonly Suppressed[] = []): string {
  const sorted = sortDiagnostics(diagnostics);
  const hidden = hideSecrets([...sorted, ...suppressed.map((one) => one.diagnostic)]);
  const entries = hidden.map(({ diagnostic }, index) => {
    const silenced = suppressed[index - sorted.length];
    const entry = finding(diagnostic);
    return silenced === undefined ? entry : { ...entry, suppressed: { reason: silenced.reason } };
  });
  return `${visibleJson(entries)}\n`;
}

function finding({ span, code, severity, message, related, fix }: Diagnostic): object {
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

function place({ source, start, end }: Span): object {
  const from = source.position(start);
  const to = source.position(end);
  return { file: source.path, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}
