import { expect, it } from "vitest";
import { readSpans } from "./read.js";

const TRACE = "463ac35c9f6413ad48485a3953bb6124";
const ZIPKIN = { traceId: TRACE, id: "00000000000000a1" };
const otlp = (spanId: string) => ({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: TRACE, spanId }] }] }] });

function idsOf(text: string): readonly string[] | string {
  const read = readSpans(text);
  return read.outcome === "damaged" ? read.reason : read.spans.map(({ id }) => id);
}

it.each([
  ["a list of Zipkin", JSON.stringify([ZIPKIN]), ["00000000000000a1"]],
  ["traces of Zipkin", JSON.stringify([[ZIPKIN]]), ["00000000000000a1"]],
  ["OTLP", JSON.stringify(otlp("00000000000000a2"), undefined, 2), ["00000000000000a2"]],
  ["OTLP in an answer of Jaeger", JSON.stringify({ result: otlp("00000000000000a2") }), ["00000000000000a2"]],
  [
    "OTLP, one document a line",
    `${JSON.stringify(otlp("00000000000000a2"))}\n\n${JSON.stringify(otlp("00000000000000a3"))}\n`,
    ["00000000000000a2", "00000000000000a3"],
  ],
  ["a line that ends too early", `${JSON.stringify(otlp("00000000000000a2"))}\n{"resource`, "line 2: it is no JSON"],
  [
    "a line that is something else",
    `${JSON.stringify(otlp("00000000000000a2"))}\n7`,
    "line 2: the document: Invalid input",
  ],
  ["lines of text", "not\nfound", "it is no JSON"],
  ["a page", "<html></html>", "it is no JSON"],
  ["nothing", "", "it is empty"],
  ["null", "null", "the document: Invalid input: expected object, received null"],
  ["another object", '{"error":{}}', "`resourceSpans` is needed"],
])("%s", (_, text, wanted) => {
  const found = idsOf(text);
  if (typeof wanted === "string") expect(found).toContain(wanted);
  else expect(found).toEqual(wanted);
});
