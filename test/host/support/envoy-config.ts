import { cluster } from "../../support/bootstrap.js";

const TYPE = "type.googleapis.com/";
const HTTP = "envoy.extensions.filters.http";

const UPSTREAM = {
  "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
    "@type": `${TYPE}envoy.extensions.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: { http_protocol_options: { enable_trailers: true } },
  },
};

/** Of the listener `root`. Every request of it runs it, too. */
export const ROOT_SCRIPT = [
  "create property plugin_name",
  "create property plugin_root_id",
  "create property plugin_vm_id",
  "start body 6 0 100",
  "start body 7 0 100",
  "configure body 7 0 6",
  "configure get 0 x-a",
  "configure pairs 0",
  "configure property request/path",
  "configure property plugin_name",
  "configure set-property a b",
  "configure environment",
  "configure continue 0",
  "configure reply 200 body details -1",
  "done log-level",
].join(";");
/** Bytes that a stream of `small` may hold. */
export const SMALL_LIMIT = 1024;
export const VM_CONFIGURATION = "of the vm";

/** What `pruned` may do and be asked. */
export const PRUNED = [
  ...["proxy_log", "proxy_get_header_map_value", "proxy_add_header_map_value", "proxy_get_buffer_bytes"],
  ...[
    "proxy_on_context_create",
    "proxy_on_vm_start",
    "proxy_on_configure",
    "proxy_on_request_headers",
    "proxy_on_delete",
  ],
];

/** A listener with a probe. */
export interface ListenerSetting {
  name: string;
  /** Default the name of the listener. */
  vmId?: string;
  rootScript?: string;
  /** Default `probe`. */
  plugin?: string;
  bufferLimit?: number;
  /** More of the plugin's PluginConfig. */
  config?: object;
}

export interface ServicePorts {
  service: number;
  callout: number;
}

/** The listeners of the cases. */
export function caseListeners(): ListenerSetting[] {
  const allowed = Object.fromEntries(PRUNED.map((one) => [one, {}]));
  return [
    { name: "plain" },
    { name: "held", config: { allow_on_headers_stop_iteration: true } },
    { name: "pruned", config: { capability_restriction_config: { allowed_capabilities: allowed } } },
    { name: "small", bufferLimit: SMALL_LIMIT },
    { name: "root", rootScript: ROOT_SCRIPT },
    { name: "trapping" },
  ];
}

export function probeBootstrap(settings: readonly ListenerSetting[], ports: ServicePorts): string {
  const clusters = [
    cluster("service", ports.service),
    cluster("callout", ports.callout),
    // Port 1 is nobody's: the connection is refused.
    cluster("dead", 1),
  ].map((one) => ({ ...one, "@type": undefined, typed_extension_protocol_options: UPSTREAM }));
  return JSON.stringify({ static_resources: { listeners: settings.map(probeListener), clusters } });
}

function probeListener(setting: ListenerSetting): object {
  const { name, bufferLimit } = setting;
  return {
    name,
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    ...(bufferLimit === undefined ? {} : { per_connection_buffer_limit_bytes: bufferLimit }),
    filter_chains: [{ filters: [{ name: "http", typed_config: connectionManager(setting) }] }],
  };
}

function connectionManager(setting: ListenerSetting): object {
  return {
    "@type": `${TYPE}envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: setting.name,
    generate_request_id: false,
    // Else a connection whose stream was reset stays open for a second.
    delayed_close_timeout: "0s",
    http_protocol_options: { enable_trailers: true },
    access_log: [
      {
        name: "details",
        typed_config: {
          "@type": `${TYPE}envoy.extensions.access_loggers.stream.v3.StdoutAccessLog`,
          log_format: { text_format_source: { inline_string: "%RESPONSE_CODE_DETAILS%\n" } },
        },
      },
    ],
    route_config: {
      virtual_hosts: [
        {
          name: "all",
          domains: ["*"],
          routes: [
            {
              name: "direct",
              match: { prefix: "/direct" },
              direct_response: { status: 200, body: { inline_string: "direct" } },
            },
            {
              name: "marked",
              match: { prefix: "/", headers: [{ name: "x-marked", string_match: { exact: "yes" } }] },
              direct_response: { status: 200, body: { inline_string: "marked" } },
            },
            { name: "up", match: { prefix: "/" }, route: { cluster: "service" } },
          ],
        },
      ],
    },
    http_filters: [
      { name: "probe", typed_config: probe(setting) },
      {
        name: "router",
        typed_config: { "@type": `${TYPE}${HTTP}.router.v3.Router`, suppress_envoy_headers: true },
      },
    ],
  };
}

function probe({ name, vmId = name, plugin = "probe", rootScript = "", config = {} }: ListenerSetting): object {
  const text = (value: string) => ({ "@type": `${TYPE}google.protobuf.StringValue`, value });
  return {
    "@type": `${TYPE}${HTTP}.wasm.v3.Wasm`,
    config: {
      name: plugin,
      configuration: text(rootScript),
      ...config,
      vm_config: {
        vm_id: vmId,
        runtime: "envoy.wasm.runtime.v8",
        configuration: text(VM_CONFIGURATION),
        environment_variables: { host_env_keys: ["PROBE_VARIABLE"], key_values: { PROBE_GIVEN: "given" } },
        code: { local: { filename: "probe.wasm" } },
      },
    },
  };
}
