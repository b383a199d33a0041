import { expect } from "vitest";
import type { CompiledModule } from "./module-host.js";
import { allowing, consumers, limiting, partnersOnly } from "./module-policies.js";
import { exported, type OtlpSpan, otlpCollector, Traced, type ZipkinSpan, zipkinCollector } from "./tracing.js";

// What tests of spans have in common: a shop whose guard traces, and how spans must lie.

export const TRACE = "0af7651916cd43dd8448eb211c80319c";
export const SPAN = "b7ad6b7169203331";
/** A caller who has its trace recorded. */
export const fromCaller = [["traceparent", `00-${TRACE}-${SPAN}-01`]] as const;
export const acme = ["x-api-key", "acme-key"] as const;

export type Format = "zipkin" | "otlp";

const rate = { count: 100, periodMs: 1000, burst: 100 };
const policies = [
  partnersOnly,
  allowing(true),
  limiting("limit", rate),
  limiting("other", rate, { key: [["get", "request.path"]] }),
];

const exporterOf = (format: Format) => (format === "zipkin" ? zipkinCollector : otlpCollector);

/** One route `/orders/{id}` with policies of all kinds. */
export function tracedShop(
  module: CompiledModule,
  more: Readonly<Record<string, unknown>> = {},
  format: Format = "zipkin",
) {
  const routes = [{ name: "r", run: ["trace", ...policies.map(({ name }) => name)], pattern: "/orders/{id}" }];
  const beside = { consumers, exporters: [exporterOf(format)], routes };
  return new Traced(module, { configuration: exported(more, beside, policies) });
}

/** One route that nothing but a trace is wanted of. */
export function tracedOnly(
  module: CompiledModule,
  more: Readonly<Record<string, unknown>> = {},
  format: Format = "zipkin",
) {
  return new Traced(module, { configuration: exported(more, { exporters: [exporterOf(format)] }) });
}

/** Times of a span and what it lies in, of either format. */
function placed(span: ZipkinSpan | OtlpSpan) {
  if ("id" in span) {
    const { id, parentId, timestamp, duration } = span;
    return { id, parent: parentId, from: BigInt(timestamp), to: BigInt(timestamp + duration) };
  }
  const { spanId, parentSpanId, startTimeUnixNano, endTimeUnixNano } = span;
  return { id: spanId, parent: parentSpanId, from: BigInt(startTimeUnixNano), to: BigInt(endTimeUnixNano) };
}

/** Every span lies in its parent, and no two have one id. */
export function expectNested(spans: readonly (ZipkinSpan | OtlpSpan)[]): void {
  const all = spans.map(placed);
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  for (const span of all) {
    expect(span.to).toBeGreaterThanOrEqual(span.from);
    const parent = all.find(({ id }) => id === span.parent);
    if (parent === undefined) continue;
    expect(span.from).toBeGreaterThanOrEqual(parent.from);
    expect(span.to).toBeLessThanOrEqual(parent.to);
  }
}

/** Attributes by their names. */
export const otlpAttributes = (span: OtlpSpan | undefined) =>
  Object.fromEntries((span?.attributes ?? []).map(({ key, value }) => [key, value]));
