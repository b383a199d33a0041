import { bytesOf, textOf } from "../../host/byte-text.js";
import type { Pairs } from "../../host/pairs.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { type Collector, collectors } from "../../plan/tracing.js";
import { readOtlp } from "../../traces/otlp.js";
import type { Span } from "../../traces/span.js";
import { readZipkin } from "../../traces/zipkin.js";

/** What a module sent to a collector, and how that was answered. */
export interface Post {
  collector: Collector;
  /** A byte text. */
  body: string;
  status: number;
}

/** Finds out which requests to services are those of modules with spans. */
export class Collectors {
  private readonly all: readonly Collector[];

  constructor({ policies }: GatewayPlan) {
    this.all = collectors(policies);
  }

  get isEmpty(): boolean {
    return this.all.length === 0;
  }

  /** Names of the services that get spans. */
  get services(): ReadonlySet<string> {
    return new Set(this.all.map(({ service }) => service));
  }

  /** Envoy gives an id to every request of a client, also to one that a route leads to the same place. */
  collectorOf(service: string, { method, path, headers }: { method: string; path: string; headers: Pairs }) {
    if (method !== "POST" || headers.some(([name]) => name === "x-request-id")) return undefined;
    return this.all.find((one) => one.service === service && one.path === path);
  }
}

/** Reads what comes to collectors, each span once: what was not taken is sent again. */
export class SpanReader {
  private readonly seen = new Set<string>();
  private readonly accepted = new Set<string>();
  private serverSpans = 0;
  private fresh: Span[] = [];

  /** @throws Error if it holds no spans, or such as nobody can read */
  read({ collector, body, status }: Post): void {
    const text = textOf(bytesOf(body));
    const read = collector.format === "zipkin" ? readZipkin(text) : readOtlp(text);
    if (read.outcome === "damaged") throw new Error(`${collector.service} cannot read its spans: ${read.reason}`);
    for (const span of read.spans) {
      const key = `${span.traceId} ${span.id}`;
      if (!this.seen.has(key) && span.kind === "server") this.serverSpans++;
      this.seen.add(key);
      if (status < 200 || status > 299 || this.accepted.has(key)) continue;
      this.accepted.add(key);
      this.fresh.push(span);
    }
  }

  /** Those that a collector has taken since the last call. */
  taken(): Span[] {
    return this.fresh.splice(0);
  }

  /** How many spans collectors have taken, and how many of requests to the gateway have come, taken or not. */
  get counts(): { accepted: number; requests: number } {
    return { accepted: this.accepted.size, requests: this.serverSpans };
  }
}
