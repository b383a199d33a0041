/** What a module may have, and must have: an import more is a capability more, an export less a policy that is never asked. */
export interface Contract {
  /** `module.name` of functions; nothing else is imported. */
  readonly imports: readonly string[];
  /** `function malloc`, `memory memory`. */
  readonly exports: readonly string[];
}

/** The one version of the proxy-wasm ABI that the modules speak, and how a module says so. */
export const ABI_VERSION = "0.2.1";
const ABI_EXPORT = /^function proxy_abi_version_(\d+)_(\d+)_(\d+)$/;

/** The versions of the ABI that a module exports: Envoy wants exactly one. */
export function abiVersions(exports: readonly string[]): string[] {
  return exports.flatMap((item) => {
    const parts = ABI_EXPORT.exec(item)?.slice(1);
    return parts === undefined ? [] : [parts.join(".")];
  });
}

/** 64 MiB, in pages of 64 KiB. */
export const MOST_PAGES = 1024;

const common: Contract = {
  exports: [
    "function _initialize",
    "function malloc",
    "function proxy_abi_version_0_2_1",
    "function proxy_on_configure",
    "function proxy_on_context_create",
    "function proxy_on_request_headers",
    "memory memory",
  ],
  imports: [
    "env.proxy_define_metric",
    "env.proxy_get_buffer_bytes",
    "env.proxy_get_header_map_pairs",
    "env.proxy_get_log_level",
    "env.proxy_get_property",
    "env.proxy_increment_metric",
    "env.proxy_log",
    "env.proxy_remove_header_map_value",
    "env.proxy_replace_header_map_value",
    "env.proxy_send_local_response",
    "env.proxy_set_property",
    "wasi_snapshot_preview1.clock_time_get",
    "wasi_snapshot_preview1.environ_get",
    "wasi_snapshot_preview1.environ_sizes_get",
    "wasi_snapshot_preview1.random_get",
  ],
};

/** Signatures by public keys, which Envoy verifies. */
const verification = ["env.proxy_call_foreign_function"];
const sharedData = ["env.proxy_get_shared_data", "env.proxy_set_shared_data"];
/** What only a module that looks at credentials does: it reads keys, and takes headers from the request. */
const ofCredentials = [
  "env.proxy_remove_header_map_value",
  "env.proxy_replace_header_map_value",
  "wasi_snapshot_preview1.environ_get",
  "wasi_snapshot_preview1.environ_sizes_get",
];

/** What the body stage is entered by, beside what every module is. */
const bodyCallbacks = [
  "function proxy_on_request_body",
  "function proxy_on_request_trailers",
  "function proxy_on_response_body",
  "function proxy_on_response_headers",
  "function proxy_on_response_trailers",
];

/** What a module that asks services of its own accord is entered by, and calls: they answer, and time passes. */
const serviceCallbacks = ["function proxy_on_http_call_response", "function proxy_on_tick"];
const ticks = ["env.proxy_set_tick_period_milliseconds"];
const ofServices = ["env.proxy_http_call", ...ticks];
/** One that makes spans is told when streams end, too. */
const traceCallbacks = [...serviceCallbacks, "function proxy_on_log"];
/** One that fetches keys tells how many there are, and how old they are. */
const ofKeys = ["env.proxy_record_metric"];
/** One in which requests wait for what a service answers takes them up again. */
const ofWaiting = ["env.proxy_continue_stream", "env.proxy_set_effective_context"];
/** One that counts is told when answers begin and streams are gone, and that time passes. */
const countCallbacks = ["function proxy_on_delete", "function proxy_on_response_headers", "function proxy_on_tick"];

const ofBodies: Contract = {
  exports: [...common.exports, ...bodyCallbacks].toSorted(),
  imports: [...common.imports, "env.proxy_set_buffer_bytes"],
};

/** Every module that is built and shipped, by its name without `.wasm`. */
export const contracts: Readonly<Record<string, Contract>> = {
  // Failures and nonces are counted over all workers, which also share keys.
  auth: {
    exports: [...common.exports, ...serviceCallbacks].toSorted(),
    imports: [...verification, ...common.imports, ...sharedData, ...ofServices, ...ofKeys, ...ofWaiting].toSorted(),
  },
  body: ofBodies,
  guard: {
    exports: [...new Set([...common.exports, ...traceCallbacks, ...countCallbacks])].toSorted(),
    imports: [...verification, ...common.imports, ...sharedData, ...ofServices, ...ofKeys, ...ofWaiting].toSorted(),
  },
  "rate-limit": {
    exports: [...common.exports, ...countCallbacks].toSorted(),
    imports: [...common.imports.filter((name) => !ofCredentials.includes(name)), ...sharedData, ...ticks].toSorted(),
  },
  soap: ofBodies,
  tracing: {
    exports: [...common.exports, ...traceCallbacks].toSorted(),
    imports: [
      ...common.imports.filter((name) => !/environ_|send_local_response/.test(name)),
      ...sharedData,
      ...ofServices,
    ].toSorted(),
  },
};

/** Names of the modules, without `.wasm`, sorted. */
export const moduleNames: readonly string[] = Object.keys(contracts).toSorted();

export function contractOf(name: string): Contract | undefined {
  return Object.hasOwn(contracts, name) ? contracts[name] : undefined;
}
