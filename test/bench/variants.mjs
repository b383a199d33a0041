import { load } from "js-yaml";
import { checkText } from "../../dist/compiler/index.js";
import { emitEnvoy } from "../../dist/compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../dist/compiler/targets/envoy/options.js";
import { builtNames } from "./build.mjs";
import { extAuthzCluster, extAuthzFilter, extAuthzGrpcCluster, extAuthzGrpcFilter } from "./ext-authz.mjs";
import { LUA_METADATA, luaScript } from "./lua.mjs";
import { nativeFilters } from "./native.mjs";
import { CALLS_PER_SECOND, callerLines, consumers, LIMIT_NAME, policyText, SEEN_PATH } from "./workload.mjs";

/*
 * Every variant is the listener that the compiler emitted for `guard`, with the policy said in another way: the
 * connection manager's options and the routes are the same, so that only the policy is compared.
 */

export const BARE = "bare";
export const NATIVE = "native";
export const GUARD = "guard";
export const EXT_AUTHZ = "ext_authz";
export const EXT_AUTHZ_GRPC = "ext_authz_grpc";
const SDKS = ["rust_sdk", "go_sdk", "as_sdk"];

/** In the order of the report. */
export const variantNames = [BARE, NATIVE, GUARD, "lua", ...SDKS, EXT_AUTHZ_GRPC, EXT_AUTHZ];

const makers = {
  [BARE]: bare,
  [NATIVE]: native,
  [GUARD]: (emitted) => emitted,
  lua,
  ...Object.fromEntries(SDKS.map((name) => [name, (listener, { built }) => sdk(listener, built[name])])),
  [EXT_AUTHZ_GRPC]: (listener) => extAuthz(listener, extAuthzGrpcFilter()),
  [EXT_AUTHZ]: (listener) => extAuthz(listener, extAuthzFilter()),
};

/** Of these variants, those that have to be built first. */
export function toBuild(names) {
  return names.filter((name) => builtNames.includes(name));
}

/**
 * An Envoy bootstrap (JSON) with one listener for each variant, on a free port, named like the variant.
 *
 * @param {readonly string[]} names
 * @param {{ upstreamPort: number, authorizationPorts: Record<string, number>, modulesDir: string,
 *   built: Record<string, string> }} places ports by variant; files by variant
 */
export function bootstrapText(names, places) {
  const { upstreamPort, authorizationPorts, modulesDir } = places;
  const bootstrap = emittedBootstrap(upstreamPort, modulesDir);
  const [emitted] = bootstrap.static_resources.listeners;
  bootstrap.static_resources.listeners = names.map((name) => {
    const listener = makers[name](structuredClone(emitted), places);
    listener.name = name;
    managerOf(listener).stat_prefix = name;
    return listener;
  });
  const { [EXT_AUTHZ]: http, [EXT_AUTHZ_GRPC]: grpc } = authorizationPorts;
  if (http !== undefined) bootstrap.static_resources.clusters.push(extAuthzCluster(http));
  if (grpc !== undefined) bootstrap.static_resources.clusters.push(extAuthzGrpcCluster(grpc));
  return JSON.stringify(bootstrap);
}

function emittedBootstrap(upstreamPort, modulesDir) {
  const { plan, diagnostics } = checkText("bench.yaml", policyText());
  if (plan === undefined)
    throw new Error(`the policy does not compile:\n${JSON.stringify(diagnostics.map(findingOf))}`);
  const emission = emitEnvoy(plan, {
    ...DEFAULT_OPTIONS,
    modulesDir,
    admin: undefined,
    listeners: { guard: { address: "127.0.0.1", port: 0 } },
    endpoints: { upstream: [{ host: "127.0.0.1", port: upstreamPort }] },
  });
  if (emission.violations.length > 0) throw new Error(JSON.stringify(emission.violations));
  return load(emission.artifacts[0].contents);
}

function findingOf({ code, message }) {
  return { code, message };
}

/** The connection manager and the router, and nothing else. */
function bare(listener) {
  const manager = managerOf(listener);
  manager.http_filters = [routerOf(manager)];
  delete manager.early_header_mutation_extensions;
  for (const route of policyRoutes(manager)) {
    delete route.request_headers_to_add;
    delete route.request_headers_to_remove;
    delete route.response_headers_to_add;
  }
  return listener;
}

