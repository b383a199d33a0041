import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { packageRoot } from "../../compiler/cli/files.js";
import { countingServices } from "../../compiler/plan/global-limits.js";
import type { GatewayPlan, ListenerPlan } from "../../compiler/plan/plan.js";
import { DEFAULT_ISTIO } from "../../compiler/policy/deployments.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { Mesh } from "../../compiler/targets/istio/context.js";
import { pluginConfig } from "../../compiler/targets/istio/extension.js";
import { clusterName, meshService } from "../../compiler/targets/istio/names.js";
import { Origins } from "../../compiler/targets/kubernetes/resource.js";
import { type Replica, type ReplicaOptions, replicaBootstrap } from "../../compiler/testing/envoy/bootstrap.js";

/*
 * What istiod made of the compiled examples is stored by `npm run translate:istio`. Here it becomes the configuration of an Envoy
 * without istiod: routes and modules stand in the listeners, services are those of the tests. Where requests come from, and what is
 * logged of them, is as in any Envoy of the tests.
 */

const object = z.record(z.string(), z.unknown());
type Json = z.infer<typeof object>;

const filter = object.and(z.object({ name: z.string(), typed_config: object.optional() }));
const chain = object.and(z.object({ filters: z.array(filter) }));
const listener = object.and(z.object({ name: z.string(), filter_chains: z.array(chain) }));
const named = object.and(z.object({ name: z.string() }));
const way = object.and(z.object({ route: object.optional() }));
const wasm = object.and(
  z.object({
    name: z.string(),
    typed_config: object.and(
      z.object({
        config: object.and(
          z.object({
            vm_config: object,
            configuration: object.and(z.object({ value: z.string() })),
          }),
        ),
      }),
    ),
  }),
);
const translation = z.object({
  resources: z.string(),
  listeners: z.array(listener),
  routes: z.array(named.and(z.object({ virtual_hosts: z.array(object.and(z.object({ routes: z.array(way) }))) }))),
  clusters: z.array(named),
  extensions: z.array(wasm),
});
export type Translation = z.infer<typeof translation>;

export const TRANSLATED = join(packageRoot(), "test", "targets", "istio", "translated");

export function translationOf(example: string): Translation {
  return translation.parse(JSON.parse(readFileSync(join(TRANSLATED, `${example}.json`), "utf8")));
}

const bootstrap = z.object({ static_resources: z.object({ listeners: z.array(listener), clusters: z.array(named) }) });
const manager = object.and(
  z.object({
    http_filters: z.array(object.and(z.object({ name: z.string() }))),
    rds: z.object({ route_config_name: z.string() }),
  }),
);

/** The configuration of an Envoy that holds gateways as istiod made them. */
export function translatedBootstrap(translation: Translation): typeof replicaBootstrap {
  return (replicas, options) => {
    const text = replicaBootstrap(replicas, options);
    const own = bootstrap.parse(JSON.parse(text));
    const listeners = replicas.map((replica, index) => {
      const alike = own.static_resources.listeners[index];
      if (alike === undefined) throw new Error(`no listener is like ${replica.name}`);
      return withChains(alike, managerIn(translation, replica, options));
    });
    const [first] = replicas;
    const clusters = first === undefined ? [] : servicesOf(translation, first.plan, options);
    return JSON.stringify({
      ...object.parse(JSON.parse(text)),
      static_resources: { listeners, clusters: [...own.static_resources.clusters, ...clusters] },
    });
  };
}

const HTTP = "envoy.filters.network.http_connection_manager";

/** The listener of the tests with the connection manager of istiod in it, which is told where requests come from as any other. */
function withChains(alike: z.infer<typeof listener>, translated: Json): Json {
  return {
    ...alike,
    filter_chains: alike.filter_chains.map((one) => ({
      ...one,
      filters: one.filters.map(({ name, typed_config: own = {} }) => ({
        name,
        typed_config:
          name === HTTP
            ? { ...translated, access_log: own.access_log, forward_proto_config: own.forward_proto_config }
            : own,
      })),
    })),
  };
}

/**
 * Without what Istio does to every request of a mesh: who answers, how often a service was asked, who traces; and without copies,
 * which are requests that no case sends. Clients speak HTTP/1.1.
 */
