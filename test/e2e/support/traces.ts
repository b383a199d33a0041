import { randomBytes } from "node:crypto";
import type { Span } from "../../../compiler/traces/span.js";
import { request } from "../../support/http.js";
import { startOtlpReceiver, startZipkin, type TraceStore } from "../../support/trace-stores/store.js";
import { until } from "./until.js";

/** The forms that spans are sent in, by the key under `export`. */
export const FORMATS = ["zipkin", "otlp"] as const;
export type Format = (typeof FORMATS)[number];

/** The real thing that takes spans of a form. */
export function startStore(format: Format): Promise<TraceStore> {
  return format === "zipkin" ? startZipkin() : startOtlpReceiver();
}

/** What a caller says of a trace that it has begun. */
export interface CallerTrace {
  readonly traceId: string;
  readonly spanId: string;
  /** The value of the header. */
  readonly traceparent: string;
}

export function callerTrace(sampled = true): CallerTrace {
  const [traceId, spanId] = [randomBytes(16).toString("hex"), randomBytes(8).toString("hex")];
  return { traceId, spanId, traceparent: `00-${traceId}-${spanId}-${sampled ? "01" : "00"}` };
}

/** The spans of a trace, once there are as many in the store; those that are too many are told too. */
export async function traceIn(store: TraceStore, traceId: string, count: number): Promise<readonly Span[]> {
  let found: readonly Span[] = [];
  await until(`${count} spans of ${traceId}`, async () => {
    found = (await store.spans()).filter((span) => span.traceId === traceId);
    return found.length >= count;
  }).catch((error: unknown) => {
    throw new Error(`${String(error)}, and there are:\n${drawn(found).join("\n")}`);
  });
  return found;
}

/**
 * A trace as lines: `server get /orders/7`, and two spaces before the lines of its children, which are in the order of their names.
 * In lower case, as Zipkin keeps names. A span of somebody else has its service behind it.
 */
export function drawn(spans: readonly Span[], service = "shop"): string[] {
  const ids = new Set(spans.map(({ id }) => id));
  const roots = spans.filter(({ parentId }) => parentId === undefined || !ids.has(parentId));
  return linesOf(roots, spans, service, "");
}

function linesOf(level: readonly Span[], spans: readonly Span[], service: string, indent: string): string[] {
  return [...level].toSorted(inOrderOfNames).flatMap((span) => {
    const of = span.service === service ? "" : ` of ${span.service}`;
    const children = spans.filter(({ parentId }) => parentId === span.id);
    return [
      `${indent}${span.kind} ${span.name.toLowerCase()}${of}`,
      ...linesOf(children, spans, service, `${indent}  `),
    ];
  });
}

function inOrderOfNames(one: Span, other: Span): number {
  const [a, b] = [one.name.toLowerCase(), other.name.toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Spans that do not lie, in time, inside of the span that they are a part of; or that have no time. */
export function outOfTime(spans: readonly Span[]): string[] {
  return spans.flatMap((span) => {
    const [start, end] = timesOf(span);
    const parent = spans.find(({ id }) => id === span.parentId);
    const [from, to] = parent === undefined ? [start, end] : timesOf(parent);
    const isInside = start > 0n && start < end && start >= from && end <= to;
    return isInside ? [] : [`${span.name}: ${start} to ${end}, and around it ${from} to ${to}`];
  });
}

function timesOf({ start = 0n, duration = 0n }: Span): [start: bigint, end: bigint] {
  return [start, start + duration];
}

/** The only span with such a name, in lower case. */
export function named(spans: readonly Span[], name: string): Span {
  const [span, ...more] = spans.filter((one) => one.name.toLowerCase() === name);
  if (span === undefined || more.length > 0)
    throw new Error(`${more.length + (span ? 1 : 0)} spans are named ${name}:\n${drawn(spans).join("\n")}`);
  return span;
}

/** Tags of a span whose names are wanted, by name. */
export function tagsOf({ tags }: Span, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (tags.get(name) === undefined ? [] : [[name, tags.get(name) ?? ""]])),
  );
}

/**
 * Sends the span of a service that has been asked, as its own tracer would: below the span of whoever asked.
 *
 * @param traceparent as the service received it
 */
export async function answerSpan(format: Format, port: number, service: string, traceparent: string): Promise<void> {
  const [, traceId = "", parentId = ""] = traceparent.split("-");
  const id = randomBytes(8).toString("hex");
  const now = Date.now();
  const zipkin = [
    {
      traceId,
      id,
      parentId,
      kind: "SERVER",
      name: "answer",
      timestamp: now * 1000,
      duration: 1,
      localEndpoint: { serviceName: service },
    },
  ];
  const times = { startTimeUnixNano: `${now}000000`, endTimeUnixNano: `${now}001000` };
  const span = { traceId, spanId: id, parentSpanId: parentId, kind: 2, name: "answer", ...times };
  const resource = { attributes: [{ key: "service.name", value: { stringValue: service } }] };
  const otlp = { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
  const [path, document] = format === "zipkin" ? ["/api/v2/spans", zipkin] : ["/v1/traces", otlp];
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify(document);
  const reply = await request(`http://127.0.0.1:${port}${path}`, { method: "POST", headers, body });
  if (reply.status >= 300) throw new Error(`${path}: ${reply.status} ${reply.text}`);
}
