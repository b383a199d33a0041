import { z } from "zod";
import { byteTextOf } from "../../compiler/host/byte-text.js";
import type { PendingCall } from "../../compiler/host/calls.js";
import type { CompiledModule } from "../../compiler/host/engine.js";
import { Host, pluginOf, type VmConfig } from "../../compiler/host/host.js";
import { seededRandom } from "../../compiler/host/random.js";
import type { Stream } from "../../compiler/host/stream.js";
import type { Threads } from "../../compiler/host/threads.js";
import type { Vm } from "../../compiler/host/vm.js";

// Modules that trace, on the embedded host in virtual time: several workers, streams that a test begins and ends, collectors that it answers for.

export const SECOND = 1_000_000_000n;
export const MILLISECOND = 1_000_000n;

export interface TracedRequest {
  route?: string;
  method?: string;
  path?: string;
  /** More headers, as byte texts. */
  headers?: readonly (readonly [name: string, value: string])[];
  source?: string;
  protocol?: string;
  /** Filter state that filters in front left, without `wasm.`. */
  state?: Readonly<Record<string, string>>;
  /** What Envoy tells of the service at the end; nobody was asked if it is left out. */
  service?: { cluster?: string; address?: string; attempts?: number; latency?: bigint };
  /** Attributes beside these. */
  attributes?: Readonly<Record<string, string | bigint | undefined>>;
}

const CLUSTER = "collector";

export interface Setting {
  configuration: unknown;
  workers?: number;
  /** Clusters that there are; default `collector`. */
  clusters?: readonly string[];
  vm?: VmConfig;
  seed?: number;
}

/** Workers of one process with one configuration. */
export class Traced {
  readonly host: Host;
  readonly threads: Threads;

  constructor(
    module: CompiledModule,
    { configuration, workers = 1, clusters = [CLUSTER], vm = {}, seed = 1 }: Setting,
  ) {
    this.host = new Host({ clusters, random: seededRandom(seed) });
    const text = typeof configuration === "string" ? configuration : JSON.stringify(configuration);
    const threads = this.host.run({
      module,
      vm: { vmId: "shop", ...vm },
      plugin: pluginOf({ configuration: text }),
      workers,
    });
    if (threads === undefined) throw new Error(this.host.log.at(-1)?.text ?? "the module refused");
    this.threads = threads;
  }

  vm(worker = 0): Vm {
    const thread = this.threads.workers[worker];
    if (thread === undefined) throw new Error(`there is no worker ${worker}`);
    if (thread.vm.failure !== undefined) throw new Error(thread.vm.failure);
    return thread.vm;
  }

  /** Hands over the headers of a request; `end` of what is returned ends its stream. */
  begin(request: TracedRequest = {}, worker = 0): TracedStream {
    return new TracedStream(this.host, this.vm(worker), request);
  }

  /** A whole stream that got an answer, unless the module gave one. */
  run(request: TracedRequest & { status?: number; takes?: bigint } = {}, worker = 0): TracedStream {
    const stream = this.begin(request, worker);
    if (stream.passed) stream.answer(request.status ?? 200);
    this.host.advance(request.takes ?? MILLISECOND);
    stream.end();
    return stream;
  }

  /** Ends so many streams at once, without time passing. */
  burst(count: number, request: TracedRequest = {}): void {
    for (let index = 0; index < count; index++) {
      const stream = this.begin(request);
      stream.answer(200);
      stream.end();
    }
  }

  /** The next tick of all workers. */
  tick(): void {
    this.host.advance(250n * MILLISECOND);
  }

  /** Bodies that collectors got since the last time, answered with a status. */
  collect(status = 202): string[] {
    const bodies: string[] = [];
    for (let rounds = 0; rounds < 1000; rounds++) {
      const [call] = this.host.calls.pending;
      if (call === undefined) return bodies;
      bodies.push(Buffer.from(call.body).toString("utf8"));
      call.answer([[":status", `${status}`]]);
    }
    throw new Error("there is no end to the calls");
  }

  /** All calls under way, oldest first. */
  get calls(): readonly PendingCall[] {
    return [...this.host.calls.pending];
  }

  /** Spans in the form of Zipkin that come with the next tick. */
  zipkin(): ZipkinSpan[] {
    this.tick();
    return this.collect().flatMap((body) => zipkinSpans.parse(JSON.parse(body)));
  }

  /** And in that of OTLP. */
  otlp(): OtlpSpan[] {
    this.tick();
    return this.collect().flatMap((body) =>
      otlpBody
        .parse(JSON.parse(body))
        .resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans)),
    );
  }

  /** A counter of the policy `trace`, or another one. */
  counted(outcome: string, policy = "trace"): number {
    const counters = new Map([...this.host.metrics.counters()]);
    return Number(counters.get(`sluice.tracing.${policy}.${outcome}`) ?? -1n);
  }
}

/** One stream, from its request on. */
export class TracedStream {
  readonly stream: Stream;
  private readonly vm: Vm;
  private readonly began: { monotonic: bigint; wall: bigint };

