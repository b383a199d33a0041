import { type DescMessage, isMessage } from "@bufbuild/protobuf";
import { type Any, anyIs } from "@bufbuild/protobuf/wkt";
import { unpacked } from "../any.js";
import { type Filter, FilterChainSchema } from "../generated/envoy/config/listener/v3/listener_components_pb.js";
import { FilterConfigSchema } from "../generated/envoy/config/route/v3/route_components_pb.js";
import { RouterSchema } from "../generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import {
  type HttpConnectionManager,
  HttpConnectionManagerSchema,
  type HttpFilter,
} from "../generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { registry } from "../registry.js";
import { allOf, join, type Tree, type Violation } from "./located.js";

/** The router ends the HTTP filters, the connection manager the network filters, and neither stands elsewhere. */
export function filterChains(tree: Tree): Violation[] {
  return [
    ...allOf(tree, FilterChainSchema).flatMap(({ message, path }) =>
      orderFaults(
        message.filters.map(({ configType }) => placeOf(configType, HttpConnectionManagerSchema)),
        path,
        "filters",
        "connection manager",
      ),
    ),
    ...allOf(tree, HttpConnectionManagerSchema).flatMap(({ message, path }) => managerFaults(message, path)),
  ];
}

type Place = "last" | "before" | "unknown";

function managerFaults(manager: HttpConnectionManager, path: string): Violation[] {
  const filters = manager.httpFilters;
  const faults = orderFaults(
    filters.map(({ configType }) => placeOf(configType, RouterSchema)),
    path,
    "http_filters",
    "router",
  );
  // Envoy takes a manager without filters, and then answers no request.
  if (filters.length === 0) faults.push({ path: join(path, "http_filters"), message: "has no router" });
  if (filters.at(-1)?.disabled === true) {
    faults.push({
      path: join(path, `http_filters[${filters.length - 1}]`),
      message: "the last filter cannot be disabled",
    });
  }
  faults.push(...unknownFilters(manager, path));
  if (manager.useRemoteAddress === true && manager.originalIpDetectionExtensions.length > 0) {
    const message = "cannot be used together with use_remote_address";
    faults.push({ path: join(path, "original_ip_detection_extensions"), message });
  }
  return faults;
}

/** Routes that enter a filter which the chain does not have: what it should do for them is never done. */
function unknownFilters({ httpFilters, routeSpecifier }: HttpConnectionManager, path: string): Violation[] {
  if (routeSpecifier.case !== "routeConfig") return [];
  const names = new Set(httpFilters.map(({ name }) => name));
  return routeSpecifier.value.virtualHosts.flatMap(({ routes }, host) =>
    routes.flatMap(({ typedPerFilterConfig }, route) =>
      Object.entries(typedPerFilterConfig).flatMap(([name, config]) => {
        if (names.has(name) || !isEntered(config)) return [];
        const at = `route_config.virtual_hosts[${host}].routes[${route}].typed_per_filter_config["${name}"]`;
        return [{ path: join(path, at), message: "there is no filter of this name" }];
      }),
    ),
  );
}

function isEntered(config: Any): boolean {
  const read = unpacked(config, registry);
  return isMessage(read, FilterConfigSchema) && read.config !== undefined && !read.disabled;
}

function orderFaults(places: Place[], path: string, list: string, terminal: string): Violation[] {
  return places.flatMap((place, index) => {
    const at = join(path, `${list}[${index}]`);
    const isLast = index === places.length - 1;
    if (place === "last" && !isLast) return [{ path: at, message: `the ${terminal} must be the last filter` }];
    if (place === "before" && isLast && !places.includes("last"))
      return [{ path: at, message: `the last filter must be the ${terminal}` }];
    return [];
  });
}

/** A filter without its configuration at hand may be anything. */
function placeOf(config: Filter["configType"] | HttpFilter["configType"], terminal: DescMessage): Place {
  if (config.case !== "typedConfig") return "unknown";
  return anyIs(config.value, terminal) ? "last" : "before";
}
