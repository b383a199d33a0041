import { readFileSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { z } from "zod";
import { packageRoot } from "../../../compiler/cli/files.js";
import { AccessLogSchema } from "../../../compiler/envoy/generated/envoy/config/accesslog/v3/accesslog_pb.js";
import { toObject } from "../../../compiler/envoy/print.js";
import { LOGGED_RESULTS } from "../../../compiler/plan/guard.js";
import type { GatewayPlan, Json, JsonObject } from "../../../compiler/plan/plan.js";
import { decisionLog } from "../../../compiler/targets/envoy/access-logs.js";
import { Cluster } from "../../../compiler/targets/envoy-gateway/context.js";
import { clusterConfiguration, planNames } from "../../../compiler/targets/envoy-gateway/guard.js";
import { notedRefusals } from "../../../compiler/targets/envoy-gateway/logs.js";
import { partName } from "../../../compiler/targets/envoy-gateway/names.js";
import { serviceName } from "../../../compiler/targets/envoy-gateway/services.js";
import { HTTPS_PORT, type Replica, type ReplicaOptions } from "../../../compiler/testing/envoy/bootstrap.js";
import type { Stead } from "../../../compiler/testing/envoy/gateway.js";

const object: z.ZodType<JsonObject> = z.record(z.string(), z.json());
const translated = z.strictObject({
  by: z.string(),
  /** SHA-256 of the resources. */
  of: z.string(),
  conditions: z.array(
    z.strictObject({ of: z.string(), type: z.string(), status: z.string(), message: z.string(), good: z.boolean() }),
  ),
  listeners: z.array(object),
  routes: z.array(object),
  clusters: z.array(object),
  endpoints: z.array(object),
});
/** What Envoy Gateway made of the resources of an example, as `npm run translate:envoy-gateway` stored it. */
export type Translated = z.output<typeof translated>;

export function readTranslated(example: string): Translated {
  const path = join(packageRoot(), "test/targets/envoy-gateway/translated", `${example}.json`);
  return translated.parse(JSON.parse(readFileSync(path, "utf8")));
}

/** Serves what Envoy Gateway made of a plan: its listeners and routes as they are, with modules, services and ports of this machine. */
export function servedInstead(stored: Translated, plan: GatewayPlan): Stead {
  const names = planNames(plan, new Cluster(plan));
  return {
    bootstrap: (replicas, options) => bootstrap(stored, replicas, options),
    routeName: (name) => names.get(name),
  };
}

function bootstrap(stored: Translated, replicas: readonly Replica[], options: ReplicaOptions): string {
  const [first] = replicas;
  if (first === undefined) throw new RangeError("an Envoy without a gateway");
  return JSON.stringify({
    node: { id: first.plan.name, cluster: first.plan.name },
    // As the bootstrap of Envoy Gateway has it.
    layeredRuntime: {
      layers: [{ name: "global_config", staticLayer: { "re2.max_program_size.error_level": 4_294_967_295 } }],
    },
    admin: { address: { socketAddress: { address: "127.0.0.1", portValue: 0 } } },
    staticResources: {
      listeners: replicas.map((replica) => listener(stored, replica, options)),
      clusters: stored.clusters.map((cluster) => clusterOf(stored, cluster, first.plan, options)),
    },
  });
}

/** The listener of a replica. Where connections come from is told by the PROXY protocol, and the scheme by the port that they were sent to. */
function listener(stored: Translated, { name, plan, listener }: Replica, options: ReplicaOptions): Json {
  const named = `${new Cluster(plan).namespace}/${partName(plan)}/${listener.name}`;
  const made = stored.listeners.find((one) => one.name === named);
  if (made === undefined) throw new Error(`Envoy Gateway made no listener ${named}`);
  const configuration = handedOn(clusterConfiguration(new Cluster(plan), LOGGED_RESULTS));
  const changed = changing(made, (value) => {
    if (value["@type"] === "type.googleapis.com/google.protobuf.StringValue") return { ...value, value: configuration };
    if ("rds" in value) {
      const { rds, ...manager } = value;
      const routes = stored.routes.find((one) => one.name === read(rds, "routeConfigName"));
      if (routes === undefined) throw new Error(`Envoy Gateway made no routes for ${named}`);
      const log = toObject(
        AccessLogSchema,
        create(AccessLogSchema, decisionLog(options.accessLog, plan, notedRefusals(plan))),
      );
      // A copy is a request that no case sends.
      const { "@type": _, ...routeConfig } = changing(routes, ({ requestMirrorPolicies: __, ...kept }) => kept);
      return {
        ...manager,
        routeConfig,
        accessLog: [log],
        forwardProtoConfig: { httpsDestinationPorts: [HTTPS_PORT] },
      };
    }
    if ("vmId" in value)
      return { ...value, vmId: `${String(value.vmId)}/${name}`, code: { local: { filename: "modules/guard.wasm" } } };
    return value;
  });
  const { "@type": _, ...rest } = changed;
  return {
    ...withoutSockets(rest),
    name,
    address: { socketAddress: { address: "127.0.0.1", portValue: 0 } },
    listenerFilters: [
      {
        name: "envoy.filters.listener.proxy_protocol",
        typedConfig: {
          "@type": "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol",
        },
      },
    ],
  };
}

/** A cluster as cases need it: stand-ins speak HTTP/1.1 and no TLS. */
function clusterOf(stored: Translated, cluster: JsonObject, plan: GatewayPlan, { services }: ReplicaOptions): Json {
  const { typedExtensionProtocolOptions: _, ...rest } = movedCluster(stored, cluster, plan, services);
  return withoutSockets(rest);
}

/** What of a cluster is about services that are elsewhere, or that no case counts with. */
const ELSEWHERE = ["@type", "edsClusterConfig", "type", "clusterType", "healthChecks", "outlierDetection"];

/** A cluster with the endpoints that Envoy Gateway gave it, each at the stand-in of its service. */
export function movedCluster(
  stored: Translated,
  cluster: JsonObject,
  plan: GatewayPlan,
  services: ReadonlyMap<string, number>,
): JsonObject {
  const name = read(cluster.edsClusterConfig ?? null, "serviceName") ?? cluster.name;
  const rest = Object.fromEntries(Object.entries(cluster).filter(([key]) => !ELSEWHERE.includes(key)));
  const assignment = stored.endpoints.find((one) => one.clusterName === name) ?? rest.loadAssignment;
  const { "@type": _, ...loadAssignment } = object.parse(assignment);
  const known = new Map(
    plan.services.flatMap((service) =>
      [serviceName(service.name), partName(plan, service.name)].map((one) => [one, service.name] as const),
    ),
  );
  const localities = z.array(object).parse(loadAssignment.endpoints);
  return {
    ...rest,
    type: "STATIC",
    loadAssignment: {
      ...loadAssignment,
      endpoints: localities.map((locality) => {
        const service = /"(?:Service|Backend)","name":"([^"]+)"/.exec(JSON.stringify(locality.metadata))?.[1] ?? "";
        const port = services.get(known.get(service) ?? "");
        if (port === undefined) throw new Error(`no service stands for ${service}`);
        return changing(locality, (value) =>
          "socketAddress" in value ? { socketAddress: { address: "127.0.0.1", portValue: port } } : value,
        );
      }),
    },
  };
}

/** Certificates are on other machines. */
function withoutSockets(value: JsonObject): JsonObject {
  return changing(value, ({ transportSocket, transportSocketMatches, ...rest }) => {
    if (transportSocket === undefined) return rest;
    const { filterChainMatch: _, ...plain } = rest;
    return plain;
  });
}

function read(value: Json, key: string): Json | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value[key] : undefined;
}

/** A value in which every object is changed, inner ones first. */
export function changing(value: JsonObject, change: (value: JsonObject) => JsonObject): JsonObject {
  const within = (inner: Json): Json => {
    if (Array.isArray(inner)) return inner.map(within);
    return typeof inner === "object" && inner !== null ? changing(inner, change) : inner;
  };
  return change(Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, within(inner)])));
}

/** As the API server of a cluster hands it on: members in alphabetical order, and escapes where HTML would need them. */
export function handedOn(value: Json): string {
  const code = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(sorted(value)).replace(/[<>&\u2028\u2029]/g, code);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
