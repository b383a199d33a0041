import { load } from "js-yaml";
import { z } from "zod";

/** The parts of a compiled bootstrap that tests change by hand. Everything else is kept as it is. */
const vmConfig = z.looseObject({
  vm_id: z.string(),
  configuration: z.looseObject({ value: z.string() }).optional(),
  environment_variables: z.looseObject({ host_env_keys: z.array(z.string()) }).optional(),
  capability_restriction_config: z.looseObject({ allowed_capabilities: z.record(z.string(), z.unknown()) }).optional(),
});
const wasmConfig = z.looseObject({ vm_config: vmConfig, configuration: z.looseObject({ value: z.string() }) });
const httpFilter = z.looseObject({ name: z.string(), typed_config: z.looseObject({ config: wasmConfig.optional() }) });
const virtualHost = z.looseObject({ routes: z.array(z.unknown()) });
const connectionManager = z.looseObject({
  route_config: z.looseObject({ virtual_hosts: z.array(virtualHost) }),
  http_filters: z.array(httpFilter),
});
const listener = z.looseObject({
  name: z.string(),
  filter_chains: z.array(z.looseObject({ filters: z.array(z.looseObject({ typed_config: connectionManager })) })),
});
const bootstrap = z.looseObject({
  static_resources: z.looseObject({ listeners: z.array(listener), clusters: z.array(z.unknown()).optional() }),
});

export type Bootstrap = z.infer<typeof bootstrap>;
export type WasmConfig = z.infer<typeof wasmConfig>;
export type ConnectionManager = z.infer<typeof connectionManager>;

export function readBootstrap(text: string): Bootstrap {
  return bootstrap.parse(load(text));
}

/** JSON is YAML in which no string can be taken for something else. */
export function printBootstrap(document: Bootstrap): string {
  return JSON.stringify(document);
}

/** An edit for `serve`: hands the whole document to be changed in place. */
export function edited(change: (document: Bootstrap) => void): (text: string) => string {
  return (text) => {
    const document = readBootstrap(text);
    change(document);
    return printBootstrap(document);
  };
}

export function connectionManagers(document: Bootstrap): ConnectionManager[] {
  return document.static_resources.listeners.flatMap((one) =>
    one.filter_chains.flatMap((chain) => chain.filters.map((filter) => filter.typed_config)),
  );
}

/** The guards, one a listener. */
export function guards(document: Bootstrap): WasmConfig[] {
  return connectionManagers(document).flatMap((manager) =>
    manager.http_filters.flatMap((filter) => filter.typed_config.config ?? []),
  );
}

/** Puts a route before all others of every host. */
export function putRouteFirst(document: Bootstrap, route: object): void {
  for (const manager of connectionManagers(document))
    for (const host of manager.route_config.virtual_hosts) host.routes.unshift(route);
}
