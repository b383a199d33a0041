import binaryen from "binaryen";

/** Small Envoy configurations for tests of the runtime, independent of the compiler's own emitters. JSON is YAML. */

const TYPE = "type.googleapis.com/";

export interface ListenerOptions {
  name?: string;
  /** Body of the direct response to every request; ignored with `cluster`. */
  body?: string;
  cluster?: string;
  /** Adds a Wasm filter with this plugin configuration; an empty one is refused by `strictModule()`. */
  wasm?: { file: string; configuration: string };
}

export function listener(options: ListenerOptions = {}): object {
  const { name = "public", body = "hello", cluster, wasm } = options;
  const action =
    cluster === undefined
      ? { direct_response: { status: 200, body: { inline_string: body } } }
      : { route: { cluster } };
  const router = {
    name: "envoy.filters.http.router",
    typed_config: { "@type": `${TYPE}envoy.extensions.filters.http.router.v3.Router` },
  };
  return {
    "@type": `${TYPE}envoy.config.listener.v3.Listener`,
    name,
    address: loopback(0),
    filter_chains: [
      {
        filters: [
          {
            name: "envoy.filters.network.http_connection_manager",
            typed_config: {
              "@type": `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
              stat_prefix: name,
              route_config: {
                virtual_hosts: [{ name: "all", domains: ["*"], routes: [{ match: { prefix: "/" }, ...action }] }],
              },
              http_filters: wasm === undefined ? [router] : [wasmFilter(wasm.file, wasm.configuration), router],
            },
          },
        ],
      },
    ],
  };
}

export function cluster(name: string, port: number): object {
  const endpoint = { endpoint: { address: loopback(port) } };
  return {
    "@type": `${TYPE}envoy.config.cluster.v3.Cluster`,
    name,
    type: "STATIC",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [endpoint] }] },
  };
}

/** A bootstrap with these listeners, as text. */
export function staticBootstrap(...listeners: readonly object[]): string {
  const untyped = listeners.map((one) => ({ ...one, "@type": undefined }));
  return JSON.stringify({ static_resources: { listeners: untyped } });
}

/** A DiscoveryResponse, as text. */
export function response(...resources: readonly object[]): string {
  return JSON.stringify({ resources });
}

export const REFUSAL = "routes[0].run[1]: no policy has this name";

/** A module that logs REFUSAL and refuses an empty configuration, and traps on a request of more than 30 headers. */
export function strictModule(): Uint8Array {
  const module = binaryen.parseText(`(module
    (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 1024) "${REFUSAL}")
    (func (export "proxy_abi_version_0_2_1"))
    (func (export "malloc") (param i32) (result i32) (i32.const 65536))
    (func (export "proxy_on_context_create") (param i32 i32))
    (func (export "proxy_on_configure") (param i32 i32) (result i32)
      (if (i32.eqz (local.get 1)) (then (drop (call $log (i32.const 4) (i32.const 1024) (i32.const ${REFUSAL.length})))))
      (local.get 1))
    (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
      (if (i32.gt_u (local.get 1) (i32.const 30)) (then (unreachable)))
      (i32.const 0)))`);
  return module.emitBinary();
}

function wasmFilter(filename: string, configuration: string): object {
  const value = { "@type": `${TYPE}google.protobuf.StringValue`, value: configuration };
  return {
    name: "guard",
    typed_config: {
      "@type": `${TYPE}envoy.extensions.filters.http.wasm.v3.Wasm`,
      config: {
        name: "guard",
        root_id: "guard",
        ...(configuration === "" ? {} : { configuration: value }),
        vm_config: { runtime: "envoy.wasm.runtime.v8", code: { local: { filename } } },
      },
    },
  };
}

function loopback(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
