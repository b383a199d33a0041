import { readFile } from "node:fs/promises";
import type { Attributes } from "../../compiler/host/attributes.js";
import { byteTextOf } from "../../compiler/host/byte-text.js";
import { Calls } from "../../compiler/host/calls.js";
import type { RootContext, StreamContext } from "../../compiler/host/context.js";
import { type CompiledModule, compileModule, exportsOf, importsOf } from "../../compiler/host/engine.js";
import { HeaderMap } from "../../compiler/host/header-map.js";
import { pluginOf } from "../../compiler/host/host.js";
import type { LogLine } from "../../compiler/host/log.js";
import { Metrics } from "../../compiler/host/metrics.js";
import { SharedData as SharedValues } from "../../compiler/host/shared-data.js";
import { Stream } from "../../compiler/host/stream.js";
import { Vm } from "../../compiler/host/vm.js";

// The embedded host for tests of the compiled modules: a VM whose callbacks a test calls one by one, also in an order that Envoy would not
// take. Time, randomness, environment and shared data are given by the test.

export type { CompiledModule } from "../../compiler/host/engine.js";

/** Reads a module of dist/modules, which is built first where it is missing or stale. */
export async function loadModule(
  name: "guard" | "auth" | "body" | "rate-limit" | "soap" | "tracing",
): Promise<CompiledModule> {
  const script = new URL("../../scripts/build-modules.mjs", import.meta.url).href;
  const { buildModules }: { buildModules: () => Promise<{ name: string; path: string }[]> } = await import(script);
  const built = (await buildModules()).find((module) => module.name === name);
  if (built === undefined) throw new Error(`${name}.wasm is not built`);
  return compileModule(await readFile(built.path));
}

/** Shared data of one `vm_id`. */
export class SharedData {
  readonly shared = new SharedValues();

  get values(): Map<string, { bytes: Uint8Array; version: number }> {
    return this.shared.valuesOf("");
  }

  /** Called before each write, so that a test can let another worker come in between. */
  set beforeWrite(between: (key: string) => void) {
    this.shared.beforeWrite = between;
  }
}

export interface HostOptions {
  environment?: Record<string, string>;
  shared?: SharedData;
  /** Monotonic nanoseconds; 0 makes the clock fail. */
  clock?: { now: bigint };
  /** Nanoseconds since 1970; 0 makes that clock fail. */
  wallClock?: { now: bigint };
  /** Host functions, by name without module, that fail with a status. */
  failing?: Map<string, number>;
  /** Each call gives the next byte. */
  random?: () => number;
}

export interface Request {
  headers?: readonly (readonly [string, string])[];
  /** Envoy's route name; left out: the property is not there. */
  route?: string;
  /** Address with port. */
  source?: string;
  /** Such as `HTTP/1.1`. */
  protocol?: string;
  /** More that the host tells of the stream, by path with dots. */
  attributes?: Attributes;
  /** Filter state that modules in front left, without `wasm.`. */
  state?: Readonly<Record<string, string>>;
  /** Whether nothing follows the headers. Default true. */
  ends?: boolean;
  context?: number;
}

export interface Reply {
  status: number;
  grpcStatus: number;
  details: string;
  body: string;
  headers: [string, string][];
}

export interface Outcome {
  passed: boolean;
  reply: Reply | undefined;
  /** Filter state that was set, without `wasm.`. */
  properties: Record<string, string>;
  /** Request headers as they were left. */
  headers: [string, string][];
  /** Names of the host functions that were called, in order. */
  calls: string[];
}

const CREATE = "proxy_on_context_create";
const ANY_TIME = { now: 1_000_000_000_000n };
const INFO = 2;
const ERROR = 4;

/** One VM, as a worker of Envoy has it. */
export class ModuleVm {
  readonly log: LogLine[] = [];
  private readonly vm: Vm;
  private readonly registry = new Metrics();
  private readonly capabilities: Set<string>;
  private calls: string[] = [];
  private nextContext = 100;

  constructor(module: CompiledModule, options: HostOptions = {}) {
    // Streams come without word of their contexts, as the compiled configuration has it; `createContext` lets it pass.
    this.capabilities = new Set([...importsOf(module).map(({ name }) => name), ...exportsOf(module)]);
    this.capabilities.delete(CREATE);
    this.vm = new Vm(module, {
      environment: this.environment(options),
      capabilities: this.capabilities,
      restricted: "fault",
      intercept: (name) => {
        this.calls.push(name);
        return options.failing?.get(name);
      },
      entered: () => {},
    });
    this.refuseTraps();
  }

