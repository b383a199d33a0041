import type { Span } from "../../syntax/source.js";
import { type Cell, cells } from "./visible.js";

/** Columns of a line that are shown at most, and how many of them come before the place. */
const WINDOW = 100;
const BEFORE = 40;

/** More characters than a window can show, however narrow they are. */
const EXCERPT = 400;

/** A line of a file and the marks below it, both ready for a terminal. */
export interface Frame {
  readonly line: number;
  readonly text: string;
  /** Columns before the marks. */
  readonly indent: number;
  /** Number of marks, at least one. */
  readonly length: number;
}

/**
 * The first line of a span. A line that is too long is cut around the place.
 *
 * @param secrets spans whose text must not be shown, wherever a frame happens to contain it
 */
export function frameOf(span: Span, secrets: readonly Span[]): Frame {
  const { line, column } = span.source.position(span.start);
  const whole = span.source.line(line);
  const from = Math.max(column - 1 - EXCERPT, 0);
  const start = column - 1 - from;
  const excerpt = conceal(whole.slice(from, column - 1 + EXCERPT), span, span.start - column + 1 + from, secrets);
  const end = Math.min(start + (span.end - span.start), excerpt.trimEnd().length);
  const isFirst = line === 1 && from === 0 && excerpt.startsWith("\ufeff");
  const all = cells(excerpt).filter((cell) => !(isFirst && cell.index === 0));
  const hidden = { before: from > 0, after: column - 1 + EXCERPT < whole.length };
  return { line, ...mark(all, start, end, hidden) };
}

/** An excerpt with an asterisk for every character of a secret. */
function conceal(text: string, { source }: Span, textStart: number, secrets: readonly Span[]): string {
  return secrets.reduce((shown, secret) => {
    const from = Math.max(secret.start - textStart, 0);
    const to = Math.min(secret.end - textStart, shown.length);
    return secret.source !== source || to <= from
      ? shown
      : shown.slice(0, from) + "*".repeat(to - from) + shown.slice(to);
  }, text);
}

interface Hidden {
  readonly before: boolean;
  readonly after: boolean;
}

function mark(all: readonly Cell[], start: number, end: number, hidden: Hidden): Omit<Frame, "line"> {
  const found = all.findIndex((cell) => cell.index + cell.length > start);
  const first = found < 0 ? all.length : found;
  const kept = windowOf(all, first);
  const cutBefore = hidden.before || kept.from > 0;
  const cutAfter = hidden.after || kept.to < all.length;
  const shown = all.slice(kept.from, kept.to);
  const marked = all.slice(first, kept.to).filter((cell) => cell.index < end);
  return {
    text: `${cutBefore ? "…" : ""}${shown.map((cell) => cell.text).join("")}${cutAfter ? "…" : ""}`.trimEnd(),
    indent: width(all.slice(kept.from, first)) + (cutBefore ? 1 : 0),
    length: Math.max(width(marked), 1),
  };
}

/** The cells that are shown: as many after the place as fit beside those before it. */
function windowOf(all: readonly Cell[], first: number): { from: number; to: number } {
  if (width(all) <= WINDOW) return { from: 0, to: all.length };
  let from = first;
  for (let used = 0; from > 0 && used + (all[from - 1]?.width ?? 0) <= BEFORE; from--)
    used += all[from - 1]?.width ?? 0;
  let to = from;
  for (let used = 0; to < all.length && used + (all[to]?.width ?? 0) <= WINDOW; to++) used += all[to]?.width ?? 0;
  return { from, to };
}

function width(part: readonly Cell[]): number {
  return part.reduce((sum, cell) => sum + cell.width, 0);
}