function native(listener) {
  const manager = managerOf(listener);
  manager.http_filters = [...nativeFilters(), routerOf(manager)];
  const { tier, groups } = consumers[0];
  for (const route of policyRoutes(manager)) {
    // api_key_auth writes the consumer and removes the key; the others have to be constants.
    if (route.route !== undefined) {
      route.request_headers_to_add = [header("x-consumer-groups", groups.join(",")), header("x-consumer-tier", tier)];
    }
    delete route.request_headers_to_remove;
    delete route.response_headers_to_add;
  }
  return listener;
}

function lua(listener) {
  const manager = managerOf(listener);
  const filter = {
    name: "envoy.filters.http.lua",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua",
      default_source_code: { inline_string: luaScript() },
      clear_route_cache: false,
    },
  };
  manager.http_filters = [filter, routerOf(manager)];
  for (const route of policyRoutes(manager)) {
    delete route.request_headers_to_add;
    delete route.request_headers_to_remove;
    route.response_headers_to_add = ["ratelimit", "ratelimit-policy"].map((name) =>
      header(name, `%DYNAMIC_METADATA(${LUA_METADATA}:${name})%`),
    );
  }
  return listener;
}

function extAuthz(listener, filter) {
  const manager = managerOf(listener);
  manager.http_filters = [filter, routerOf(manager)];
  for (const route of policyRoutes(manager)) {
    delete route.request_headers_to_add;
    delete route.response_headers_to_add;
  }
  return listener;
}

/** A filter with an SDK writes all headers itself, as there is nothing else that could. */
function sdk(listener, file) {
  const manager = managerOf(listener);
  const text = (value) => ({ "@type": "type.googleapis.com/google.protobuf.StringValue", value });
  const filter = {
    name: "envoy.filters.http.wasm",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm",
      config: {
        name: "bench",
        root_id: "bench",
        vm_config: { vm_id: file, runtime: "envoy.wasm.runtime.v8", code: { local: { filename: file } } },
        configuration: text([`${CALLS_PER_SECOND} ${LIMIT_NAME}`, ...callerLines()].join("\n")),
      },
    },
  };
  manager.http_filters = [filter, routerOf(manager)];
  for (const route of policyRoutes(manager)) {
    delete route.request_headers_to_add;
    delete route.request_headers_to_remove;
    delete route.response_headers_to_add;
  }
  return listener;
}

function managerOf(listener) {
  return listener.filter_chains[0].filters[0].typed_config;
}

function routerOf(manager) {
  return manager.http_filters.at(-1);
}

/** The routes that a policy holds for; not the answer for unknown paths. */
function policyRoutes(manager) {
  return manager.route_config.virtual_hosts
    .flatMap((host) => host.routes)
    .filter((route) => route.name === "orders" || route.name === "status");
}

function header(key, value) {
  return { header: { key, value }, append_action: "OVERWRITE_IF_EXISTS_OR_ADD" };
}

/** An Envoy that answers everything by itself, and under one path says which identity it was told. */
export function upstreamText() {
  const identity = ["x-consumer", "x-consumer-tier", "x-consumer-groups", "x-api-key", "x-user-id", "authorization"];
  const seen = [...identity, "traceparent", "x-b3-traceid"];
  const answer = { direct_response: { status: 200, body: { inline_string: "ok" } } };
  const told = seen.map((name) => header(`seen-${name}`, `%REQ(${name})%`));
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "upstream",
    generate_request_id: false,
    route_config: {
      virtual_hosts: [
        {
          name: "any",
          domains: ["*"],
          routes: [
            { match: { path: SEEN_PATH }, ...answer, response_headers_to_add: told },
            { match: { prefix: "/" }, ...answer },
          ],
        },
      ],
    },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  const listener = {
    name: "upstream",
    address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
    filter_chains: [{ filters: [{ name: "envoy.filters.network.http_connection_manager", typed_config: manager }] }],
  };
  return JSON.stringify({ static_resources: { listeners: [listener] } });
}
