import { type Diagnostic, sortDiagnostics } from "../diagnostics/diagnostic.js";
import { renderJson } from "../diagnostics/render/json.js";
import { renderText } from "../diagnostics/render/text.js";

export const FORMATS = ["text", "json"] as const;
export type Format = (typeof FORMATS)[number];

/** Findings for people go to stderr, a document for machines to stdout. */
export function printFindings(diagnostics: readonly Diagnostic[], format: Format): void {
  const sorted = sortDiagnostics(diagnostics);
  switch (format) {
    case "json":
      process.stdout.write(renderJson(sorted));
      return;
    case "text":
      if (sorted.length > 0) process.stderr.write(renderText(sorted, { color: useColor(process.stderr) }));
      return;
  }
}

export function useColor(stream: { isTTY?: boolean }): boolean {
  return stream.isTTY === true && process.env.NO_COLOR === undefined && process.env.TERM !== "dumb";
}
