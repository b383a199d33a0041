import {
  FilterConfigSchema,
  type Route,
  type RouteAction,
  RouteActionSchema,
  RouteSchema,
  type WeightedCluster,
  WeightedClusterSchema,
} from "../generated/envoy/config/route/v3/route_components_pb.js";
import { RouteConfigurationSchema } from "../generated/envoy/config/route/v3/route_pb.js";
import { allOf, join, type Tree, type Violation, within } from "./located.js";

/** What Envoy asks of routes beside their declared rules. */
export function routes(tree: Tree): Violation[] {
  return [
    ...allOf(tree, WeightedClusterSchema).flatMap(({ message, path }) => weightFaults(message, path)),
    ...allOf(tree, RouteActionSchema).flatMap(({ message, path }) => rewriteFaults(message, path)),
    ...allOf(tree, RouteConfigurationSchema).flatMap((table) => {
      const limit = table.message.maxDirectResponseBodySizeBytes ?? defaultBodyLimit;
      return allOf(within(tree, table), RouteSchema).flatMap(({ message, path }) => bodyFaults(message, path, limit));
    }),
    ...allOf(tree, FilterConfigSchema).flatMap(({ message, path }) =>
      message.config === undefined && !message.isOptional && !message.disabled
        ? [{ path, message: "neither configures nor disables the filter" }]
        : [],
    ),
  ];
}

/** `RouteConfiguration.max_direct_response_body_size_bytes` when it is not set, in bytes. */
const defaultBodyLimit = 4096;
const maxUint32 = 0xffff_ffff;

function weightFaults({ clusters }: WeightedCluster, path: string): Violation[] {
  const faults = clusters.flatMap((cluster, index) =>
    cluster.name === "" && cluster.clusterHeader === ""
      ? [{ path: join(path, `clusters[${index}]`), message: "needs a name or a cluster_header" }]
      : [],
  );
  const total = clusters.reduce((sum, { weight }) => sum + (weight ?? 0), 0);
  if (clusters.length > 0 && total === 0) faults.push({ path, message: "the weights add up to 0" });
  if (total > maxUint32) faults.push({ path, message: `the weights add up to more than ${maxUint32}` });
  return faults;
}

function rewriteFaults(action: RouteAction, path: string): Violation[] {
  const rewrites = [
    action.prefixRewrite !== "",
    action.regexRewrite !== undefined,
    action.pathRewritePolicy !== undefined,
    action.pathRewrite !== "",
  ];
  if (rewrites.filter((set) => set).length < 2) return [];
  return [{ path, message: "takes one of prefix_rewrite, regex_rewrite, path_rewrite_policy and path_rewrite" }];
}

function bodyFaults({ action }: Route, path: string, limit: number): Violation[] {
  if (action.case !== "directResponse") return [];
  const size = bodySize(action.value.body?.specifier);
  if (size <= limit) return [];
  return [{ path: join(path, "direct_response.body"), message: `has ${size} bytes, the limit is ${limit}` }];
}

function bodySize(body: { case: string | undefined; value?: string | Uint8Array | undefined } | undefined): number {
  if (body?.value === undefined) return 0;
  if (body.case === "inlineBytes" || body.case === "inlineString") return Buffer.byteLength(body.value);
  return 0;
}
