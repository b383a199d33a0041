import type { JsonObject } from "@bufbuild/protobuf";

// Small parts of an Envoy configuration in its JSON form, for the cases of verify.

const types = "type.googleapis.com/envoy.";

/** An extension: its name, its message and what is set in it. */
export function extension(name: string, type: string, fields: JsonObject = {}): JsonObject {
  return { name, typed_config: typed(type, fields) };
}

/** A message for an `Any`. */
export function typed(type: string, fields: JsonObject = {}): JsonObject {
  return { "@type": types + type, ...fields };
}

export const router = extension("envoy.filters.http.router", "extensions.filters.http.router.v3.Router");

export function headerMutation(...requestMutations: JsonObject[]): JsonObject {
  return extension("headers", "extensions.filters.http.header_mutation.v3.HeaderMutation", {
    mutations: { request_mutations: requestMutations },
  });
}

export function localRateLimit(fields: JsonObject): JsonObject {
  return extension("limit", "extensions.filters.http.local_ratelimit.v3.LocalRateLimit", {
    stat_prefix: "limit",
    ...fields,
  });
}

export function bucket(fillInterval: string): JsonObject {
  return { max_tokens: 10, tokens_per_fill: 10, fill_interval: fillInterval };
}

export function socket(address: string, port: number): JsonObject {
  return { socket_address: { address, port_value: port } };
}

export function endpoints(name: string, ...addresses: JsonObject[]): JsonObject {
  return {
    cluster_name: name,
    endpoints: [{ lb_endpoints: addresses.map((address) => ({ endpoint: { address } })) }],
  };
}

/** A static cluster of one endpoint, but for what `more` says. */
export function cluster(name: string, more: JsonObject = {}): JsonObject {
  return { name, type: "STATIC", load_assignment: endpoints(name, socket("127.0.0.1", 9001)), ...more };
}

/** A route for every path to the cluster `orders`, but for what `more` says. */
export function route(more: JsonObject = {}): JsonObject {
  return { match: { prefix: "/" }, route: { cluster: "orders" }, ...more };
}

export function virtualHost(domains: string[], routes: JsonObject[] = [route()], more: JsonObject = {}): JsonObject {
  return { name: domains.join(), domains, routes, ...more };
}

export function manager(more: JsonObject = {}): JsonObject {
  return {
    stat_prefix: "public",
    route_config: { name: "table", virtual_hosts: [virtualHost(["*"])] },
    http_filters: [router],
    ...more,
  };
}

/** A connection manager as a network filter. */
export function networkFilter(connectionManager: JsonObject): JsonObject {
  const name = "envoy.filters.network.http_connection_manager";
  return extension(
    name,
    "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    connectionManager,
  );
}

export function listener(name: string, port: number, more: JsonObject = {}): JsonObject {
  return {
    name,
    address: socket("127.0.0.1", port),
    filter_chains: [{ filters: [networkFilter(manager())] }],
    ...more,
  };
}

/** A bootstrap of a listener `public` and a cluster `orders`, but for the resources named. */
export function bootstrap(resources: JsonObject = {}, more: JsonObject = {}): JsonObject {
  return {
    static_resources: { listeners: [listener("public", 10000)], clusters: [cluster("orders")], ...resources },
    ...more,
  };
}

export function withManager(more: JsonObject): JsonObject {
  return bootstrap({
    listeners: [listener("public", 10000, { filter_chains: [{ filters: [networkFilter(manager(more))] }] })],
  });
}

export function withFilters(...filters: JsonObject[]): JsonObject {
  return withManager({ http_filters: filters });
}

export function withHosts(...hosts: JsonObject[]): JsonObject {
  return withManager({ route_config: { name: "table", virtual_hosts: hosts } });
}

export function withRoutes(...routes: JsonObject[]): JsonObject {
  return withHosts(virtualHost(["*"], routes));
}

/** One route for every path with this `RouteAction`. */
export function withAction(action: JsonObject): JsonObject {
  return withRoutes(route({ route: action }));
}

export function withCluster(more: JsonObject): JsonObject {
  return bootstrap({ clusters: [cluster("orders", more)] });
}

export function withRegex(regex: string): JsonObject {
  return withRoutes(route({ match: { safe_regex: { regex } } }));
}

/** A route that answers by itself. */
export function answer(body: string): JsonObject {
  return { match: { prefix: "/" }, direct_response: { status: 200, body: { inline_string: body } } };
}

/** The part of a bootstrap that sets runtime keys. */
export function runtime(layer: JsonObject): JsonObject {
  return { layered_runtime: { layers: [{ name: "static", static_layer: layer }] } };
}
