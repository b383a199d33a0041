import type { Span } from "../../syntax/source.js";
import { type Diagnostic, sortDiagnostics } from "../diagnostic.js";
import { type Hidden, hideSecrets } from "./hidden.js";

/**
 * Findings as one JSON document: an array with `file`, `line`, `column`, `endLine`, `endColumn`, `code`, `severity`,
 * `message`, `related` (places with a message) and, where there is one, `fix` (`title` and `edits`, places with
 * `newText`). Lines and columns count from 1, columns in UTF-16 code units; the end is exclusive.
 */
export function renderJson(diagnostics: readonly Diagnostic[]): string {
  return `${JSON.stringify(hideSecrets(sortDiagnostics(diagnostics)).map(finding), null, 2)}\n`;
}

function finding({ diagnostic: { span, code, severity, message, related, fix } }: Hidden): object {
  const document = {
    ...place(span),
    code,
    severity,
    message,
    related: related.map((other) => ({ ...place(other.span), message: other.message })),
  };
  if (fix === undefined) return document;
  const edits = fix.edits.map((edit) => ({ ...place(edit.span), newText: edit.newText }));
  return { ...document, fix: { title: fix.title, edits } };
}

function place({ source, start, end }: Span): object {
  const from = source.position(start);
  const to = source.position(end);
  return { file: source.path, line: from.line, column: from.column, endLine: to.line, endColumn: to.column };
}
