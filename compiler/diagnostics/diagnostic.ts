import type { Span } from "../syntax/source.js";
import { type Code, catalog, type ParametersOf } from "./catalog.js";

export type Severity = "error" | "warning";

/** A second place that explains a finding, such as "first defined here". */
export interface Related {
  readonly message: string;
  readonly span: Span;
}

/** Replaces the text of a span; an empty span inserts. */
export interface Edit {
  readonly span: Span;
  readonly newText: string;
}

/** A change that removes the finding. Its edits do not overlap and apply to the unchanged file. */
export interface Fix {
  readonly title: string;
  /** Nothing else can have been meant, so that it may be applied without asking; never true of a nearest name. */
  readonly safe: boolean;
  readonly edits: readonly Edit[];
}

/** One finding, always with a place. `message` is one sentence without a full stop; it may quote text of the file. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly span: Span;
  readonly related: readonly Related[];
  readonly fix?: Fix;
}

/** A warning that a comment in the file silences, and the reason given there. */
export interface Suppressed {
  readonly diagnostic: Diagnostic;
  readonly reason: string;
}

/** A finding of the catalogue; `tsc` checks that the code exists and that exactly its parameters are given. */
export function diagnose<C extends Code>(
  code: C,
  parameters: ParametersOf<C>,
  span: Span,
  more: { readonly related?: readonly Related[]; readonly fix?: Fix } = {},
): Diagnostic {
  const { severity, message } = catalog[code];
  const diagnostic = { code, severity, message: fill(message, parameters), span, related: more.related ?? [] };
  return more.fix === undefined ? diagnostic : { ...diagnostic, fix: more.fix };
}

/** One pass, so that a parameter that looks like `{name}` stays as it is. */
function fill(template: string, parameters: Readonly<Record<string, string | number>>): string {
  return template.replace(/\{([^{}]*)\}/g, (_, name: string) => shortened(String(parameters[name] ?? "")));
}

/** More than any sentence of ours has between its words; a name in a file may have millions of letters. */
const LONGEST_PARAMETER = 400;

function shortened(text: string): string {
  return text.length <= LONGEST_PARAMETER ? text : `${text.slice(0, LONGEST_PARAMETER)}…`;
}

/** A sorted copy: by file, then place, then code; equal ones keep their order. */
export function sortDiagnostics(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return diagnostics.toSorted(
    (a, b) => compare(a.span.source.path, b.span.source.path) || a.span.start - b.span.start || compare(a.code, b.code),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