  constructor(host: Host, vm: Vm, request: TracedRequest) {
    this.vm = vm;
    this.began = { monotonic: host.clock.monotonic(), wall: host.clock.wall() };
    const now = () => host.clock.monotonic() - this.began.monotonic;
    const { service } = request;
    const attributes = {
      "xds.route_name": request.route ?? "r",
      "source.address": request.source ?? "192.0.2.7:40000",
      "request.protocol": request.protocol ?? "HTTP/1.1",
      "request.time": this.began.wall,
      get "request.duration"() {
        return now();
      },
      "xds.cluster_name": service === undefined ? undefined : (service.cluster ?? "orders"),
      "upstream.address": service === undefined ? undefined : (service.address ?? "10.0.0.5:9001"),
      "upstream.request_attempt_count": service === undefined ? undefined : BigInt(service.attempts ?? 1),
      "response.backend_latency": service?.latency,
      ...request.attributes,
    };
    this.stream = vm.stream({ attributes });
    for (const [name, value] of Object.entries(request.state ?? {}))
      this.stream.filterState.set(name, Buffer.from(value, "latin1"));
    this.stream.requestHeaders(
      [
        [":method", request.method ?? "GET"],
        [":path", request.path ?? "/orders/7?secret=1"],
        [":authority", "shop.example:8443"],
        [":scheme", "http"],
        ["x-forwarded-proto", "https"],
        ["user-agent", "curl/8"],
        ...(request.headers ?? []),
      ],
      true,
    );
    this.refuseTraps();
  }

  private refuseTraps(): void {
    if (this.vm.failure !== undefined) throw new Error(this.vm.failure);
  }

  get passed(): boolean {
    return this.stream.localReply === undefined;
  }

  /** Filter state, without `wasm.`. */
  get state(): Record<string, string> {
    return Object.fromEntries([...this.stream.filterState].map(([name, value]) => [name, byteTextOf(value)]));
  }

  /** Headers that went to the service. */
  get sent(): (readonly [string, string])[] {
    return this.stream.request.headers?.pairs() ?? [];
  }

  answer(status: number, headers: readonly (readonly [string, string])[] = [], details?: string): void {
    this.stream.responseHeaders([[":status", `${status}`], ...headers], true, details);
    this.refuseTraps();
  }

  end(): void {
    this.stream.finish();
    this.refuseTraps();
  }
}

const attributeValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ boolValue: z.boolean() }),
]);

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`));

const zipkinSpan = z.strictObject({
  traceId: hex(32),
  id: hex(16),
  parentId: hex(16).optional(),
  kind: z.enum(["SERVER", "CLIENT"]).optional(),
  name: z.string(),
  timestamp: z.int().positive(),
  duration: z.int().positive(),
  localEndpoint: z.strictObject({ serviceName: z.string() }),
  remoteEndpoint: z.strictObject({ serviceName: z.string() }).optional(),
  tags: z.record(z.string(), z.string()),
  annotations: z.array(z.strictObject({ timestamp: z.int().positive(), value: z.string() })).optional(),
});
export type ZipkinSpan = z.infer<typeof zipkinSpan>;
export const zipkinSpans = z.array(zipkinSpan);

const otlpSpan = z.strictObject({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: hex(16).optional(),
  name: z.string(),
  kind: z.union([z.literal(1), z.literal(2), z.literal(3)]),
  startTimeUnixNano: z.string().regex(/^\d+$/),
  endTimeUnixNano: z.string().regex(/^\d+$/),
  attributes: z.array(z.strictObject({ key: z.string(), value: attributeValue })),
  events: z.array(z.strictObject({ timeUnixNano: z.string().regex(/^\d+$/), name: z.string() })).optional(),
  status: z.strictObject({ code: z.literal(2) }).optional(),
});
export type OtlpSpan = z.infer<typeof otlpSpan>;
const otlpBody = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: z.array(z.strictObject({ key: z.string(), value: attributeValue })) }),
      scopeSpans: z.array(
        z.strictObject({ scope: z.strictObject({ name: z.literal("sluice") }), spans: z.array(otlpSpan) }),
      ),
    }),
  ),
});

// ---- configurations

/** The policy `trace`, with what is different in it. */
export function tracing(more: Readonly<Record<string, unknown>> = {}): { name: string; tracing: object } {
  return { name: "trace", tracing: { propagate: ["w3c"], ratio: 1_000_000, ...more } };
}

export const zipkinCollector = {
  cluster: CLUSTER,
  authority: "collector:9411",
  path: "/api/v2/spans",
  format: "zipkin",
  service: "shop",
} as const;

export const otlpCollector = {
  cluster: CLUSTER,
  authority: "collector:4318",
  path: "/v1/traces",
  format: "otlp",
  service: "shop",
} as const;

/** One route `r` that runs `trace` and then policies. */
export function tracedBy(
  trace: { name: string; tracing: object },
  more: Readonly<Record<string, unknown>> = {},
  policies: readonly { name: string }[] = [],
): Record<string, unknown> {
  return {
    version: 1,
    results: "filterState",
    consumers: [],
    policies: [trace, ...policies],
    routes: [{ name: "r", run: [trace.name, ...policies.map(({ name }) => name)] }],
    ...more,
  };
}

/** The same with an exporter, every trace recorded. */
export function exported(
  more: Readonly<Record<string, unknown>> = {},
  beside: Readonly<Record<string, unknown>> = {},
  policies: readonly { name: string }[] = [],
): Record<string, unknown> {
  const trace = tracing({ perSecond: 100_000, export: 0, ...more });
  return tracedBy(trace, { exporters: [zipkinCollector], ...beside }, policies);
}
