import { formatSpan, type Span } from "../../syntax/source.js";
import { type Diagnostic, sortDiagnostics } from "../diagnostic.js";
import { counted } from "../report.js";
import { type Frame, frameOf } from "./frame.js";
import { type Hidden, hideSecrets, type SecretPlaces } from "./hidden.js";
import { visible } from "./visible.js";

/** Attributes of ANSI terminals (ECMA-48, SGR). */
const STYLES = { error: "1;31", warning: "1;33", note: "36", fix: "32", gutter: "2", strong: "1" } as const;

type Style = keyof typeof STYLES;
type Paint = (style: Style, text: string) => string;

export interface TextOptions {
  readonly color: boolean;
  /** What stands at the end; without it, how many findings there are. */
  readonly summary?: string;
}

/**
 * Findings for a terminal, in the order of the files, each with its line, what it refers to and its fix, and at the
 * end how many there are; an empty text if there are none. Nothing of a file reaches the terminal as a control
 * character.
 */
export function renderText(diagnostics: readonly Diagnostic[], options: TextOptions): string {
  if (diagnostics.length === 0) return "";
  const texts = blocks(hideSecrets(sortDiagnostics(diagnostics)), options.color);
  return `${[...texts, options.summary ?? count(diagnostics)].join("\n\n")}\n`;
}

/** Each finding by itself, without a line break at its end. */
export function blocks(hidden: readonly Hidden[], color = false): string[] {
  const paint: Paint = color ? (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m` : (_, text) => text;
  return hidden.map(({ diagnostic, secrets }) => block(diagnostic, secrets, paint));
}

function block(diagnostic: Diagnostic, secrets: SecretPlaces, paint: Paint): string {
  const { code, severity, message, span, related, fix } = diagnostic;
  const spans = [span, ...related.map((other) => other.span)];
  const digits = Math.max(...spans.map((one) => String(one.source.position(one.start).line).length));
  const lines = [
    `${place(span)}: ${paint(severity, `${severity} ${code}`)}: ${paint("strong", visible(message))}`,
    // A file that is not there, or is no text, has nothing to show.
    ...(span.source.text === "" ? [] : excerpt(frameOf(span, secrets.near(span)), digits, "^", severity, paint)),
  ];
  for (const other of related) {
    lines.push(`${place(other.span)}: ${paint("note", "note")}: ${visible(other.message)}`);
    lines.push(...excerpt(frameOf(other.span, secrets.near(other.span)), digits, "-", "note", paint));
  }
  if (fix !== undefined) lines.push(`${paint("fix", "fix")}: ${visible(fix.title)}`);
  return lines.join("\n");
}

function place(span: Span): string {
  return visible(formatSpan(span));
}

function excerpt(frame: Frame, digits: number, sign: string, style: Style, paint: Paint): string[] {
  const number = paint("gutter", `  ${String(frame.line).padStart(digits)} |`);
  const below = paint("gutter", `  ${" ".repeat(digits)} |`);
  const marks = paint(style, sign.repeat(frame.length));
  return [`${number} ${frame.text}`.trimEnd(), `${below} ${" ".repeat(frame.indent)}${marks}`];
}

function count(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const parts = [errors > 0 ? counted(errors, "error") : "", warnings > 0 ? counted(warnings, "warning") : ""];
  return parts.filter((part) => part !== "").join(", ");
}
