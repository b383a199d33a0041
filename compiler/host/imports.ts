import { Errno, Status } from "./abi.js";
import type { HostFunctions, WideFunction, WordFunction } from "./border.js";
import type { ImportName, Imports, WasmFunction, WasmNumber } from "./engine.js";
import { HostFault, Trap } from "./fault.js";

/** Calls of the ABI that Envoy has and this host does not: a module may import them, and must not call them. */
export const NOT_HERE: ReadonlySet<string> = new Set([
  ...["proxy_grpc_call", "proxy_grpc_stream", "proxy_grpc_send", "proxy_grpc_cancel", "proxy_grpc_close"],
  ...["proxy_register_shared_queue", "proxy_resolve_shared_queue"],
  ...["proxy_enqueue_shared_queue", "proxy_dequeue_shared_queue"],
  "envoy_resolve_dns",
  ...["fd_advise", "fd_allocate", "fd_close", "fd_datasync", "fd_fdstat_get", "fd_fdstat_set_flags"],
  ...["fd_fdstat_set_rights", "fd_filestat_get", "fd_filestat_set_size", "fd_filestat_set_times", "fd_pread"],
  ...["fd_prestat_dir_name", "fd_prestat_get", "fd_pwrite", "fd_read", "fd_readdir", "fd_renumber", "fd_seek"],
  ...["fd_sync", "fd_tell", "fd_write"],
  ...["path_create_directory", "path_filestat_get", "path_filestat_set_times", "path_link", "path_open"],
  ...["path_readlink", "path_remove_directory", "path_rename", "path_symlink", "path_unlink_file"],
  ...["poll_oneoff", "proc_exit", "sched_yield", "sock_accept", "sock_recv", "sock_send", "sock_shutdown"],
]);

const WASI = /^wasi_(snapshot_preview1|unstable)$/;

/** What `_initialize` may call (proxy-wasm-cpp-host `WasmBase::startVm`), as far as this host has it. */
export const WHILE_STARTING: ReadonlySet<string> = new Set([
  ...[
    "proxy_log",
    "args_get",
    "args_sizes_get",
    "environ_get",
    "environ_sizes_get",
    "clock_time_get",
    "clock_res_get",
    "random_get",
  ],
]);
/** What `malloc` may call (`WasmBase::allocMemory`). */
export const WHILE_ALLOCATING: ReadonlySet<string> = new Set(["proxy_log", "clock_time_get"]);

export interface Gate {
  /** Calls that are allowed at this moment; undefined for all. */
  allowedNow(): ReadonlySet<string> | undefined;
  /** Capabilities of the configuration; undefined for all. */
  readonly capabilities: ReadonlySet<string> | undefined;
  /** What a call of something that is not among them does: `fault` tells the test, `stub` is what Envoy does. */
  readonly restricted: "fault" | "stub";
  /** Is told of every call; a number that it returns is what the call returns instead of being made. */
  intercept(name: string): number | undefined;
}

/**
 * What a module is given for its imports.
 * @throws Error for one that Envoy does not have either
 */
export function linkImports(wanted: readonly ImportName[], functions: HostFunctions, gate: Gate): Imports {
  const imports: Imports = {};
  for (const { module, name } of wanted) {
    const isWasi = WASI.test(module);
    if (!isWasi && module !== "env") throw new Error(`the module imports ${module}.${name}, which Envoy does not have`);
    const target = imports[module] ?? {};
    imports[module] = target;
    target[name] = guarded(name, implementationOf(name, isWasi, functions, gate), gate);
  }
  return imports;
}

function implementationOf(name: string, isWasi: boolean, functions: HostFunctions, gate: Gate): WasmFunction {
  if (gate.capabilities !== undefined && !gate.capabilities.has(name)) return restricted(name, isWasi, gate.restricted);
  const found = functions[name];
  const belongs = /^(proxy|envoy)_/.test(name) !== isWasi;
  if (found !== undefined && belongs) return withParameters(name, found);
  if (!NOT_HERE.has(name) || !belongs) throw new Error(`the module imports ${name}, which Envoy does not have`);
  return () => {
    throw new HostFault(`the module called ${name}, which this host does not have`);
  };
}

/** proxy-wasm-cpp-host links a stub in place of what a configuration does not allow. */
function restricted(name: string, isWasi: boolean, how: "fault" | "stub"): WasmFunction {
  return () => {
    if (how === "fault") throw new HostFault(`the module called ${name}, which its capabilities do not allow`);
    return isWasi ? Errno.NotCapable : Status.InternalFailure;
  };
}

function withParameters(name: string, implementation: WordFunction | WideFunction): WasmFunction {
  if (typeof implementation === "function") {
    return (...parameters) => {
      expectCount(name, parameters, implementation.length);
      return implementation(...parameters.map(unsigned));
    };
  }
  const { position, wide } = implementation;
  return (...parameters) => {
    expectCount(name, parameters, wide.length);
    const words = parameters.filter((_, index) => index !== position).map(unsigned);
    return wide(BigInt(parameters[position] ?? 0), ...words);
  };
}

/** The engine does not compare the types of imports that are JavaScript; Envoy does, and refuses the module. */
function expectCount(name: string, parameters: readonly WasmNumber[], count: number): void {
  if (parameters.length === count) return;
  throw new HostFault(`the module calls ${name} with ${parameters.length} parameters; it has ${count}`);
}

function unsigned(parameter: WasmNumber): number {
  return Number(parameter) >>> 0;
}

function guarded(name: string, call: WasmFunction, gate: Gate): WasmFunction {
  return (...parameters) => {
    const allowed = gate.allowedNow();
    if (allowed !== undefined && !allowed.has(name)) throw new Trap(`restricted_callback: ${name}`);
    const instead = gate.intercept(name);
    if (instead !== undefined) return instead;
    try {
      return call(...parameters);
    } catch (error) {
      // Whatever a host function throws is no doing of the module, and must not look like a trap.
      if (error instanceof HostFault || error instanceof Trap) throw error;
      throw new HostFault(`${name} failed in the host: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      });
    }
  };
}
