import type { Span } from "../../traces/span.js";
import type { Difference } from "../expect.js";
import { textMatch } from "../text-match.js";
import type { Caller } from "./callers.js";
import { CALLER, type ExpectedSpan, type ExpectedSpans, NONE } from "./expected.js";

/** All spans that came of one request, or of its repetitions. */
export class Collected {
  readonly spans: readonly Span[];
  private readonly callers: readonly Caller[];
  private readonly byId: ReadonlyMap<string, Span>;

  /** @param callers whom the request named as its own */
  constructor(spans: readonly Span[], callers: readonly Caller[]) {
    this.spans = spans;
    this.callers = callers;
    this.byId = new Map(spans.map((span) => [`${span.traceId} ${span.id}`, span]));
  }

  /** The name of the span that one stands under, `caller` or `none`. */
  parentOf({ traceId, parentId }: Span): string {
    if (parentId === undefined) return NONE;
    const parent = this.byId.get(`${traceId} ${parentId}`);
    if (parent !== undefined) return parent.name;
    const isCaller = this.callers.some((caller) => caller.traceId === traceId && caller.spanId === parentId);
    return isCaller ? CALLER : "a span that did not come";
  }
}

/**
 * What is not there of the expected spans; each of them needs one of its own.
 *
 * @returns with paths from the expectation on
 */
export function spanDifferences(expected: ExpectedSpans | undefined, collected: Collected): Difference[] {
  if (expected === undefined) return [];
  const { spans } = collected;
  const names = spans.length === 0 ? NONE : spans.map(({ name }) => name).join(", ");
  if (expected === NONE)
    return spans.length === 0 ? [] : [{ path: ["spans"], what: "spans", expected: NONE, actual: names }];
  const rows = expected.map((one) => {
    const isNamed = textMatch(one.name);
    const compare = comparison(one, collected);
    // A span of another name is not the one that is meant, whatever else is alike.
    return spans.map((span) => (isNamed(span.name) ? compare(span) : undefined));
  });
  const lacking = unpaired(rows.map((row) => row.map((found) => found?.length === 0)));
  return lacking.flatMap((index) => {
    const [nearest] = (rows[index] ?? [])
      .filter((found) => found !== undefined)
      .toSorted((one, other) => one.length - other.length);
    const { name } = expected[index] ?? { name: "" };
    if (nearest === undefined) return [{ path: ["spans", index, "name"], what: "span", expected: name, actual: names }];
    if (nearest.length === 0)
      return [{ path: ["spans", index], what: `span ${name}`, expected: "one more", actual: "no other" }];
    return nearest.map((each) => ({ ...each, path: ["spans", index, ...each.path] }));
  });
}

/** Compares spans with an expected one, of whose name they are. Paths are from there on. */
function comparison(expected: ExpectedSpan, collected: Collected): (span: Span) => Difference[] {
  const { kind, parent, service, tags = {}, error } = expected;
  const tagged = Object.entries(tags).map(([tag, match]) => ({ tag, match, fits: tagMatch(match) }));
  return (span) => {
    const of = `of span ${span.name}`;
    const compared = (key: "kind" | "parent" | "service", wanted: string | undefined, actual: string): Difference[] =>
      wanted === undefined || wanted === actual
        ? []
        : [{ path: [key], what: `${key} ${of}`, expected: wanted, actual }];
    return [
      ...compared("kind", kind, span.kind),
      ...compared("parent", parent, collected.parentOf(span)),
      ...compared("service", service, span.service),
      ...tagged.flatMap(({ tag, match, fits }) => {
        const actual = span.tags.get(tag);
        if (fits(actual)) return [];
        const wanted = match === true ? "any value" : match === false ? NONE : match;
        return [{ path: ["tags", tag], what: `tag ${tag} ${of}`, expected: wanted, actual: actual ?? NONE }];
      }),
      ...(error === undefined || error === (span.error !== undefined)
        ? []
        : [{ path: ["error"], what: `error ${of}`, expected: String(error), actual: String(!error) }]),
    ];
  };
}

function tagMatch(match: string | boolean): (actual: string | undefined) => boolean {
  if (typeof match === "boolean") return (actual) => (actual !== undefined) === match;
  const matches = textMatch(match);
  return (actual) => actual !== undefined && matches(actual);
}

/**
 * Pairs each row with a column that fits it, as many as can be, by augmenting paths.
 *
 * @param fits whether a column fits a row
 * @returns the rows without a column
 */
function unpaired(fits: readonly (readonly (boolean | undefined)[])[]): number[] {
  const rowOf = new Map<number, number>();
  const pair = (row: number, tried: Set<number>): boolean => {
    for (const [column, doesFit] of (fits[row] ?? []).entries()) {
      if (doesFit !== true || tried.has(column)) continue;
      tried.add(column);
      const holder = rowOf.get(column);
      if (holder !== undefined && !pair(holder, tried)) continue;
      rowOf.set(column, row);
      return true;
    }
    return false;
  };
  return [...fits.keys()].filter((row) => !pair(row, new Set()));
}
