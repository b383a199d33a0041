import type { Entry } from "./catalog/entry.js";
import { entryOf } from "./catalog.js";

/** Columns of the pages that `sluice explain` prints. */
const WIDTH = 100;
const INDENT = "    ";

/** The page of a finding for a terminal; undefined if there is no such code. */
export function codePage(code: string): string | undefined {
  const entry = entryOf(code);
  if (entry === undefined) return undefined;
  const parts = [wrapped(titleOf(entry)), plainPage(entry.help, WIDTH)];
  if (entry.fix !== undefined) parts.push(wrapped(FIXES[entry.fix]));
  parts.push(entry.severity === "warning" ? silencing(entry.code) : wrapped(lastWord(entry.code)));
  return `${parts.join("\n\n")}\n`;
}

/** Some messages are nothing but a reason, and a hint is no part of the sentence. */
function titleOf({ code, severity, message }: NonNullable<ReturnType<typeof entryOf>>): string {
  const shown = message.replaceAll("{hint}", "").replace(/\{([^{}]*)\}/g, "<$1>");
  return /^<[^<>]*>$/.test(shown) ? `${code} (${severity})` : `${code} (${severity}): ${shown}`;
}

const FIXES: Readonly<Record<NonNullable<Entry["fix"]>, string>> = {
  safe: "`sluice check --fix` corrects it.",
  suggested: "`sluice check --fix=suggested` corrects it by a guess; look at what it changes.",
  either:
    "`sluice check --fix` corrects it where only one thing can have been meant, and `sluice check --fix=suggested` also by a guess.",
};

/** Findings about what was compiled say nothing against the policy. */
function lastWord(code: string): string {
  return code.startsWith("SL100")
    ? "`sluice compile --check` then ends with exit code 1. It cannot be silenced."
    : "An error keeps the policy from being compiled, and cannot be silenced.";
}

function silencing(code: string): string {
  const how =
    "A warning does not keep the policy from being compiled. A comment on its line, or alone on the line before";
  return `${wrapped(`${how}, silences it there; the reason is needed:`)}\n\n${INDENT}${commentFor(`sluice-ignore: ${code} why it is meant so`, code)}`;
}

/** Findings of SL11xx stand in XML files. */
function commentFor(text: string, code: string): string {
  return code.startsWith("SL11") ? `<!-- ${text} -->` : `# ${text}`;
}

/**
 * A page of the catalogue without the marks of Markdown for code.
 *
 * @param width columns that paragraphs are wrapped at; without one, each is a line
 */
export function plainPage(markdown: string, width = Number.POSITIVE_INFINITY): string {
  return sectionsOf(markdown.trim())
    .map((section) =>
      section.isCode ? section.lines.map(indented).join("\n") : wrapped(section.lines.join(" "), width),
    )
    .join("\n\n");
}

interface Section {
  readonly isCode: boolean;
  readonly lines: string[];
}

/** Paragraphs, and code in fences or indented by four columns; both kinds of code without what marks it. */
function sectionsOf(markdown: string): Section[] {
  const sections: Section[] = [];
  let open: Section | undefined;
  let isFenced = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) {
      isFenced = !isFenced;
      open = undefined;
      continue;
    }
    const isCode = isFenced || line.startsWith(INDENT);
    if (line.trim() === "" && open?.isCode !== true) open = undefined;
    else if (line.trim() === "" || open?.isCode === isCode)
      open?.lines.push(isFenced ? line : line.replace(INDENT, ""));
    else {
      open = { isCode, lines: [isFenced ? line : line.replace(INDENT, "")] };
      sections.push(open);
    }
  }
  return sections.map((section) => ({ ...section, lines: withoutBlankEnd(section.lines) }));
}

function withoutBlankEnd(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((line) => line.trim() !== "") + 1);
}

function indented(line: string): string {
  return `${INDENT}${line}`.trimEnd();
}

/** Broken between words; what stands in backticks is not broken. */
function wrapped(text: string, width = WIDTH): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}
