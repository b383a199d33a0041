import { formatSpan } from "../../syntax/source.js";
import type { Diagnostic } from "../diagnostic.js";
import type { Report } from "../report.js";
import { hideSecrets } from "./hidden.js";
import { visible } from "./visible.js";

/**
 * Findings as workflow commands of GitHub Actions, one a line: they become annotations of the changed files. The log
 * shows the message only, so the place stands there once more. Silenced findings have none.
 */
export function renderGithub({ diagnostics, unread }: Report): string {
  const commands = hideSecrets(diagnostics).map(({ diagnostic }) => annotation(diagnostic));
  const failures = unread.map(({ path, reason }) => command("error", { file: path, title: "not read" }, reason));
  return [...commands, ...failures].map((line) => `${line}\n`).join("");
}

function annotation({ code, severity, message, span, related, fix }: Diagnostic): string {
  const from = span.source.position(span.start);
  const to = span.source.position(span.end);
  // A column belongs to one line: the runner drops columns where the lines differ. It counts the last one in.
  const columns = from.line === to.line ? { col: from.column, endColumn: Math.max(to.column - 1, from.column) } : {};
  const lines = [
    `${formatSpan(span)}: ${code}: ${message}`,
    ...related.map((other) => `${formatSpan(other.span)}: note: ${other.message}`),
    ...(fix === undefined ? [] : [`fix: ${fix.title}`]),
  ];
  const properties = { file: span.source.path, line: from.line, endLine: to.line, ...columns, title: code };
  return command(severity, properties, lines.map(visible).join("\n"));
}

function command(name: string, properties: Readonly<Record<string, string | number>>, message: string): string {
  const list = Object.entries(properties).map(([key, value]) => `${key}=${escapedProperty(visible(String(value)))}`);
  return `::${name} ${list.join(",")}::${escapedData(message)}`;
}

function escapedData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapedProperty(text: string): string {
  return escapedData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
