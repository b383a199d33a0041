import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { renderGithub } from "../diagnostics/render/github.js";
import { renderGitlab } from "../diagnostics/render/gitlab.js";
import { renderJson } from "../diagnostics/render/json.js";
import { renderJunit } from "../diagnostics/render/junit.js";
import { renderSarif } from "../diagnostics/render/sarif.js";
import { renderText } from "../diagnostics/render/text.js";
import { type Report, reportOf, summaryOf } from "../diagnostics/report.js";
import { packageVersion } from "./version.js";

export const FORMATS = ["text", "json", "sarif", "github", "gitlab", "junit"] as const;
export type Format = (typeof FORMATS)[number];

/** Findings of a command whose work is something else. */
export function printFindings(diagnostics: readonly Diagnostic[], format: Format): void {
  printReport(reportOf(diagnostics), format);
}

/**
 * A report for people goes to stderr, a document for machines to stdout, where nothing else may stand then. What could
 * not be read goes to stderr in any format.
 */
export function printReport(report: Report, format: Format): void {
  for (const { reason } of report.unread) process.stderr.write(`sluice: ${reason}\n`);
  if (format === "text") printText(report);
  else process.stdout.write(documentOf(report, format));
}

function printText(report: Report): void {
  if (report.diagnostics.length === 0) return;
  const options = { color: useColor(process.stderr), summary: summaryOf(report) };
  process.stderr.write(renderText(report.diagnostics, options));
}

function documentOf(report: Report, format: Exclude<Format, "text">): string {
  switch (format) {
    case "json":
      return renderJson(report.diagnostics, report.suppressed);
    case "sarif":
      return renderSarif(report, packageVersion());
    case "github":
      return renderGithub(report);
    case "gitlab":
      return renderGitlab(report);
    case "junit":
      return renderJunit(report);
  }
}

/** FORCE_COLOR and NO_COLOR as Node itself reads them; both count only if they are not empty. */
export function useColor(stream: { isTTY?: boolean }): boolean {
  const { FORCE_COLOR: force = "", NO_COLOR: none = "", TERM: terminal } = process.env;
  if (force !== "") return force !== "0" && force !== "false";
  return stream.isTTY === true && none === "" && terminal !== "dumb";
}
