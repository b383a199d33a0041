import { readFile } from "node:fs/promises";

// A small strict host of proxy-wasm ABI 0.2.1, for tests of the compiled modules: what the tests do not need is not here, and
// a module that imports it does not start. Time, randomness, environment and shared data are given by the test.

/** Neither `lib` nor `types` declares the engine; this is the part of it that is used here. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<CompiledModule>;
  readonly Module: { imports(module: CompiledModule): readonly { module: string; name: string }[] };
  readonly Instance: new (
    module: CompiledModule,
    imports: Record<string, Record<string, Exported>>,
  ) => {
    readonly exports: Readonly<Record<string, Exported | { readonly buffer: ArrayBuffer }>>;
  };
};
export interface CompiledModule {
  readonly [Symbol.toStringTag]?: string;
}
type Exported = (...parameters: number[]) => number;

/** Reads a module of dist/modules, which is built first where it is missing or stale. */
export async function loadModule(name: "guard" | "auth"): Promise<CompiledModule> {
  const script = new URL("../../scripts/build-modules.mjs", import.meta.url).href;
  const { buildModules }: { buildModules: () => Promise<{ name: string; path: string }[]> } = await import(script);
  const built = (await buildModules()).find((module) => module.name === name);
  if (built === undefined) throw new Error(`${name}.wasm is not built`);
  return WebAssembly.compile(await readFile(built.path));
}

const OK = 0;
const NOT_FOUND = 1;
const BAD_ARGUMENT = 2;
const INVALID_MEMORY_ACCESS = 6;
const CAS_MISMATCH = 8;

/** Shared data of one `vm_id`, as proxy-wasm-cpp-host keeps it. */
export class SharedData {
  readonly values = new Map<string, { bytes: Uint8Array; version: number }>();
  /** Called before each write, so that a test can let another worker come in between. */
  beforeWrite: (key: string) => void = () => {};
  private next = 1;

  get(key: string): { bytes: Uint8Array; version: number } | undefined {
    return this.values.get(key);
  }

  set(key: string, bytes: Uint8Array, version: number): number {
    this.beforeWrite(key);
    const present = this.values.get(key);
    if (present !== undefined && version !== 0 && version !== present.version) return CAS_MISMATCH;
    this.values.set(key, { bytes: Uint8Array.from(bytes), version: this.next++ });
    return OK;
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

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");
/** Bytes of a text of which each character is one byte. */
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

function encodePairs(pairs: readonly (readonly [string, string])[]): Uint8Array {
  const encoded = pairs.map(([name, value]) => [bytesOf(name), bytesOf(value)] as const);
  const size = encoded.reduce((sum, [name, value]) => sum + 10 + name.length + value.length, 4);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, pairs.length, true);
  let text = 4 + 8 * pairs.length;
  encoded.forEach(([name, value], index) => {
    view.setUint32(4 + 8 * index, name.length, true);
    view.setUint32(8 + 8 * index, value.length, true);
    bytes.set(name, text);
    bytes.set(value, text + name.length + 1);
    text += name.length + value.length + 2;
  });
  return bytes;
}

function decodePairs(bytes: Uint8Array): [string, string][] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const pairs: [string, string][] = [];
  const count = view.getUint32(0, true);
  let text = 4 + 8 * count;
  for (let index = 0; index < count; index++) {
    const nameLength = view.getUint32(4 + 8 * index, true);
    const valueLength = view.getUint32(8 + 8 * index, true);
    const value = text + nameLength + 1;
    pairs.push([
      decoder.decode(bytes.subarray(text, value - 1)),
      decoder.decode(bytes.subarray(value, value + valueLength)),
    ]);
    text = value + valueLength + 1;
  }
  return pairs;
}

/** One VM, as a worker of Envoy has it. */
export class ModuleVm {
  readonly log: { level: number; text: string }[] = [];
  readonly metrics = new Map<string, number>();
  private readonly metricNames: string[] = [];
  private readonly exports: Readonly<Record<string, Exported | { readonly buffer: ArrayBuffer }>>;
  private readonly options: HostOptions;
  private readonly shared: SharedData;
  private configuration = new Uint8Array(0);
  private inMalloc = false;
  private nextContext = 100;
  private request: Request = {};
  private outcome: Outcome = { passed: true, reply: undefined, properties: {}, headers: [], calls: [] };

