import { createHash } from "node:crypto";
import { compileModule } from "../host/engine.js";
import { ABI_VERSION, abiVersions, type Contract, MOST_PAGES } from "./contracts.js";
import { type Limits, readModule, type WasmModule } from "./reader.js";

/** What is known of the bytes of a module. Lists are sorted, so that the same module gives the same text. */
export interface ModuleFacts {
  /** Lower-case hexadecimal. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
  /** Version of the proxy-wasm ABI; several, or none, are a fault. */
  readonly abi: readonly string[];
  readonly imports: readonly string[];
  readonly exports: readonly string[];
  readonly memories: readonly Limits[];
}

export interface ModuleVerdict {
  readonly facts: ModuleFacts;
  /** Each a part of a sentence about the module, such as `has imports that are not allowed: env.proxy_done`. */
  readonly faults: readonly string[];
}

/**
 * Holds a module to what it may have. The engine validates it too, so a module without faults is one that Envoy can load.
 *
 * @param contract absent for a module that Sluice does not know, which is held to what all modules have in common
 */
export function verifyModule(bytes: Uint8Array, contract: Contract | undefined): ModuleVerdict {
  const digest = { sha256: sha256(bytes), size: bytes.length };
  const read = readModule(bytes);
  if (read.outcome === "damaged") return unread(digest, `is no module that can be read: ${read.reason}`);
  try {
    compileModule(bytes);
  } catch (error) {
    return unread(digest, `is no valid module: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { module } = read;
  const facts = {
    ...digest,
    abi: abiVersions(module.exports),
    imports: module.imports.map(({ name }) => name).toSorted(),
    exports: module.exports.toSorted(),
    memories: module.memories,
  };
  return { facts, faults: [...faultsOfAny(module, facts.abi), ...(contract ? faultsAgainst(facts, contract) : [])] };
}

function unread(digest: { sha256: string; size: number }, fault: string): ModuleVerdict {
  return { facts: { ...digest, abi: [], imports: [], exports: [], memories: [] }, faults: [fault] };
}

export function sha256(contents: string | Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}

function faultsOfAny(module: WasmModule, abi: readonly string[]): string[] {
  const faults: string[] = [];
  if (abi.length !== 1 || abi[0] !== ABI_VERSION)
    faults.push(`does not say that its ABI is ${ABI_VERSION}${abi.length === 0 ? "" : `, but ${abi.join(" and ")}`}`);
  const others = module.imports.filter(({ kind }) => kind !== "function");
  if (others.length > 0)
    faults.push(`has imports that are no functions: ${others.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`);
  if (module.hasStart) faults.push("has a start section, which runs before Envoy has linked it");
  const [memory, ...more] = module.memories;
  if (memory === undefined || more.length > 0) faults.push(`has ${module.memories.length} memories instead of one`);
  else if (memory.most === undefined || memory.most > MOST_PAGES)
    faults.push(
      `may take ${memory.most === undefined ? "any amount" : inMib(memory.most)} of memory, not ${inMib(MOST_PAGES)}`,
    );
  if (module.customSections.includes("name")) faults.push("carries function names");
  return faults;
}

function faultsAgainst({ imports, exports }: ModuleFacts, contract: Contract): string[] {
  return [...differences("exports", exports, contract.exports), ...differences("imports", imports, contract.imports)];
}

/** What a list has more, and less, than it should; none if it is the same but for its order. */
export function differences(what: string, actual: readonly string[], expected: readonly string[]): string[] {
  const extra = actual.filter((item) => !expected.includes(item));
  const missing = expected.filter((item) => !actual.includes(item));
  return [
    ...(extra.length > 0 ? [`has ${what} that are not allowed: ${extra.join(", ")}`] : []),
    ...(missing.length > 0 ? [`lacks ${what}: ${missing.join(", ")}`] : []),
  ];
}

/** Pages as a size. */
export function inMib(pages: number): string {
  return `${pages / 16} MiB`;
}
