import { z } from "zod";
import { parseJson, readAs } from "./document.js";
import { failureOf, peerOf, type Span, type SpanKind, type SpansRead } from "./span.js";

const KINDS: Readonly<Record<"CLIENT" | "SERVER" | "PRODUCER" | "CONSUMER", SpanKind>> = {
  CLIENT: "client",
  SERVER: "server",
  PRODUCER: "producer",
  CONSUMER: "consumer",
};

const spanId = z.string().regex(/^(?!0+$)[0-9a-f]{16}$/, "16 lower-case hexadecimal digits are needed, not all zero");
const traceId = z
  .string()
  .regex(/^(?!0+$)(?:[0-9a-f]{16}|[0-9a-f]{32})$/, "16 or 32 lower-case hexadecimal digits are needed, not all zero")
  .transform((id) => id.padStart(32, "0"));

/** Microseconds in the document. */
const time = z
  .number()
  .int()
  .nonnegative()
  .transform((microseconds) => BigInt(microseconds) * 1000n);

const endpoint = z.object({
  serviceName: z.string().optional(),
  ipv4: z.string().optional(),
  ipv6: z.string().optional(),
  port: z.number().int().min(0).max(65_535).optional(),
});

const tags = z.record(z.string(), z.string()).transform((values) => new Map(Object.entries(values)));

const span = z
  .object({
    traceId,
    id: spanId,
    parentId: spanId.optional(),
    kind: z.enum(["CLIENT", "SERVER", "PRODUCER", "CONSUMER"]).optional(),
    name: z.string().optional(),
    timestamp: time.optional(),
    duration: time.optional(),
    localEndpoint: endpoint.optional(),
    remoteEndpoint: endpoint.optional(),
    annotations: z.array(z.object({ timestamp: time, value: z.string() })).optional(),
    tags: tags.optional(),
    shared: z.boolean().optional(),
  })
  .transform((read): Span => {
    const tags = read.tags ?? new Map<string, string>();
    const remote = read.remoteEndpoint;
    const peer = peerOf(remote?.serviceName, remote?.ipv4 ?? remote?.ipv6, remote?.port);
    const error = failureOf(tags.get("error"), tags);
    return {
      traceId: read.traceId,
      id: read.id,
      ...(read.parentId === undefined ? {} : { parentId: read.parentId }),
      shared: read.shared ?? false,
      kind: read.kind === undefined ? "internal" : KINDS[read.kind],
      name: read.name ?? "",
      service: read.localEndpoint?.serviceName ?? "",
      ...(read.timestamp === undefined ? {} : { start: read.timestamp }),
      ...(read.duration === undefined ? {} : { duration: read.duration }),
      ...(peer === undefined ? {} : { peer }),
      tags,
      events: (read.annotations ?? []).map(({ timestamp, value }) => ({ at: timestamp, name: value, tags: new Map() })),
      ...(error === undefined ? {} : { error }),
    };
  });

/** What is sent to a store is a list of spans, what `GET /api/v2/traces` gives a list of traces. */
const spans = z.array(span);
const traces = z.array(spans).transform((lists) => lists.flat());

/**
 * Spans as Zipkin's API v2 has them, in the order of the document: a list of spans, or a list of traces that are lists.
 * Members that Zipkin does not have are passed over. A server gives names of spans and services in lower case.
 */
export function readZipkin(text: string): SpansRead {
  const json = parseJson(text);
  return json.outcome === "damaged" ? json : zipkinSpans(json.document);
}

/** As `readZipkin`, of a document that is read already. */
export function zipkinSpans(document: unknown): SpansRead {
  const isOfTraces = Array.isArray(document) && Array.isArray(document[0]);
  return readAs(isOfTraces ? traces : spans, document);
}
