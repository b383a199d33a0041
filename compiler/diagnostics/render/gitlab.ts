import { createHash } from "node:crypto";
import type { Diagnostic, Severity } from "../diagnostic.js";
import type { Report } from "../report.js";
import { hideSecrets } from "./hidden.js";
import { visible, visibleJson } from "./visible.js";

/**
 * Findings as a Code Quality report of GitLab: it shows them in the changes of a merge request, and which of them are new
 * there. Silenced findings have none. A file that could not be read is an issue on its first line.
 */
export function renderGitlab({ diagnostics, unread }: Report): string {
  const issues = [
    ...hideSecrets(diagnostics).map(({ diagnostic }) => issueOf(diagnostic)),
    ...unread.map(({ path, reason }) =>
      issue({ path: pathOf(path), name: "not read", text: visible(reason), severity: "blocker", begin: 1, end: 1 }),
    ),
  ];
  // What is the same twice is two issues, and the second stays the second.
  const seen = new Map<string, number>();
  const numbered = issues.map(({ identity, ...rest }) => {
    const before = seen.get(identity) ?? 0;
    seen.set(identity, before + 1);
    return { ...rest, fingerprint: sha256(before === 0 ? identity : `${identity}\0${before}`) };
  });
  return `${visibleJson(numbered)}\n`;
}

function issueOf({ code, severity, message, span, fix }: Diagnostic) {
  const begin = span.source.position(span.start).line;
  const end = span.source.position(span.end).line;
  const text = `${code}: ${message}${fix === undefined ? "" : ` (fix: ${fix.title})`}`;
  const path = pathOf(span.source.path);
  return issue({ path, name: code, text: visible(text), severity: severityOf(severity), begin, end });
}

interface Parts {
  readonly path: string;
  readonly name: string;
  readonly text: string;
  readonly severity: "blocker" | "critical" | "minor";
  readonly begin: number;
  readonly end: number;
}

/** Lines are no part of what it is: a finding that has moved is no new one. */
function issue({ path, name, text, severity, begin, end }: Parts) {
  return {
    identity: [path, name, text].join("\0"),
    description: text,
    check_name: name,
    severity,
    location: { path, lines: { begin, end } },
  };
}

function severityOf(severity: Severity): Parts["severity"] {
  switch (severity) {
    case "error":
      return "critical";
    case "warning":
      return "minor";
  }
}

/** From the root of the project, where the job runs; without `./`, as GitLab takes none. */
function pathOf(path: string): string {
  return visible(path.replace(/^(\.\/)+/, ""));
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
