import { type Node, offsetsInScalar } from "../syntax/document.js";
import type { Span } from "../syntax/source.js";
import type { Range } from "./tree.js";

/** Where the text of an expression stands in a source file. */
export interface Place {
  /** The scalar that holds the expression. */
  readonly span: Span;
  /** Source offset of an index of the expression's text; the length of the text gives the end of its last character. */
  map(index: number): number;
}

/** The place of an expression that is the value of a node; anything but a scalar has only one place, its span. */
export function placeOf(node: Node | undefined, span: Span): Place {
  if (node?.kind !== "scalar") return { span, map: (index) => (index === 0 ? span.start : span.end) };
  // Most expressions are read without anybody asking for a place; those that ask, ask for many.
  let offsets: ((index: number) => number) | undefined;
  return {
    span: node.span,
    map: (index) => {
      offsets ??= offsetsInScalar(node);
      return offsets(index);
    },
  };
}

/** The span of a part of an expression; never empty where the scalar is not, so that a caret has something to stand on. */
export function spanOf(place: Place, range: Range): Span {
  const { source, start, end } = place.span;
  const from = clamp(place.map(range.start), start, end);
  const to = clamp(place.map(range.end), from, end);
  return { source, start: from, end: to };
}

function clamp(offset: number, low: number, high: number): number {
  return Math.min(Math.max(offset, low), high);
}