  private environment({ environment = {}, shared = new SharedData(), clock, wallClock, random }: HostOptions) {
    const time = ({ now } = ANY_TIME) => (now === 0n ? undefined : now);
    const next = random ?? (() => Math.floor(Math.random() * 256));
    return {
      clock: { monotonic: () => time(clock), wall: () => time(wallClock) },
      random: (length: number) => Uint8Array.from({ length }, () => next()),
      sharedData: shared.shared,
      metrics: this.registry,
      calls: new Calls(),
      log: { level: INFO, write: (line: LogLine) => void this.log.push(line) },
      variables: new Map(Object.entries(environment)),
      vmId: "",
      vmConfiguration: new Uint8Array(0),
    };
  }

  /** Counters by name. */
  get metrics(): Map<string, number> {
    return new Map([...this.registry.counters()].map(([name, value]) => [name, Number(value)]));
  }

  get pages(): number {
    return this.vm.memorySize / 65536;
  }

  /** Whether the module takes a plugin configuration, given as text or as a value to be turned into JSON. */
  configure(configuration: unknown, root = 1): boolean {
    const text = typeof configuration === "string" ? configuration : JSON.stringify(configuration);
    const context = rootContext(root, text);
    const { length } = context.plugin.configuration;
    const accepted = this.vm.ask(context, "proxy_on_configure", [root, length]) === 1;
    this.refuseTraps();
    return accepted;
  }

  createContext(context: number, parent: number): void {
    this.capabilities.add(CREATE);
    this.vm.ask(rootContext(parent), CREATE, [context, parent]);
    this.capabilities.delete(CREATE);
    this.refuseTraps();
  }

  /** Tells that a stream is gone, however it ended. */
  release(context: number): void {
    this.calls = [];
    this.vm.ask(rootContext(1), "proxy_on_delete", [context]);
    this.refuseTraps();
  }

  /** Lets the period of the root's ticks go by. */
  tick(): void {
    this.vm.ask(rootContext(1), "proxy_on_tick", [1]);
    this.refuseTraps();
  }

  /** Hands over the headers of a request. */
  send({
    headers = [],
    route,
    source,
    protocol,
    state = {},
    attributes: more = {},
    ends = true,
    context: id = this.nextContext++,
  }: Request): Outcome {
    this.calls = [];
    const attributes = { "xds.route_name": route, "source.address": source, "request.protocol": protocol, ...more };
    const stream: Stream = new Stream(this.vm, () => context, { attributes });
    const context: StreamContext = { sort: "stream", id, root: rootContext(1), stream };
    for (const [name, value] of Object.entries(state)) stream.filterState.set(name, Buffer.from(value));
    const map = new HeaderMap("request", headers);
    stream.requestHeaders(map, ends);
    this.refuseTraps();
    const { localReply } = stream;
    const passed = stream.request.headers !== undefined;
    if (passed === (localReply !== undefined)) throw new Error("a stream that is neither let go on nor answered");
    return {
      passed,
      reply: localReply && { ...localReply, headers: localReply.headers.map(([name, value]) => [name, value]) },
      properties: Object.fromEntries([...stream.filterState].map(([name, value]) => [name, byteTextOf(value)])),
      headers: map.pairs(),
      calls: this.calls,
    };
  }

  /**
   * A stream of `body.wasm`, which a test hands its parts one by one, and then asks what went on.
   *
   * @param attributes what the host tells of it, by path with dots
   */
  open(attributes: Readonly<Record<string, string | undefined>>): Stream {
    this.calls = [];
    const id = this.nextContext++;
    const stream: Stream = new Stream(this.vm, () => context, { attributes, allowStopIteration: true });
    const context: StreamContext = { sort: "stream", id, root: rootContext(1), stream };
    return stream;
  }

  /** Names of the host functions that were called since the last stream was made, in order. */
  get called(): readonly string[] {
    this.refuseTraps();
    return this.calls;
  }

  /** Whether a text is anywhere in the module's memory. */
  contains(text: string): boolean {
    return Buffer.from(this.vm.memory.view(0, this.vm.memorySize) ?? []).includes(text);
  }

  /** The last line logged as an error. */
  get lastError(): string | undefined {
    return this.log.filter((line) => line.level >= ERROR).at(-1)?.text;
  }

  private refuseTraps(): void {
    if (this.vm.failure !== undefined) throw new Error(this.vm.failure);
  }
}

function rootContext(id: number, configuration = ""): RootContext {
  const plugin = pluginOf({ configuration });
  return {
    sort: "root",
    id,
    plugin,
    configuring: true,
    answer: undefined,
    callStatus: { code: 0, message: "" },
    ticker: undefined,
  };
}