function managerIn({ listeners, routes, extensions }: Translation, replica: Replica, options: ReplicaOptions): Json {
  const { port } = replica.listener;
  const found = listeners.find(({ name }) => name.endsWith(`_${port}`));
  const filters = found?.filter_chains.flatMap((one) => one.filters).find(({ name }) => name === HTTP);
  const { rds, server_name: _, tracing: __, codec_type: ___, ...translated } = manager.parse(filters?.typed_config);
  const table = routes.find(({ name }) => name === rds.route_config_name);
  if (table === undefined) throw new Error(`istiod made no routes ${rds.route_config_name}`);
  return {
    ...translated,
    route_config: {
      ...table,
      virtual_hosts: table.virtual_hosts.map(({ include_request_attempt_count: _, routes: ways, ...host }) => ({
        ...host,
        routes: ways.map(withoutCopies),
      })),
    },
    http_filters: translated.http_filters.map((one) => {
      const extension = extensions.find(({ name }) => name === one.name);
      return extension === undefined
        ? ofReplica(one, replica)
        : { name: one.name, typed_config: guardOf(extension, replica, options) };
    }),
  };
}

function withoutCopies({ route, ...rest }: z.infer<typeof way>): Json {
  if (route === undefined) return rest;
  const { request_mirror_policies: _, ...forward } = route;
  return { ...rest, route: forward };
}

/** What counts for all gateways knows those of the tests by other names. */
function ofReplica(filter: Json, { name }: Replica): Json {
  const read = object.safeParse(filter.typed_config);
  if (!read.success || !("domain" in read.data)) return filter;
  return { ...filter, typed_config: { ...read.data, domain: `sluice.test.${name}` } };
}

/** The guard as istiod has it, for the consumers of the tests, in a VM of its own. */
function guardOf(
  { typed_config: { config, ...type } }: z.infer<typeof wasm>,
  replica: Replica,
  options: ReplicaOptions,
) {
  return {
    ...type,
    config: {
      ...config,
      vm_config: {
        ...config.vm_config,
        vm_id: `sluice.test.${replica.name}`,
        code: { local: { filename: "modules/guard.wasm" } },
      },
      configuration: { ...config.configuration, value: guardText(replica.plan, options.accessLog) },
    },
  };
}

/** As istiod writes it: members sorted by their names. */
export function guardText(plan: GatewayPlan, accessLog?: string): string {
  const mesh = new Mesh(plan, plan.deployments?.istio ?? DEFAULT_ISTIO, new Origins());
  return JSON.stringify(sorted(pluginConfig(mesh, { ...DEFAULT_OPTIONS, accessLog })));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  const read = object.safeParse(value);
  if (!read.success) return value;
  return Object.fromEntries(
    Object.entries(read.data)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

/** What of a cluster is about services that are elsewhere, or that no case counts with. */
const ELSEWHERE = [
  "eds_cluster_config",
  "transport_socket",
  "transport_socket_matches",
  "health_checks",
  "outlier_detection",
  "cluster_type",
  "dns_lookup_family",
];

function servicesOf({ clusters }: Translation, plan: GatewayPlan, { services }: ReplicaOptions): Json[] {
  const counting = countingServices(plan.policies);
  return plan.services.map((service) => {
    const name = clusterName(meshService(plan, service));
    const found = clusters.find((one) => one.name === name);
    const port = services.get(service.name);
    if (found === undefined) throw new Error(`istiod made no cluster ${name}`);
    const left = counting.includes(service.name) ? ELSEWHERE : [...ELSEWHERE, "typed_extension_protocol_options"];
    const kept = Object.fromEntries(Object.entries(found).filter(([key]) => !left.includes(key)));
    const address = { socket_address: { address: "127.0.0.1", port_value: port } };
    return {
      ...kept,
      type: "STATIC",
      load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    };
  });
}

/**
 * A translation with some of its HTTP filters only.
 * @param mutates whether requests are changed before they are routed
 */
export function withFilters(
  translation: Translation,
  keeps: (filter: { name: string }) => boolean,
  mutates = true,
): Translation {
  const listeners = translation.listeners.map((one) => ({
    ...one,
    filter_chains: one.filter_chains.map((chain) => ({
      ...chain,
      filters: chain.filters.map((filter) => {
        if (filter.name !== HTTP) return filter;
        const { early_header_mutation_extensions: early, ...rest } = manager.parse(filter.typed_config);
        const kept = mutates ? { early_header_mutation_extensions: early } : {};
        return { ...filter, typed_config: { ...rest, ...kept, http_filters: rest.http_filters.filter(keeps) } };
      }),
    })),
  }));
  return { ...translation, listeners };
}

/** The listeners that a plan must have in a translation. */
export function listenerNames({ listeners }: GatewayPlan): string[] {
  return listeners.map(({ address, port }: ListenerPlan) => `${address}_${port}`).toSorted();
}
