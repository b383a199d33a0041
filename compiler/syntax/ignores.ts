import { catalog, codes, entryOf } from "../diagnostics/catalog.js";
import { type Diagnostic, diagnose, type Suppressed, sortDiagnostics } from "../diagnostics/diagnostic.js";
import { nearest } from "../diagnostics/suggest.js";
import type { Node, ScalarNode } from "./node.js";
import type { SourceFile, Span } from "./source.js";
import { startOfLine } from "./text.js";

/** `# sluice-ignore: SL1234, SL2345 reason` in a file. */
interface Ignore {
  /** The comment without its `#`. */
  readonly span: Span;
  /** The words that stand where codes are expected. */
  readonly codes: readonly { readonly code: string; readonly span: Span }[];
  readonly reason: string;
  /** One-based line of the findings that it silences. */
  readonly line: number;
}

interface Document {
  readonly source: SourceFile;
  readonly root: Node;
}

/**
 * Takes the silenced warnings out of the findings, and adds warnings about comments that silence nothing.
 *
 * @param diagnostics sorted
 */
export function silence(
  diagnostics: readonly Diagnostic[],
  documents: readonly Document[],
): { diagnostics: Diagnostic[]; suppressed: Suppressed[] } {
  const ignores = documents.flatMap(ignoresIn);
  if (ignores.length === 0) return { diagnostics: [...diagnostics], suppressed: [] };
  // With an error not every check was made: what is not found now may be found later.
  const complete = diagnostics.every((finding) => finding.severity !== "error");
  const byLine = new LineTable(ignores);
  const suppressed: Suppressed[] = [];
  const used = new Set<string>();
  const rest = diagnostics.filter((diagnostic) => {
    const { code, severity, span } = diagnostic;
    const covering = severity === "warning" ? byLine.at(span).filter((one) => isFor(one, code)) : [];
    for (const ignore of covering) used.add(keyOf(ignore, code));
    const [first] = covering;
    if (first !== undefined) suppressed.push({ diagnostic, reason: first.reason });
    return first === undefined;
  });
  const idle = ignores.flatMap((ignore) => idleness(ignore, complete, (code) => used.has(keyOf(ignore, code))));
  return { diagnostics: sortDiagnostics([...rest, ...idle]), suppressed };
}

/** Comments by the lines that they are for. */
class LineTable {
  private readonly bySource = new Map<SourceFile, Map<number, Ignore[]>>();

  constructor(ignores: readonly Ignore[]) {
    for (const ignore of ignores) {
      const lines = this.bySource.get(ignore.span.source) ?? new Map<number, Ignore[]>();
      const there = lines.get(ignore.line);
      if (there === undefined) lines.set(ignore.line, [ignore]);
      else there.push(ignore);
      this.bySource.set(ignore.span.source, lines);
    }
  }

  at({ source, start }: Span): readonly Ignore[] {
    return this.bySource.get(source)?.get(source.position(start).line) ?? [];
  }
}

function isFor({ codes: silenced, reason }: Ignore, code: string): boolean {
  return reason !== "" && silenced.some((one) => one.code === code);
}

function keyOf({ span }: Ignore, code: string): string {
  return `${span.source.path} ${span.start} ${code}`;
}

function idleness(ignore: Ignore, complete: boolean, isUsed: (code: string) => boolean): Diagnostic[] {
  if (ignore.codes.length === 0) return [diagnose("SL0025", {}, ignore.span)];
  const findings = ignore.codes.flatMap(({ code, span }): Diagnostic[] => {
    const entry = entryOf(code);
    if (entry === undefined) return [notKnown(code, span)];
    if (entry.severity === "error") return [diagnose("SL0022", { code }, span)];
    return complete && ignore.reason !== "" && !isUsed(code) ? [diagnose("SL0023", { code }, span)] : [];
  });
  return ignore.reason === "" ? [...findings, diagnose("SL0021", {}, ignore.span)] : findings;
}

function notKnown(code: string, span: Span): Diagnostic {
  const suggestion = nearest(code, knownCodes);
  if (suggestion === undefined) return diagnose("SL0024", { code, hint: "" }, span);
  const fix = { title: `write \`${suggestion}\``, safe: false, edits: [{ span, newText: suggestion }] };
  return diagnose("SL0024", { code, hint: `; did you mean \`${suggestion}\`?` }, span, { fix });
}

const knownCodes = codes.filter((code) => catalog[code].severity === "warning");

