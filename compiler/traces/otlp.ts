import { z } from "zod";
import { parseJson, readAs } from "./document.js";
import { failureOf, peerOf, type Span, type SpanKind, type SpansRead } from "./span.js";

/** By the number in opentelemetry/proto/trace/v1/trace.proto; 0 is "unspecified", which is taken for internal there. */
const KINDS: readonly SpanKind[] = ["internal", "internal", "server", "client", "producer", "consumer"];
const KIND_NAMES = ["UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"];
const FAILED = 2;

/** OTLP asks for hexadecimal digits in JSON, of either case, where other messages of protobuf have base64. */
const id = (digits: number) =>
  z
    .string()
    .regex(new RegExp(`^(?!0+$)[0-9a-fA-F]{${digits}}$`), `${digits} hexadecimal digits are needed, not all zero`)
    .transform((text) => text.toLowerCase());

const parent = z
  .string()
  .regex(/^(?:[0-9a-fA-F]{16})?$/, "16 hexadecimal digits are needed, or none at a root")
  .transform((text) => (/^0*$/.test(text) ? undefined : text.toLowerCase()));

/** An integer of 64 bits: a text, as protobuf writes it, or a number, which has lost its last digits above 2^53. */
function integer(least: bigint, most: bigint) {
  return z
    .union([z.string().regex(/^-?\d{1,20}$/, "a whole number is needed"), z.number().int("a whole number is needed")])
    .transform((value) => BigInt(value))
    .refine((value) => value >= least && value <= most, "the number does not fit into 64 bits");
}
const nanoseconds = integer(0n, 2n ** 64n - 1n);

const double = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])]);

/** How a value is shown as a tag, and as a part of a list. */
interface Shown {
  readonly text: string;
  readonly json: string;
}

const quoted = (text: string): Shown => ({ text, json: JSON.stringify(text) });
const bare = (text: string): Shown => ({ text, json: text });
const ABSENT: Shown = { text: "", json: "null" };

/** One member at most is set; none is a value that is there and empty. */
const value: z.ZodType<Shown> = z
  .object({
    stringValue: z.string().transform(quoted).optional(),
    boolValue: z.boolean().transform(String).transform(bare).optional(),
    intValue: integer(-(2n ** 63n), 2n ** 63n - 1n)
      .transform(String)
      .transform(bare)
      .optional(),
    doubleValue: double
      .transform((number) => (typeof number === "number" ? bare(String(number)) : quoted(number)))
      .optional(),
    bytesValue: z.string().transform(quoted).optional(),
    get arrayValue() {
      return z
        .object({ values: z.array(value).optional() })
        .transform(({ values = [] }) => bare(`[${values.map(({ json }) => json).join(",")}]`))
        .optional();
    },
    get kvlistValue() {
      return z
        .object({ values: z.array(z.object({ key: z.string(), value: value.optional() })).optional() })
        .transform(({ values = [] }) =>
          bare(`{${values.map((one) => `${JSON.stringify(one.key)}:${(one.value ?? ABSENT).json}`).join(",")}}`),
        )
        .optional();
    },
  })
  .transform((members, context) => {
    const values = Object.values(members).filter((member) => member !== undefined);
    if (values.length > 1) context.addIssue("a value has one type");
    return values[0] ?? ABSENT;
  });

/** Of a key that stands twice the last one counts, as in the stores. */
const attributes = z
  .array(z.object({ key: z.string(), value: value.optional() }))
  .optional()
  .transform((list) => new Map((list ?? []).map((one) => [one.key, (one.value ?? ABSENT).text])));

/** A number, or its name as protobuf's own JSON has it. */
function enumeration(prefix: string, names: readonly string[]) {
  const message = `a number from 0 to ${names.length - 1} is needed`;
  return z.union([
    z
      .number(message)
      .int(message)
      .min(0, message)
      .max(names.length - 1, message),
    z.enum(names.map((name) => `${prefix}${name}`)).transform((name) => names.indexOf(name.slice(prefix.length))),
  ]);
}

