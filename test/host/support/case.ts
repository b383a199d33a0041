import type { Pairs } from "../../../compiler/host/pairs.js";

/** The listeners of the conformance suite: one probe each, differently configured. */
export type ProbeListener = "plain" | "held" | "pruned" | "small" | "root" | "trapping";

/** One request through the probe, and what the services behind it answer. Texts are byte texts. */
export interface ProbeCase {
  /** Default `plain`. */
  listener?: ProbeListener;
  /** Statements of `probes/script.as`. */
  script: string;
  /** Default `GET`. */
  method?: string;
  /** Default `/up`; what begins with `/direct` is answered by Envoy itself with 200 and `direct`. */
  target?: string;
  /** Beside `host: probe.test` and `x-script`. */
  headers?: Pairs;
  /** With a `content-length`. */
  body?: string;
  /** Instead of a body with a length. */
  chunked?: { body: string; trailers?: Pairs };
  /** Default: 200 with the body `up`. */
  service?: ServiceAnswer | "never";
  /** The VM is gone afterwards, so that nobody is told of the end of the stream. */
  vmDies?: boolean;
  /**
   * The client ends its connection when the callout has been asked, which answers then; when the service has been asked, which does not; when the
   * probe has seen the body, whose end has not been sent.
   */
  clientLeaves?: "callout" | "service" | "body";
  /** With `callout`: Envoy finds the end of the connection and the answer in one turn, in this order. */
  inOneTurn?: boolean;
  /** The call is made at the end of the stream, and answered after it. */
  callsLast?: boolean;
  /** What the cluster `callout` answers. */
  callout?: ServiceAnswer | "never";
}

export interface ServiceAnswer {
  status?: number;
  headers?: Pairs;
  /** Default none. */
  body?: string;
  trailers?: Pairs;
  /** Where the connection breaks, or no more comes: before the headers, or in the body, of which two bytes more were announced. */
  ends?: "breaks before" | "breaks" | "hangs";
}

/** What of a case can be seen from outside, and what the probe saw. */
export interface Observation {
  /** What the probe wrote to the log. */
  lines: string[];
  /** `reset` if the connection ended before there was an answer, whoever ended it. */
  reply: { status: number; headers: [string, string][]; body: string } | "reset";
  /** RESPONSE_CODE_DETAILS. */
  details: string;
  /** What reached the service. */
  service: { method: string; path: string; headers: [string, string][]; body: string } | "none";
}

/** What the wire and the clock add, which is no part of the ABI. */
const OF_THE_WIRE = new Set([
  "date",
  "server",
  "transfer-encoding",
  "connection",
  "keep-alive",
  "x-envoy-upstream-service-time",
]);

export function withoutWire(headers: Pairs): [string, string][] {
  return headers.flatMap(([name, value]): [string, string][] =>
    OF_THE_WIRE.has(name.toLowerCase()) ? [] : [[name.toLowerCase(), value]],
  );
}
