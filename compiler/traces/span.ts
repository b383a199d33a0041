/**
 * One step of a trace, whatever wrote it down. Zipkin and OpenTelemetry differ in how they spell a span; what a test or a
 * graph asks of one is the same.
 */
export interface Span {
  /** 32 lower-case hexadecimal digits; an id of 64 bits has sixteen zeros before it. */
  readonly traceId: string;
  /** 16 lower-case hexadecimal digits. */
  readonly id: string;
  /** Absent at the root of a trace, and where only a part of the trace is known. */
  readonly parentId?: string;
  /** The server's half of a span that client and server share, as B3 allows: both halves have one id and one parent. */
  readonly shared: boolean;
  readonly kind: SpanKind;
  readonly name: string;
  /** Who wrote it down; empty if nobody says so. */
  readonly service: string;
  /** Nanoseconds since 1970, UTC. Absent if unknown, as of a span whose beginning was never reported. */
  readonly start?: bigint;
  /** Nanoseconds. Absent if unknown. */
  readonly duration?: bigint;
  /** The other side: of a client whom it asked, of a server who asked. */
  readonly peer?: Peer;
  /** Values of every type as texts: `7`, `true`, `["a","b"]`. */
  readonly tags: ReadonlyMap<string, string>;
  readonly events: readonly SpanEvent[];
  /** What went wrong, if something did: often a word or a status, at times no more than an empty text. */
  readonly error?: string;
}

/** Of whose work the span tells: the server's for a caller, the client's that calls, the same for messages, or neither. */
export type SpanKind = "server" | "client" | "producer" | "consumer" | "internal";

/** All that is known of it; at least one member is there. */
export interface Peer {
  /** Its name among services. */
  readonly service?: string;
  /** A host name or an IP address without brackets. */
  readonly address?: string;
  readonly port?: number;
}

/** Something that happened while the span lasted. */
export interface SpanEvent {
  /** Nanoseconds since 1970, UTC. */
  readonly at: bigint;
  readonly name: string;
  readonly tags: ReadonlyMap<string, string>;
}

/** What came of reading a document of spans. The reason names the first place that does not fit, and no value. */
export type SpansRead =
  | { readonly outcome: "read"; readonly spans: readonly Span[] }
  | { readonly outcome: "damaged"; readonly reason: string };

/** A peer of what is known; undefined if that is nothing. */
export function peerOf(service: string | undefined, address: string | undefined, port: number | undefined) {
  const peer: Peer = {
    ...(service === undefined || service === "" ? {} : { service }),
    ...(address === undefined || address === "" ? {} : { address }),
    ...(port === undefined || port === 0 ? {} : { port }),
  };
  return Object.keys(peer).length === 0 ? undefined : peer;
}

/**
 * What went wrong: in the words of the span, else by the tag `error.type` of OpenTelemetry's conventions.
 *
 * @param said undefined if the span does not say that it failed, empty if it does not say why
 */
export function failureOf(said: string | undefined, tags: ReadonlyMap<string, string>): string | undefined {
  return said === undefined || said === "" ? (tags.get("error.type") ?? said) : said;
}
