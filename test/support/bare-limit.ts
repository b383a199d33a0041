import { moduleBytes } from "../../compiler/cli/files.js";

// rate-limit.wasm with a host of a few lines, for millions of calls: no stream is made, nothing is noted, and each call has a source address only.

type HostFunction = (...args: number[]) => number;
interface Memory {
  readonly buffer: ArrayBuffer;
}
type Exported = ((...args: number[]) => number | undefined) | Memory;

/** Nothing in `lib` or `types` declares the engine; this is the part of it that is used here. */
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(
    module: object,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ exports: Readonly<Record<string, Exported>> }>;
  readonly Module: { imports(module: object): { module: string; name: string }[] };
};

const OK = 0;
const NOT_FOUND = 1;
const CAS_MISMATCH = 8;
const CREATE_ONLY = 0xffffffff;
/** What a filter says to a request that is to go on. */
const CONTINUE = 0;

/** Values of one `vm_id`, for any number of workers. */
export class SharedTable {
  readonly values = new Map<string, { bytes: Uint8Array; version: number }>();

  get size(): number {
    return [...this.values.values()].reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
}

/** A worker that counts. Its time is a number of nanoseconds, below 2^53. */
export class BareLimit {
  now = 1_000_000_000;
  private address = "";
  private configuration = new Uint8Array(0);
  private exports: Readonly<Record<string, Exported>> = {};
  private readonly table: SharedTable;

  private constructor(table: SharedTable) {
    this.table = table;
  }

  static async start(configuration: unknown, table: SharedTable): Promise<BareLimit> {
    const worker = new BareLimit(table);
    const module = await WebAssembly.compile(await moduleBytes("rate-limit.wasm"));
    const own: Readonly<Record<string, HostFunction>> = {
      proxy_get_buffer_bytes: (_type, _start, _length, start, length) =>
        worker.give(worker.configuration, start, length),
      proxy_get_property: (_path, _length, start, length) => worker.give(Buffer.from(worker.address), start, length),
      proxy_get_shared_data: (key, length, start, size, version) => worker.read(key, length, start, size, version),
      proxy_set_shared_data: (key, length, value, size, version) => worker.write(key, length, value, size, version),
    };
    const wasi = {
      clock_time_get: (_clock: number, _precision: bigint, time: number) => {
        worker.view().setBigUint64(time, BigInt(worker.now), true);
        return OK;
      },
      random_get: () => OK,
    };
    const env = Object.fromEntries(
      WebAssembly.Module.imports(module).map(({ name }) => [name, own[name] ?? (() => OK)]),
    );
    worker.exports = (
      await WebAssembly.instantiate(module, { env, wasi_snapshot_preview1: { ...env, ...wasi } })
    ).exports;
    worker.invoke("_initialize");
    worker.configuration = Buffer.from(JSON.stringify(configuration));
    if (worker.invoke("proxy_on_configure", 1, worker.configuration.length) !== 1)
      throw new Error("the module does not take the configuration");
    return worker;
  }

  /** Whether a call from an address, with its port, is let pass. */
  call(address: string): boolean {
    this.address = address;
    return this.invoke("proxy_on_request_headers", 2, 0, 1) === CONTINUE;
  }

  get memoryBytes(): number {
    return this.view().byteLength;
  }

  private invoke(name: string, ...args: number[]): number | undefined {
    const exported = this.exports[name];
    if (typeof exported !== "function") throw new Error(`the module exports no function ${name}`);
    return exported(...args);
  }

  private view(): DataView {
    const { memory } = this.exports;
    if (memory === undefined || typeof memory === "function") throw new Error("the module exports no memory");
    return new DataView(memory.buffer);
  }

  private give(bytes: Uint8Array, start: number, length: number): number {
    const address = this.invoke("malloc", bytes.length) ?? 0;
    const view = this.view();
    new Uint8Array(view.buffer).set(bytes, address);
    view.setUint32(start, address, true);
    view.setUint32(length, bytes.length, true);
    return OK;
  }

  private bytes(start: number, length: number): Buffer {
    return Buffer.from(this.view().buffer, start, length);
  }

  private read(key: number, keyLength: number, start: number, length: number, version: number): number {
    const value = this.table.values.get(this.bytes(key, keyLength).toString("latin1"));
    if (value === undefined) return NOT_FOUND;
    this.give(value.bytes, start, length);
    this.view().setUint32(version, value.version, true);
    return OK;
  }

  private write(key: number, keyLength: number, start: number, length: number, version: number): number {
    const name = this.bytes(key, keyLength).toString("latin1");
    const present = this.table.values.get(name);
    const expected = version >>> 0;
    if (present === undefined ? expected !== CREATE_ONLY : expected !== present.version) return CAS_MISMATCH;
    const bytes = new Uint8Array(this.bytes(start, length));
    this.table.values.set(name, { bytes, version: (present?.version ?? 0) + 1 });
    return OK;
  }
}