  constructor(module: CompiledModule, options: HostOptions = {}) {
    this.options = options;
    this.shared = options.shared ?? new SharedData();
    const functions = new Map(Object.entries(this.functions()));
    const imports: Record<string, Record<string, Exported>> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      const implementation = functions.get(name);
      if (implementation === undefined) throw new Error(`the host has no ${from}.${name}`);
      const target = imports[from] ?? {};
      imports[from] = target;
      target[name] = (...parameters: number[]): number => this.call(name, implementation, parameters);
    }
    this.exports = new WebAssembly.Instance(module, imports).exports;
    this.enter("_initialize");
  }

  get pages(): number {
    return this.buffer.byteLength / 65536;
  }

  /** Whether the module takes a plugin configuration, given as text or as a value to be turned into JSON. */
  configure(configuration: unknown, root = 1): boolean {
    const text = typeof configuration === "string" ? configuration : JSON.stringify(configuration);
    this.configuration = encoder.encode(text);
    return this.enter("proxy_on_configure", root, this.configuration.length) === 1;
  }

  createContext(context: number, parent: number): void {
    this.enter("proxy_on_context_create", context, parent);
  }

  /** Hands over the headers of a request. */
  send(request: Request): Outcome {
    this.request = request;
    const headers = (request.headers ?? []).map(([name, value]): [string, string] => [name, value]);
    this.outcome = { passed: false, reply: undefined, properties: {}, headers, calls: [] };
    const context = request.context ?? this.nextContext++;
    const status = this.enter("proxy_on_request_headers", context, headers.length, 1);
    if (status !== 0 && status !== 4) throw new Error(`proxy_on_request_headers returned ${status}`);
    this.outcome.passed = status === 0;
    if (this.outcome.passed === (this.outcome.reply !== undefined)) throw new Error("a reply and a status that differ");
    return this.outcome;
  }

  /** Whether a text is anywhere in the module's memory. */
  contains(text: string): boolean {
    return Buffer.from(this.buffer).includes(text);
  }

  /** The last line logged as an error. */
  get lastError(): string | undefined {
    return this.log.filter((line) => line.level >= 4).at(-1)?.text;
  }

  private enter(name: string, ...parameters: number[]): number {
    const callback = this.exports[name];
    if (typeof callback !== "function") throw new Error(`the module exports no ${name}`);
    return callback(...parameters);
  }

  private call(name: string, implementation: Exported, parameters: number[]): number {
    if (this.inMalloc) throw new Error(`${name} was called from malloc`);
    this.outcome.calls.push(name);
    return this.options.failing?.get(name) ?? implementation(...parameters);
  }

  // ---- memory

  private get buffer(): ArrayBuffer {
    const memory = this.exports.memory;
    if (memory === undefined || typeof memory === "function") throw new Error("the module exports no memory");
    return memory.buffer;
  }

  private view(): DataView {
    return new DataView(this.buffer);
  }

  private bytes(start: number, length: number): Uint8Array {
    const from = start >>> 0;
    if (from + length > this.buffer.byteLength) throw new Error("a range outside of memory");
    return new Uint8Array(this.buffer, from, length);
  }

  private text(start: number, length: number): string {
    return decoder.decode(this.bytes(start, length));
  }

  /** Hands bytes over as the host does: `malloc`, copy, then write address and length. */
  private give(bytes: Uint8Array, startCell: number, lengthCell: number): number {
    let start = 0;
    if (bytes.length > 0) {
      this.inMalloc = true;
      start = this.enter("malloc", bytes.length) >>> 0;
      this.inMalloc = false;
      if (start === 0) return INVALID_MEMORY_ACCESS;
      this.bytes(start, bytes.length).set(bytes);
    }
    this.view().setUint32(startCell, start, true);
    this.view().setUint32(lengthCell, bytes.length, true);
    return OK;
  }

  // ---- host functions

  private functions(): Record<string, Exported> {
    return { ...this.generalFunctions(), ...this.streamFunctions(), ...this.stateFunctions(), ...this.wasiFunctions() };
  }

  private generalFunctions(): Record<string, Exported> {
    return {
      proxy_log: (level = 0, start = 0, length = 0) => {
        this.log.push({ level, text: this.text(start, length) });
        return OK;
      },
      proxy_get_log_level: (cell = 0) => {
        this.view().setUint32(cell, 2, true);
        return OK;
      },
      proxy_get_buffer_bytes: (type = 0, start = 0, length = 0, startCell = 0, lengthCell = 0) =>
        type === 7 ? this.give(this.configuration.subarray(start, start + length), startCell, lengthCell) : NOT_FOUND,
      proxy_define_metric: (_type = 0, start = 0, length = 0, cell = 0) => {
        const name = this.text(start, length);
        this.metricNames.push(name);
        this.metrics.set(name, this.metrics.get(name) ?? 0);
        this.view().setUint32(cell, this.metricNames.length, true);
        return OK;
      },
      proxy_increment_metric: (metric = 0) => {
        const name = this.metricNames[metric - 1];
        if (name === undefined) return NOT_FOUND;
        this.metrics.set(name, (this.metrics.get(name) ?? 0) + 1);
        return OK;
      },
    };
  }

  private streamFunctions(): Record<string, Exported> {
    return {
      proxy_get_property: (start = 0, length = 0, startCell = 0, lengthCell = 0) => {
        const values = new Map([
          ["xds\0route_name", this.request.route],
          ["source\0address", this.request.source],
          ["request\0protocol", this.request.protocol],
        ]);
        const value = values.get(this.text(start, length));
        return value === undefined ? NOT_FOUND : this.give(bytesOf(value), startCell, lengthCell);
      },
      proxy_set_property: (start = 0, length = 0, valueStart = 0, valueLength = 0) => {
        this.outcome.properties[this.text(start, length)] = this.text(valueStart, valueLength);
        return OK;
      },
      proxy_get_header_map_pairs: (type = 0, startCell = 0, lengthCell = 0) =>
        type === 0 ? this.give(encodePairs(this.outcome.headers), startCell, lengthCell) : BAD_ARGUMENT,
      proxy_remove_header_map_value: (_type = 0, start = 0, length = 0) => {
        const name = this.text(start, length);
        this.outcome.headers = this.outcome.headers.filter(([present]) => present !== name);
        return OK;
      },
      proxy_replace_header_map_value: (_type = 0, start = 0, length = 0, valueStart = 0, valueLength = 0) => {
        const name = this.text(start, length);
        this.outcome.headers = this.outcome.headers.filter(([present]) => present !== name);
        this.outcome.headers.push([name, this.text(valueStart, valueLength)]);
        return OK;
      },
      proxy_send_local_response: (status = 0, details = 0, detailsLength = 0, body = 0, bodyLength = 0, ...rest) => {
        const [pairs = 0, pairsLength = 0, grpcStatus = 0] = rest;
        if (this.outcome.reply !== undefined) throw new Error("a second local reply");
        this.outcome.reply = {
          status,
          grpcStatus,
          details: this.text(details, detailsLength),
          body: this.text(body, bodyLength),
          headers: decodePairs(this.bytes(pairs, pairsLength)),
        };
        return OK;
      },
    };
  }

  private stateFunctions(): Record<string, Exported> {
    return {
      proxy_get_shared_data: (start = 0, length = 0, startCell = 0, lengthCell = 0, versionCell = 0) => {
        const value = this.shared.get(this.text(start, length));
        if (value === undefined) return NOT_FOUND;
        const status = this.give(value.bytes, startCell, lengthCell);
        this.view().setUint32(versionCell, value.version, true);
        return status;
      },
      proxy_set_shared_data: (start = 0, length = 0, valueStart = 0, valueLength = 0, version = 0) =>
        this.shared.set(this.text(start, length), this.bytes(valueStart, valueLength), version >>> 0),
    };
  }

  private wasiFunctions(): Record<string, Exported> {
    const variables = (): Uint8Array[] =>
      Object.entries(this.options.environment ?? {}).map(([name, value]) => bytesOf(`${name}=${value}\0`));
    return {
      clock_time_get: (clock = 0, _precision = 0, cell = 0) => {
        const times = [this.options.wallClock, this.options.clock];
        const now = clock > 1 ? 0n : (times[clock]?.now ?? 1_000_000_000_000n);
        if (now === 0n) return 58;
        this.view().setBigUint64(cell, now, true);
        return 0;
      },
      random_get: (start = 0, length = 0) => {
        const next = this.options.random ?? (() => Math.floor(Math.random() * 256));
        this.bytes(start, length).forEach((_, index, range) => {
          range[index] = next();
        });
        return 0;
      },
      environ_sizes_get: (countCell = 0, bytesCell = 0) => {
        this.view().setUint32(countCell, variables().length, true);
        const size = variables().reduce((sum, variable) => sum + variable.length, 0);
        this.view().setUint32(bytesCell, size, true);
        return 0;
      },
      environ_get: (pointers = 0, buffer = 0) => {
        let position = buffer;
        variables().forEach((variable, index) => {
          this.view().setUint32(pointers + 4 * index, position, true);
          this.bytes(position, variable.length).set(variable);
          position += variable.length;
        });
        return 0;
      },
    };
  }
}
