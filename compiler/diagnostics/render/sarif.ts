import type { SourceFile, Span } from "../../syntax/source.js";
import { endOfLine, startOfLine } from "../../syntax/text.js";
import { type Code, entryOf } from "../catalog.js";
import type { Fix } from "../diagnostic.js";
import { plainPage } from "../page.js";
import type { Report } from "../report.js";
import { type Hidden, hideSecrets } from "./hidden.js";
import { visible, visibleJson } from "./visible.js";

const SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/** Lines that are longer than this are named, not quoted. */
const SNIPPET_LIMIT = 500;

/**
 * Findings as a SARIF 2.1.0 log of one run. Its rules are those of the findings; silenced warnings are results with a
 * suppression in the source (section 3.35). Columns count UTF-16 code units (section 3.14.17).
 *
 * @param version of Sluice
 */
export function renderSarif(report: Report, version: string): string {
  const silenced = report.suppressed;
  const all = hideSecrets([...report.diagnostics, ...silenced.map((one) => one.diagnostic)]);
  const rules = [...new Set(all.map(({ diagnostic }) => diagnostic.code))].toSorted();
  const results = all.map((hidden, index) => {
    const reason = silenced[index - report.diagnostics.length]?.reason;
    const suppressions = reason === undefined ? [] : [{ kind: "inSource", justification: visible(reason) }];
    return { ...result(hidden, rules, report.files), suppressions };
  });
  const run = {
    tool: { driver: { name: "Sluice", semanticVersion: version, rules: rules.map(rule) } },
    columnKind: "utf16CodeUnits",
    invocations: [
      {
        executionSuccessful: report.unread.length === 0,
        toolExecutionNotifications: report.unread.map(({ path, reason }) => ({
          level: "error",
          message: { text: visible(reason) },
          locations: [{ physicalLocation: { artifactLocation: { uri: uriOf(path) } } }],
        })),
      },
    ],
    artifacts: report.files.map((path) => ({ location: { uri: uriOf(path) } })),
    results,
  };
  return `${visibleJson({ $schema: SCHEMA, version: "2.1.0", runs: [run] }, 0)}\n`;
}

function rule(code: Code): object {
  const entry = entryOf(code);
  const text = (entry?.message ?? code).replaceAll(/\{[^{}]*\}/g, "…");
  const help = (entry?.help ?? "").trim();
  return {
    id: code,
    shortDescription: { text },
    help: { text: plainPage(help), markdown: help },
    defaultConfiguration: { level: entry?.severity ?? "error" },
  };
}

function result({ diagnostic, secrets }: Hidden, rules: readonly Code[], files: readonly string[]): object {
  const { code, severity, message, span, related, fix } = diagnostic;
  const isSecret = secrets.near({ ...span, end: span.start }).length > 0;
  return {
    ruleId: code,
    ruleIndex: rules.indexOf(code),
    level: severity,
    message: { text: visible(message) },
    locations: [{ physicalLocation: { ...place(span, files), ...(isSecret ? {} : context(span)) } }],
    relatedLocations: related.map((other, index) => ({
      id: index + 1,
      message: { text: visible(other.message) },
      physicalLocation: place(other.span, files),
    })),
    ...(fix === undefined || fix.edits.length === 0 ? {} : { fixes: [change(fix, files)] }),
  };
}

function change({ title, edits }: Fix, files: readonly string[]): object {
  const sources = new Set<SourceFile>(edits.map((edit) => edit.span.source));
  return {
    description: { text: visible(title) },
    artifactChanges: [...sources].map((source) => ({
      artifactLocation: artifact(source.path, files),
      replacements: edits
        .filter((edit) => edit.span.source === source)
        .map(({ span, newText }) => ({ deletedRegion: region(span), insertedContent: { text: newText } })),
    })),
  };
}

function place(span: Span, files: readonly string[]): { artifactLocation: object; region: object } {
  return { artifactLocation: artifact(span.source.path, files), region: region(span) };
}

function artifact(path: string, files: readonly string[]): object {
  const index = files.indexOf(path);
  return index < 0 ? { uri: uriOf(path) } : { uri: uriOf(path), index };
}

function region({ source, start, end }: Span): object {
  const from = source.position(start);
  const to = source.position(end);
  return { startLine: from.line, startColumn: from.column, endLine: to.line, endColumn: to.column };
}

/** The first line of a place, for viewers that do not have the file. */
function context({ source, start }: Span): object {
  const first = startOfLine(source.text, start);
  const end = endOfLine(source.text, start);
  if (end - first > SNIPPET_LIMIT) return {};
  const { line } = source.position(start);
  return {
    contextRegion: {
      startLine: line,
      endLine: line,
      snippet: { text: source.text.slice(first, end).replace(/^\ufeff/, "") },
    },
  };
}

/** A path as a URI reference: relative to where the command ran, or with the scheme `file` (RFC 3986 and RFC 8089). */
function uriOf(path: string): string {
  const encoded = path
    .replace(/\p{Cs}/gu, "\ufffd")
    .split("/")
    .map(encodeURIComponent)
    .join("/");
  return encoded.startsWith("/") ? `file://${encoded}` : encoded;
}
