import { parseJson } from "./document.js";
import { otlpSpans } from "./otlp.js";
import type { Span, SpansRead } from "./span.js";
import { zipkinSpans } from "./zipkin.js";

/**
 * Spans of whichever form a text has: a list is Zipkin's, an object OTLP's, alone or below `result` as Jaeger's API v3 has it, and
 * several objects, one a line, are what the file exporter of the OpenTelemetry Collector writes.
 */
export function readSpans(text: string): SpansRead {
  const whole = parseJson(text);
  if (whole.outcome === "read") return spansOf(whole.document);
  const lines = text.split("\n").flatMap((line, index) => (line.trim() === "" ? [] : [{ line, number: index + 1 }]));
  if (lines.length < 2) return whole;
  const spans: Span[] = [];
  for (const { line, number } of lines) {
    const json = parseJson(line);
    // Not even its first line is a document: it is one document over several lines, and no JSON.
    if (json.outcome === "damaged" && number === lines[0]?.number) return whole;
    const read = json.outcome === "damaged" ? json : spansOf(json.document);
    if (read.outcome === "damaged") return { outcome: "damaged", reason: `line ${number}: ${read.reason}` };
    spans.push(...read.spans);
  }
  return { outcome: "read", spans };
}

function spansOf(document: unknown): SpansRead {
  if (Array.isArray(document)) return zipkinSpans(document);
  const isWrapped = typeof document === "object" && document !== null && "result" in document;
  return otlpSpans(isWrapped ? document.result : document);
}