const span = z.object({
  traceId: id(32),
  spanId: id(16),
  parentSpanId: parent.optional(),
  name: z.string().optional(),
  kind: enumeration("SPAN_KIND_", KIND_NAMES).optional(),
  startTimeUnixNano: nanoseconds.optional(),
  endTimeUnixNano: nanoseconds.optional(),
  attributes,
  events: z
    .array(z.object({ timeUnixNano: nanoseconds.optional(), name: z.string().optional(), attributes }))
    .optional(),
  status: z
    .object({ code: enumeration("STATUS_CODE_", ["UNSET", "OK", "ERROR"]).optional(), message: z.string().optional() })
    .optional(),
});

const resource = z
  .object({
    resource: z.object({ attributes }).optional(),
    scopeSpans: z.array(z.object({ spans: z.array(span).optional() })).optional(),
  })
  .transform(({ resource, scopeSpans }) => {
    const service = resource?.attributes.get("service.name") ?? "";
    return (scopeSpans ?? []).flatMap(({ spans }) => (spans ?? []).map((one) => spanOf(one, service)));
  });

function spanOf(read: z.output<typeof span>, service: string): Span {
  const { traceId, spanId, parentSpanId, attributes: tags, status } = read;
  const kind = KINDS[read.kind ?? 0] ?? "internal";
  const { start, duration } = timesOf(read.startTimeUnixNano ?? 0n, read.endTimeUnixNano ?? 0n);
  const peer = peerIn(kind, tags);
  const error = failureOf(status?.code === FAILED ? (status.message ?? "") : undefined, tags);
  return {
    traceId,
    id: spanId,
    ...(parentSpanId === undefined ? {} : { parentId: parentSpanId }),
    shared: false,
    kind,
    name: read.name ?? "",
    service,
    ...(start === undefined ? {} : { start }),
    ...(duration === undefined ? {} : { duration }),
    ...(peer === undefined ? {} : { peer }),
    tags,
    events: (read.events ?? []).map(({ timeUnixNano, name, attributes }) => ({
      at: timeUnixNano ?? 0n,
      name: name ?? "",
      tags: attributes,
    })),
    ...(error === undefined ? {} : { error }),
  };
}

/** Zero is "unknown" in protobuf. Of a span that ends before it begins, as when a clock is set back, nobody knows how long it was. */
function timesOf(start: bigint, end: bigint): { start?: bigint; duration?: bigint } {
  if (start === 0n) return {};
  return end < start ? { start } : { start, duration: end - start };
}

/** By the semantic conventions for HTTP and RPC, those before 1.21 after those since. */
function peerIn(kind: SpanKind, tags: ReadonlyMap<string, string>) {
  const first = (...names: readonly string[]) => names.map((name) => tags.get(name)).find((text) => text !== undefined);
  const [address, port] =
    kind === "server" || kind === "consumer"
      ? [first("client.address", "network.peer.address", "net.peer.ip"), first("client.port", "network.peer.port")]
      : [
          first("server.address", "net.peer.name", "network.peer.address", "net.peer.ip"),
          first("server.port", "net.peer.port", "network.peer.port"),
        ];
  return kind === "internal" ? undefined : peerOf(tags.get("peer.service"), address, portOf(port));
}

function portOf(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : undefined;
}

const resources = z.array(resource).transform((lists) => lists.flat());

const message = z
  .looseObject({ resourceSpans: resources.optional(), batches: resources.optional() })
  .transform((members, context) => {
    const spans = members.resourceSpans ?? members.batches;
    // Protobuf leaves out a list that is empty. What has other members only is some other document.
    if (spans === undefined && Object.keys(members).length > 0)
      context.addIssue("`resourceSpans` is needed, or `batches`");
    return spans ?? [];
  });

/**
 * Spans as OTLP has them in JSON (ExportTraceServiceRequest and TracesData: `resourceSpans`; Tempo's answers: `batches`), in the
 * order of the document. Members that are none of OTLP's are passed over, as the specification asks.
 */
export function readOtlp(text: string): SpansRead {
  const json = parseJson(text);
  return json.outcome === "damaged" ? json : otlpSpans(json.document);
}

/** As `readOtlp`, of a document that is read already. */
export function otlpSpans(document: unknown): SpansRead {
  return readAs(message, document);
}