/** The colon belongs to it; a comment without one is no prose, but a mistake. */
const COMMENT = /#[ \t]*(?=sluice-ignore(?![\w-]))[^\r\n]*/gi;

/** Where another one begins behind it on its line. */
const NEXT = /(?=#[ \t]*sluice-ignore(?![\w-]))/i;

function ignoresIn({ source, root }: Document): Ignore[] {
  const matches = [...source.text.matchAll(COMMENT)];
  if (matches.length === 0) return [];
  const scalars = scalarsOf(root);
  const targets = new Map<number, number>();
  // From the end, so that a stack of comments finds its line in one step each.
  return matches.toReversed().flatMap(({ 0: whole, index }) => {
    const end = index + whole.length;
    const sign = commentIn(source.text, startOfLine(source.text, index), end, scalars);
    const comments = source.text.slice(sign ?? end, end).split(NEXT);
    if (sign === undefined || !comments[0]?.match(NEXT)) return [];
    const line = lineFor(source, sign, targets);
    let at = sign;
    return comments.map((comment) => {
      const start = at + (/^#[ \t]*/.exec(comment)?.[0].length ?? 0);
      at += comment.length;
      return ignoreOf(source, source.text.slice(start, at), start, line);
    });
  });
}

/** Codes are separated by commas; where the comma was forgotten, what looks like a code is one. */
const CODES = /^\w+(?:[ \t]*,[ \t]*\w+|[ \t]+SL\d{4}\b)*/i;

function ignoreOf(source: SourceFile, comment: string, start: number, line: number): Ignore {
  const head = /^sluice-ignore[ \t]*:?[ \t]*/i.exec(comment)?.[0] ?? "";
  const words = head.includes(":") ? (CODES.exec(comment.slice(head.length))?.[0] ?? "") : "";
  const codes = [...words.matchAll(/\w+/g)].map(({ 0: code, index }) => {
    const from = start + head.length + index;
    return { code: code.toUpperCase(), span: { source, start: from, end: from + code.length } };
  });
  return {
    span: { source, start, end: start + comment.trimEnd().length },
    codes,
    reason: reasonIn(comment.slice(head.length + words.length)),
    line,
  };
}

/** A reason has a word; a lone sign is none. */
function reasonIn(text: string): string {
  return /[\p{L}\p{N}]/u.test(text) ? text.trim() : "";
}

/** The line of a comment behind a value; the line that a comment alone on its line, or several of them, stand before. */
function lineFor(source: SourceFile, sign: number, targets: Map<number, number>): number {
  const own = source.position(sign).line;
  let line = own;
  while (isComment(source.line(line))) line = targets.get(line) ?? line + 1;
  targets.set(own, line);
  return line;
}

function isComment(line: string): boolean {
  return /^[ \t]*#/.test(line);
}

/** Leaves of a tree and its keys that may hold a `#`, ascending. */
function scalarsOf(root: Node): ScalarNode[] {
  const scalars: ScalarNode[] = [];
  const visit = (node: Node): void => {
    switch (node.kind) {
      case "scalar":
        if (node.raw.includes("#")) scalars.push(node);
        return;
      case "list":
        for (const item of node.items) visit(item);
        return;
      case "map":
        for (const { key, value } of node.entries) {
          visit(key);
          visit(value);
        }
    }
  };
  visit(root);
  return scalars;
}

/** Where the comment in a line begins: YAML 1.2.2 section 6.6 wants white space before it. */
function commentIn(text: string, start: number, end: number, scalars: readonly ScalarNode[]): number | undefined {
  for (let at = text.indexOf("#", start); at >= 0 && at < end; at = text.indexOf("#", at + 1)) {
    const follows = at === 0 || /[\s\ufeff]/.test(text[at - 1] ?? "");
    if (follows && !isInside(lastBefore(scalars, at), at)) return at;
  }
  return undefined;
}

/** The last leaf that starts at or before an offset. */
function lastBefore(scalars: readonly ScalarNode[], at: number): ScalarNode | undefined {
  let low = 0;
  let high = scalars.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((scalars[middle]?.span.start ?? 0) <= at) low = middle + 1;
    else high = middle;
  }
  return scalars[low - 1];
}

function isInside(scalar: ScalarNode | undefined, at: number): boolean {
  if (scalar === undefined || at >= scalar.span.end) return false;
  // The line of `|` or `>` may end in a comment; the text begins below it.
  const header = scalar.style === "block" ? scalar.raw.search(/[\r\n]/) : 0;
  return header >= 0 && at >= scalar.span.start + header;
}
