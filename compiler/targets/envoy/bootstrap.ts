import { create } from "@bufbuild/protobuf";
import { type Bootstrap, BootstrapSchema } from "../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ClusterSchema } from "../../envoy/generated/envoy/config/cluster/v3/cluster_pb.js";
import { DownstreamConnectionsConfigSchema } from "../../envoy/generated/envoy/extensions/resource_monitors/downstream_connections/v3/downstream_connections_pb.js";
import { duration, extensionNames, packed } from "../../envoy/message.js";
import { MAX_REGEX_PROGRAM, programSizeKey } from "../../envoy/re2.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { clusters, socketAddress } from "./clusters.js";
import { listeners } from "./listeners.js";
import { metricLabels } from "./metrics.js";
import type { EnvoyOptions } from "./options.js";
import { whereabouts } from "./zones.js";

/** Connections from clients beyond which Envoy refuses new ones, so that their number is bounded at all. */
const MAX_CONNECTIONS = 50_000n;

/** The whole configuration of one Envoy, without any other file but the modules. */
export function staticBootstrap(plan: GatewayPlan, options: EnvoyOptions): Bootstrap {
  return create(BootstrapSchema, {
    ...common(plan, options),
    staticResources: {
      listeners: listeners(plan, options),
      clusters: [...clusters(plan, options), ...gateways(plan, options)],
    },
  });
}

/** A file of resources that Envoy reads again after each rename in the watched folder. */
export interface WatchedFile {
  file: string;
  watched: string;
}

/** A bootstrap whose listeners and clusters come from files, so that a new policy is taken over without a restart. */
export function dynamicBootstrap(
  plan: GatewayPlan,
  options: EnvoyOptions,
  files: { listeners: WatchedFile; clusters: WatchedFile },
): Bootstrap {
  const source = ({ file, watched }: WatchedFile) => ({
    configSourceSpecifier: {
      case: "pathConfigSource" as const,
      value: { path: file, watchedDirectory: { path: watched } },
    },
  });
  const known = gateways(plan, options);
  return create(BootstrapSchema, {
    ...common(plan, options),
    ...(known.length === 0 ? {} : { staticResources: { clusters: known } }),
    dynamicResources: { ldsConfig: source(files.listeners), cdsConfig: source(files.clusters) },
  });
}

/** Envoy wants the cluster that it is of itself in its bootstrap. */
function gateways(plan: GatewayPlan, options: EnvoyOptions) {
  const { cluster } = whereabouts(plan, options);
  return cluster === undefined ? [] : [create(ClusterSchema, cluster)];
}

function common(plan: GatewayPlan, options: EnvoyOptions) {
  const { manager, locality } = whereabouts(plan, options);
  return {
    node: { id: plan.name, cluster: plan.name, ...locality },
    ...manager,
    ...(options.admin === undefined
      ? {}
      : { admin: { address: socketAddress(options.admin.address, options.admin.port) } }),
    statsConfig: metricLabels(),
    layeredRuntime: {
      layers: [
        {
          name: "sluice",
          layerSpecifier: { case: "staticLayer" as const, value: { [programSizeKey]: MAX_REGEX_PROGRAM } },
        },
      ],
    },
    overloadManager: {
      refreshInterval: duration(250),
      resourceMonitors: [
        {
          name: extensionNames.downstreamConnections,
          configType: {
            case: "typedConfig" as const,
            value: packed(DownstreamConnectionsConfigSchema, { maxActiveDownstreamConnections: MAX_CONNECTIONS }),
          },
        },
      ],
    },
  };
}
