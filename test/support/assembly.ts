import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

/** Nothing in `lib` or `types` declares the engine; this is the part of it that is used here. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Imports,
  ): Promise<{ instance: { exports: Readonly<Record<string, Exported>> } }>;
};

type Numeric = number | bigint;
type ExportedFunction = (...args: Numeric[]) => Numeric | undefined;
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
type Exported = ExportedFunction | Memory;
/** Host functions by module and name. */
export type Imports = Readonly<Record<string, Readonly<Record<string, ExportedFunction>>>>;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE_BYTES = 65536;

/** As the shipped modules are built. Without an `abort` there is no import at all. */
const OPTIONS = ["--config", "asconfig.json", "--use", "abort=,AUTH=1,RATE_LIMIT=0,TRACING=0"];

const compiled = new Map<string, Promise<Uint8Array>>();

/**
 * Compiles an AssemblyScript entry (a path relative to the repository) to a module, in memory; once per entry and process.
 * @throws Error with the compiler's own messages
 */
export function compileAssembly(entry: string): Promise<Uint8Array> {
  const known = compiled.get(entry);
  if (known !== undefined) return known;
  const compilation = stored(entry);
  compiled.set(entry, compilation);
  return compilation;
}

/** Compiling takes seconds, and each file of tests is a process of its own: what was compiled of the same sources is kept on disk. */
async function stored(entry: string): Promise<Uint8Array> {
  const folder = join(ROOT, "node_modules", ".cache", "sluice-assembly");
  const path = join(folder, `${digestOf(entry)}.wasm`);
  if (existsSync(path)) return readFileSync(path);
  const bytes = await runCompiler(entry, ["--baseDir", ROOT, ...OPTIONS]);
  mkdirSync(folder, { recursive: true });
  const written = `${path}.${process.pid}`;
  writeFileSync(written, bytes);
  renameSync(written, path);
  return bytes;
}

/** Of all that a module can be compiled from. */
function digestOf(entry: string): string {
  const sources = readdirSync(join(ROOT, "filters"), { recursive: true, encoding: "utf8" })
    .filter((path) => /^(lib|proxy-wasm|modules|[^/]+\/assembly)\/[^/]+\.ts$/.test(path) && !path.endsWith(".test.ts"))
    .toSorted();
  const hash = createHash("sha256").update(entry).update(asc.version).update(OPTIONS.join("\0"));
  for (const path of ["asconfig.json", "package-lock.json", ...sources.map((source) => join("filters", source))])
    hash.update(`\0${path}\0`).update(readFileSync(join(ROOT, path)));
  return hash.digest("hex");
}

async function runCompiler(
  entry: string,
  options: readonly string[],
  reads: { readFile?: (name: string) => string | null } = {},
): Promise<Uint8Array> {
  const messages = asc.createMemoryStream();
  const written: Uint8Array[] = [];
  const { error } = await asc.main([entry, "--outFile", "module.wasm", ...options], {
    ...reads,
    stdout: messages,
    stderr: messages,
    writeFile: (_name: string, contents: string | Uint8Array) => {
      if (typeof contents !== "string") written.push(contents);
    },
  });
  const [bytes] = written;
  if (error !== null || bytes === undefined) throw new Error(`${entry} does not compile\n${messages.toString()}`);
  return bytes;
}

/**
 * Compiles one file of AssemblyScript that is none of the modules', in memory. Its suffix is `.as`: what ends in `.ts` is
 * TypeScript to the type checker and to the linter.
 *
 * @throws Error with the compiler's own messages
 */
export function compileScript(file: URL, { runtime, pages }: { runtime: string; pages: number }): Promise<Uint8Array> {
  const entry = basename(fileURLToPath(file)).replace(/\.as$/, ".ts");
  const options = ["-O", "--runtime", runtime, "--use", "abort=", "--exportStart", "_initialize"];
  return runCompiler(entry, [...options, "--maximumMemory", `${pages}`], {
    readFile: (name) => (name === entry ? readFileSync(file, "utf8") : null),
  });
}

/** A new instance of an entry that exports its memory and, for `free`, `heapBase(): usize`; it may import what is given. */
export async function instantiateAssembly(entry: string, imports: Imports = {}): Promise<Assembly> {
  const { instance } = await WebAssembly.instantiate(await compileAssembly(entry), imports);
  return new Assembly(instance.exports);
}

/** An instance, and places in its memory. Addresses and lengths are bytes. */
export class Assembly {
  private readonly exports: Readonly<Record<string, Exported>>;
  private readonly memory: Memory;

  constructor(exports: Readonly<Record<string, Exported>>) {
    const memory = exports.memory;
    if (memory === undefined || typeof memory === "function") throw new Error("the module exports no memory");
    this.exports = exports;
    this.memory = memory;
    if (typeof exports._initialize === "function") exports._initialize();
  }

  /** Calls a function whose result is a 32-bit integer, a boolean (0 or 1) or nothing (0). */
  call(name: string, ...args: Numeric[]): number {
    return Number(this.invoke(name, args) ?? 0);
  }

  /** Calls a function whose result is a 64-bit integer, taken as signed. */
  callLong(name: string, ...args: Numeric[]): bigint {
    return BigInt(this.invoke(name, args) ?? 0);
  }

  private invoke(name: string, args: Numeric[]): Numeric | undefined {
    const exported = this.exports[name];
    if (typeof exported !== "function") throw new Error(`the module exports no function ${name}`);
    return exported(...args);
  }

  /** First address that no static data uses, a multiple of 16. */
  get free(): number {
    return Math.ceil(this.call("heapBase") / 16) * 16;
  }

  get size(): number {
    return this.memory.buffer.byteLength;
  }

  /** Makes the memory at least `bytes` long. */
  ensure(bytes: number): void {
    if (bytes > this.size) this.memory.grow(Math.ceil((bytes - this.size) / PAGE_BYTES));
  }

  /** Puts bytes at the very end of the memory, so that a read behind them is a trap; returns their address. */
  putLast(bytes: Uint8Array): number {
    const address = this.size - bytes.length;
    this.put(address, bytes);
    return address;
  }

  put(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.memory.buffer).set(bytes, address);
  }

  /** A copy of `length` bytes. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice(address, address + length);
  }

  /** Bytes as UTF-8 text; malformed ones throw. */
  text(address: number, length: number): string {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.bytes(address, length));
  }
}
