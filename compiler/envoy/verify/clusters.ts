import { BootstrapSchema } from "../generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { GrpcService_EnvoyGrpcSchema } from "../generated/envoy/config/core/v3/grpc_service_pb.js";
import { HttpUriSchema } from "../generated/envoy/config/core/v3/http_uri_pb.js";
import {
  RouteAction_RequestMirrorPolicySchema,
  RouteActionSchema,
  WeightedCluster_ClusterWeightSchema,
} from "../generated/envoy/config/route/v3/route_components_pb.js";
import { RouteConfigurationSchema } from "../generated/envoy/config/route/v3/route_pb.js";
import { ZipkinConfigSchema } from "../generated/envoy/config/trace/v3/zipkin_pb.js";
import { ClusterConfigSchema } from "../generated/envoy/extensions/clusters/aggregate/v3/cluster_pb.js";
import { allOf, join, type Tree, type Violation, within } from "./located.js";

/** Clusters that something refers to, but that the bootstrap does not have. */
export function references(tree: Tree): Violation[] {
  return allOf(tree, BootstrapSchema).flatMap(({ message }) => {
    const known = new Set(message.staticResources?.clusters.map(({ name }) => name));
    // Envoy looks these up only when they are used: with a cluster discovery service they may come later.
    const called = message.dynamicResources?.cdsConfig === undefined ? fromCalls(tree) : [];
    return [...fromRoutes(tree), ...fromTracers(tree), ...fromAggregates(tree), ...called]
      .filter(({ cluster }) => !known.has(cluster))
      .map(({ cluster, path }) => ({ path, message: `there is no cluster ${JSON.stringify(cluster)}` }));
  });
}

interface Reference {
  cluster: string;
  path: string;
}

/** Also with a cluster discovery service, Envoy wants the clusters of a route table in the bootstrap to be static. */
function fromRoutes(tree: Tree): Reference[] {
  return allOf(tree, RouteConfigurationSchema)
    .filter(({ message }) => message.validateClusters !== false)
    .flatMap((table) => {
      const inside = within(tree, table);
      return [
        ...allOf(inside, RouteActionSchema).flatMap(({ message, path }) =>
          message.clusterSpecifier.case === "cluster"
            ? [{ cluster: message.clusterSpecifier.value, path: join(path, "cluster") }]
            : [],
        ),
        ...allOf(inside, WeightedCluster_ClusterWeightSchema).flatMap(({ message, path }) =>
          message.name === "" ? [] : [{ cluster: message.name, path: join(path, "name") }],
        ),
        ...allOf(inside, RouteAction_RequestMirrorPolicySchema).flatMap(({ message, path }) =>
          message.cluster === "" ? [] : [{ cluster: message.cluster, path: join(path, "cluster") }],
        ),
      ];
    });
}

function fromAggregates(tree: Tree): Reference[] {
  return allOf(tree, ClusterConfigSchema).flatMap(({ message, path }) =>
    message.clusters.map((cluster, index) => ({ cluster, path: join(path, `clusters[${index}]`) })),
  );
}

function fromTracers(tree: Tree): Reference[] {
  return allOf(tree, ZipkinConfigSchema).flatMap(({ message, path }) =>
    message.collectorCluster === "" && message.collectorService !== undefined
      ? []
      : [{ cluster: message.collectorCluster, path: join(path, "collector_cluster") }],
  );
}

function fromCalls(tree: Tree): Reference[] {
  return [
    ...allOf(tree, HttpUriSchema).flatMap(({ message, path }) =>
      message.httpUpstreamType.case === "cluster"
        ? [{ cluster: message.httpUpstreamType.value, path: join(path, "cluster") }]
        : [],
    ),
    ...allOf(tree, GrpcService_EnvoyGrpcSchema).map(({ message, path }) => ({
      cluster: message.clusterName,
      path: join(path, "cluster_name"),
    })),
  ];
}
