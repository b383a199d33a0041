import { type Assembly, instantiateAssembly } from "./assembly.js";
import type { B3Headers, ModelContext } from "./trace-model.js";
import { type Headers, valuesOf } from "./trace-suites.js";

/** A byte that stands around what is written, to see that nothing else is. */
const FENCE = 0xa5;

/** `filters/lib/trace-context.ts`, asked in texts. Every character of a text is one byte; each text ends with the memory. */
export class TraceLibrary {
  private readonly lib: Assembly;

  private constructor(lib: Assembly) {
    this.lib = lib;
  }

  static async load(): Promise<TraceLibrary> {
    return new TraceLibrary(await instantiateAssembly("filters/lib/probe.ts"));
  }

  traceparent(text: string): ModelContext | undefined {
    return this.read("readTraceparent", [text]);
  }

  b3(text: string): ModelContext | undefined {
    return this.read("readB3", [text]);
  }

  b3Multi({ traceId, spanId, sampled, flags }: B3Headers): ModelContext | undefined {
    return this.read("readB3Multi", [traceId, spanId, sampled, flags]);
  }

  uberTraceId(text: string): ModelContext | undefined {
    return this.read("readUberTraceId", [text]);
  }

  tracestate(text: string): boolean {
    return this.ask("takeTracestate", [text]);
  }

  baggage(text: string): boolean {
    return this.ask("baggageFits", [text]);
  }

  /** Begins a trace as who finds none: under a random id. */
  begin(high: bigint, low: bigint): void {
    this.lib.call("setTraceIds", high, low);
  }

  decide(sampled: boolean): void {
    this.lib.call("setDecided", Number(sampled));
  }

  /** What is written of the context that was read last, under another span. */
  written(spanId: bigint): Record<string, string> {
    return {
      traceparent: this.write("writeTraceparent", spanId),
      b3: this.write("writeB3", spanId),
      "uber-trace-id": this.write("writeUberTraceId", spanId),
      "x-b3-traceid": this.write("writeTraceId"),
      "x-b3-spanid": this.write("writeSpanId", spanId),
    };
  }

  /** What a service gets of headers that hold at most one form of a context: as the filter does it, without its decisions. */
  passOn(headers: Headers, random: readonly [high: bigint, low: bigint, span: bigint]): Headers {
    const [high, low, span] = random;
    const traceparents = valuesOf(headers, "traceparent");
    const [traceparent = ""] = traceparents;
    const isGood = traceparents.length === 1 && this.traceparent(traceparent) !== undefined;
    if (!isGood) {
      this.lib.call("clearTraceContext");
      this.begin(high, low);
    }
    const state = valuesOf(headers, "tracestate").join();
    const tracestate: Headers = isGood && this.tracestate(state) ? [["tracestate", state]] : [];
    return [["traceparent", this.write("writeTraceparent", span)], ...tracestate];
  }

  /** The context of a reader that begins with nothing, if it takes the texts. */
  private read(name: string, texts: readonly (string | undefined)[]): ModelContext | undefined {
    this.lib.call("clearTraceContext");
    const taken = this.ask(name, texts);
    const context = this.context();
    if (taken) return context;
    if (Object.keys(context).length > 0) throw new Error(`${name} refuses ${texts.join(" ")} and takes of it`);
    return undefined;
  }

  private context(): ModelContext {
    const sampled = this.lib.call("decided");
    const decision = sampled < 0 ? {} : { sampled: sampled === 1 };
    if (this.lib.call("hasTraceIds") === 0) return decision;
    const ids = { traceId: this.long("traceIdHigh") + this.long("traceIdLow"), spanId: this.long("parentSpanId") };
    return this.lib.call("isRandomTrace") === 1 ? { ...ids, ...decision, random: true } : { ...ids, ...decision };
  }

  private long(name: string): string {
    return BigInt.asUintN(64, this.lib.callLong(name)).toString(16).padStart(16, "0");
  }

  /** Whether a function takes texts, each an address and a length; of one that is absent the length is -1. */
  private ask(name: string, texts: readonly (string | undefined)[]): boolean {
    let address = this.lib.putLast(Buffer.from(texts.join(""), "latin1"));
    const args = texts.flatMap((text) => {
      const place = [address, text?.length ?? -1];
      address += text?.length ?? 0;
      return place;
    });
    return this.lib.call(name, ...args) === 1;
  }

  private write(name: string, ...spanId: readonly bigint[]): string {
    this.lib.put(this.lib.free, new Uint8Array(96).fill(FENCE));
    const length = this.lib.call(name, this.lib.free + 16, ...spanId);
    const around = [...this.lib.bytes(this.lib.free, 16), ...this.lib.bytes(this.lib.free + 16 + length, 16)];
    if (around.some((byte) => byte !== FENCE)) throw new Error(`${name} writes more than ${length} bytes`);
    return this.lib.text(this.lib.free + 16, length);
  }
}
