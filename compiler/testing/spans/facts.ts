import type { Span } from "../../traces/span.js";
import type { Collected } from "./match.js";

/** Where the service is, and how often it was asked: in tests services are elsewhere, and one engine asks once. */
const OF_THE_SERVICE = new Set(["server.address", "server.port", "network.peer.address", "network.peer.port"]);
const OF_RETRIES = new Set(["http.request.resend_count"]);

/**
 * What two engines must have alike of the spans of one request: no times and no ids.
 *
 * @returns a text for each span by what it is about, which is its name and, of several that are alike, which of them
 */
export function spanFacts(collected: Collected): Map<string, string> {
  const lines = collected.spans.map((span) => ({ name: span.name, line: lineOf(span, collected, isComparable(span)) }));
  const numbers = new Map<string, number>();
  // Which of several came first is left to chance.
  const sorted = lines.toSorted((one, other) => (one.line < other.line ? -1 : 1));
  return new Map(
    sorted.map(({ name, line }) => {
      const number = (numbers.get(name) ?? 0) + 1;
      numbers.set(name, number);
      return [`span ${name}${number === 1 ? "" : `, number ${number}`}`, line];
    }),
  );
}

/** `GET /orders/{id}: server, under caller, of shop, error; customer=acme` for each span. */
export function spanLines(collected: Collected): string[] {
  return collected.spans.map((span) => `${span.name}: ${lineOf(span, collected, () => true)}`);
}

function lineOf(span: Span, collected: Collected, isShown: (tag: string) => boolean): string {
  const tags = [...span.tags]
    .filter(([tag]) => isShown(tag))
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([tag, value]) => `${tag}=${value}`);
  const facts = [span.kind, `under ${collected.parentOf(span)}`, ...(span.error === undefined ? [] : ["error"])];
  return [facts.join(", "), ...tags].join("; ");
}

function isComparable({ kind }: Span): (tag: string) => boolean {
  return (tag) => !OF_RETRIES.has(tag) && !(kind === "client" && OF_THE_SERVICE.has(tag));
}
