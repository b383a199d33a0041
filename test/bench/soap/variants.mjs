import { load } from "js-yaml";
import { check, checkText } from "../../../dist/compiler/index.js";
import { emitEnvoy } from "../../../dist/compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../../dist/compiler/targets/envoy/options.js";
import { luaScript } from "./lua.mjs";
import { policyText } from "./workload.mjs";

/*
 * Every variant is a listener that the compiler emitted, so that the options of the connection manager are the same; all
 * but `sluice` are made of a policy file with a route and nothing else.
 */

export const BUFFER = "buffer";
const LUA = "lua";
export const SIDECAR = "node_sidecar";
export const SLUICE = "sluice";
export const variantNames = [BUFFER, LUA, SIDECAR, SLUICE];

/** Of a body, in either direction. */
const LIMIT = 1_048_576;
const THREADS = { thread_pool: { thread_count: 1 } };

/**
 * A bootstrap (JSON) with one listener a variant, on a free port, named like the variant.
 *
 * @param {readonly string[]} names
 * @param {{ upstreamPort: number, sidecarPort: number, modulesDir: string, policyFile: string }} places
 */
export function bootstrapText(names, places) {
  const plain = emitted(checkText("bench.yaml", policyText({ soap: false })), places);
  const whole = names.includes(SLUICE) ? emitted(check(places.policyFile), places) : plain;
  const [listener] = plain.static_resources.listeners;
  const listeners = names.map((name) => named(makers[name](structuredClone(listener), whole), name));
  const clusters = [...whole.static_resources.clusters, sidecarCluster(places.sidecarPort)];
  return JSON.stringify({ ...whole, static_resources: { ...whole.static_resources, listeners, clusters } });
}

/** Why the policy of `sluice` does not compile here; undefined if it does. */
export function faultOf(policyFile) {
  const { plan, diagnostics } = check(policyFile);
  return plan === undefined ? diagnostics.map(({ code, message }) => `${code} ${message}`).join("; ") : undefined;
}

/** What the module is configured with for the policy of `sluice`. */
export function configOf(policyFile) {
  return check(policyFile).plan.policies.find(({ name }) => name === "crm-as-rest").config;
}

function emitted({ plan, diagnostics }, { upstreamPort, modulesDir }) {
  if (plan === undefined) throw new Error(`the policy does not compile: ${JSON.stringify(diagnostics)}`);
  const emission = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    modulesDir,
    admin: undefined,
    listeners: { sluice: { address: "127.0.0.1", port: 0 } },
    endpoints: { crm: [{ host: "127.0.0.1", port: upstreamPort }] },
  });
  if (emission.violations.length > 0) throw new Error(JSON.stringify(emission.violations));
  return load(emission.artifacts[0].contents);
}

const makers = {
  // Envoy's own way to hold whole bodies back, both ways: the service gets SOAP, and the client too.
  [BUFFER]: (listener) =>
    withFilters(listener, [
      filter("file_system_buffer", {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.file_system_buffer.v3.FileSystemBufferFilterConfig",
        manager_config: THREADS,
        request: wholeBody(),
        response: wholeBody(),
      }),
    ]),
  [LUA]: (listener) =>
    withFilters(listener, [
      filter("lua", {
        "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
        default_source_code: { inline_string: luaScript() },
        clear_route_cache: false,
      }),
    ]),
  [SIDECAR]: (listener) => {
    for (const route of managerOf(listener).route_config.virtual_hosts.flatMap((host) => host.routes)) {
      if (route.route !== undefined) route.route = { cluster: SIDECAR };
    }
    return withFilters(listener, []);
  },
  [SLUICE]: (_, whole) => structuredClone(whole.static_resources.listeners[0]),
};

function filter(name, config) {
  return { name: `envoy.filters.http.${name}`, typed_config: config };
}

function wholeBody() {
  return { behavior: { fully_buffer: {} }, memory_buffer_bytes_limit: LIMIT, storage_buffer_bytes_limit: 0 };
}

/** In front of the router, and no others. */
function withFilters(listener, filters) {
  const manager = managerOf(listener);
  manager.http_filters = [...filters, manager.http_filters.at(-1)];
  delete manager.early_header_mutation_extensions;
  return listener;
}

function named(listener, name) {
  listener.name = name;
  managerOf(listener).stat_prefix = name;
  return listener;
}

function managerOf(listener) {
  return listener.filter_chains[0].filters[0].typed_config;
}

function sidecarCluster(port) {
  const address = { socket_address: { address: "127.0.0.1", port_value: port } };
  return {
    name: SIDECAR,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: { cluster_name: SIDECAR, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
  };
}
