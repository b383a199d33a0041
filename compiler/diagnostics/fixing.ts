import type { SourceFile } from "../syntax/source.js";
import type { Diagnostic, Edit, Fix } from "./diagnostic.js";
import { before } from "./secrets.js";

/** Which fixes are applied: the safe ones, or also those that are guesses. */
export const FIX_LEVELS = ["safe", "suggested"] as const;
export type FixLevel = (typeof FIX_LEVELS)[number];

/** Texts that stand for those of files, by the path that findings name. */
export type Texts = ReadonlyMap<string, string>;

export interface Fixed {
  /** Findings whose fixes were applied, in order; their places are those of the text before their round. */
  readonly applied: readonly Fixable[];
  /** The files that change. */
  readonly files: readonly { readonly path: string; readonly before: string; readonly after: string }[];
}

export type Fixable = Diagnostic & { readonly fix: Fix };

/** A fix can make another one possible; one that makes its own finding again must come to an end. */
const ROUNDS = 10;

/**
 * Characters that are checked again at most: fixes that do no good are found by halves, which takes a check or two for each, and
 * in a large file there can be thousands.
 */
const MOST_CHECKED = 4 * 1024 * 1024;

interface Budget {
  characters: number;
}

/**
 * Applies fixes until none is left. A fix stays only if the file has fewer findings with it. Findings of a later stage do not
 * count against it: they are looked for only where the earlier ones are gone.
 *
 * @param recheck gives the findings with some texts changed
 */
export function applyFixes(level: FixLevel, recheck: (texts: Texts) => readonly Diagnostic[]): Fixed {
  const originals = new Map<string, string>();
  const applied: Fixable[] = [];
  let texts: Texts = new Map();
  let findings = recheck(texts);
  const budget: Budget = { characters: MOST_CHECKED };
  for (let round = 0; round < ROUNDS; round++) {
    const attempt = new Round(texts, findings, recheck, budget);
    attempt.extend(fixesOf(findings, level));
    if (attempt.kept.length === 0) break;
    for (const { fix } of attempt.kept)
      for (const { source } of fix.edits.map((edit) => edit.span))
        if (!originals.has(source.path)) originals.set(source.path, source.text);
    applied.push(...attempt.kept);
    ({ texts, findings } = attempt);
  }
  const files = [...originals].map(([path, text]) => ({ path, before: text, after: texts.get(path) ?? text }));
  return { applied, files: files.filter((file) => file.before !== file.after) };
}

/** One round: the largest part of some fixes that makes the files better, found by halves. */
class Round {
  kept: readonly Fixable[] = [];
  texts: Texts;
  findings: readonly Diagnostic[];
  private readonly start: Texts;
  private readonly found: readonly Diagnostic[];
  private readonly recheck: (texts: Texts) => readonly Diagnostic[];
  private readonly budget: Budget;

  constructor(
    texts: Texts,
    findings: readonly Diagnostic[],
    recheck: (texts: Texts) => readonly Diagnostic[],
    budget: Budget,
  ) {
    this.start = this.texts = texts;
    this.found = this.findings = findings;
    this.recheck = recheck;
    this.budget = budget;
  }

  extend(more: readonly Fixable[]): void {
    if (more.length === 0 || this.budget.characters < 0) return;
    const chosen = [...this.kept, ...more];
    const texts = new Map([...this.start, ...textsWith(chosen)]);
    for (const text of texts.values()) this.budget.characters -= text.length;
    const findings = this.recheck(texts);
    if (isBetter(chosen, this.found, findings)) {
      this.kept = chosen;
      this.texts = texts;
      this.findings = findings;
    } else if (more.length > 1) {
      const middle = more.length >> 1;
      this.extend(more.slice(0, middle));
      this.extend(more.slice(middle));
    }
  }
}

/** Each fix takes a finding away, and none comes at its stage or an earlier one. */
function isBetter(fixed: readonly Fixable[], was: readonly Diagnostic[], is: readonly Diagnostic[]): boolean {
  const stage = Math.max(...fixed.map(stageOf));
  const count = (findings: readonly Diagnostic[], at: number) => findings.filter((one) => stageOf(one) <= at).length;
  // A finding that comes at an earlier stage hides those of this one, which are then only seemingly gone.
  const stages = Array.from({ length: stage }, (_, earlier) => earlier);
  if (stages.some((earlier) => count(is, earlier) > count(was, earlier))) return false;
  return count(is, stage) <= count(was, stage) - fixed.length;
}

/** Reading, shape, grammar of expressions and meaning: with findings of one, those of the next are not all there. */
function stageOf({ code }: Diagnostic): number {
  switch (code.slice(0, 4)) {
    case "SL00":
      return 0;
    case "SL01":
    case "SL07":
      return 1;
    default:
      return code === "SL0501" ? 2 : 3;
  }
}

/** Fixes of the findings in their order, but for those that overlap with an earlier one. */
function fixesOf(findings: readonly Diagnostic[], level: FixLevel): Fixable[] {
  const taken = new Map<string, Edit["span"][]>();
  return findings.filter((finding): finding is Fixable => {
    const { fix } = finding;
    if (fix === undefined || (level === "safe" && !fix.safe)) return false;
    if (fix.edits.length === 0 || fix.edits.some(({ span }) => overlaps(taken.get(span.source.path) ?? [], span)))
      return false;
    for (const { span } of fix.edits) {
      const spans = taken.get(span.source.path) ?? [];
      spans.splice(before(spans, span.start), 0, span);
      taken.set(span.source.path, spans);
    }
    return true;
  });
}

/** Also true of places that touch: what two fixes write side by side might not be what either meant. */
function overlaps(spans: readonly Edit["span"][], { start, end }: Edit["span"]): boolean {
  const next = before(spans, start);
  const [previous, following] = [spans[next - 1], spans[next]];
  return (previous !== undefined && previous.end >= start) || (following !== undefined && following.start <= end);
}

function textsWith(fixed: readonly Fixable[]): Map<string, string> {
  const bySource = new Map<string, { source: SourceFile; edits: Edit[] }>();
  for (const edit of fixed.flatMap(({ fix }) => fix.edits)) {
    const { source } = edit.span;
    const known = bySource.get(source.path);
    if (known === undefined) bySource.set(source.path, { source, edits: [edit] });
    else known.edits.push(edit);
  }
  return new Map([...bySource].map(([path, { source, edits }]) => [path, applyEdits(source.text, edits)]));
}

/** A text with some edits, which do not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let at = 0;
  let changed = "";
  for (const { span, newText } of edits.toSorted((a, b) => a.span.start - b.span.start)) {
    changed += text.slice(at, span.start) + newText;
    at = span.end;
  }
  return changed + text.slice(at);
}
