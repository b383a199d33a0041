import { clone, create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  HeaderMatcherSchema,
  type Route,
  type RouteAction,
  RouteAction_UpgradeConfigSchema,
  type RouteActionSchema,
  RouteSchema,
} from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { toObject } from "../../envoy/print.js";
import type { GatewayPlan, Json, JsonObject } from "../../plan/plan.js";
import { headerMatcher } from "../envoy/header-matcher.js";
import { routeConfiguration } from "../envoy/routes.js";
import type { Mesh } from "./context.js";
import { ANCHOR_HEADER, FILTER_NAMES } from "./names.js";

/*
 * The routes as a bare Envoy has them are made first. What of them a VirtualService has no words for is merged into the routes that
 * istiod makes, by their names: entries of one name run the same policies, so what is merged is the same too.
 */

/** @param said the plan with services named as their clusters */
export function routePatches(mesh: Mesh, said: GatewayPlan, isLogged: boolean): Json[] {
  const { virtualHosts } = routeConfiguration(said, said.hosts, isLogged);
  const origins = new Map(mesh.plan.hosts.flatMap(({ routes }) => routes.map(({ name, origin }) => [name, origin])));
  const merged = new Map<string, JsonObject>();
  const inserted: Json[] = [];
  for (const { domains, routes } of virtualHosts) {
    const [domainName = "*"] = domains;
    for (const route of routes) {
      // Of several that are put in front of a route the last one stands first.
      if (route.match?.filterState.length) inserted.unshift(insertion(route, domainName, mesh));
      else merged.set(route.name, restOf(route));
    }
  }
  return [
    ...[...merged].flatMap(([name, value]) => {
      if (Object.keys(value).length === 0) return [];
      const origin = origins.get(name);
      const patch = patchOf("MERGE", { route: { name } }, value);
      return [origin === undefined ? patch : mesh.from(origin, patch)];
    }),
    ...inserted,
  ];
}

function patchOf(operation: string, vhost: JsonObject, value: JsonObject): JsonObject {
  return {
    applyTo: "HTTP_ROUTE",
    match: { context: "GATEWAY", routeConfiguration: { vhost } },
    patch: { operation, value },
  };
}

/** What of a route its VirtualService does not say. */
function restOf(route: Route): JsonObject {
  const { typedPerFilterConfig, tracing, action } = route;
  const rest = create(RouteSchema, {
    ...(tracing === undefined ? {} : { tracing }),
    typedPerFilterConfig: renamed(typedPerFilterConfig),
    ...(action.case === "route" ? { action: { case: "route", value: restOfAction(action.value) } } : {}),
  });
  return toObject(RouteSchema, rest);
}

const NO_WEBSOCKET = { upgradeType: "websocket", enabled: false };

/** Every route of Istio may become a WebSocket; here only those may that say so. */
function restOfAction(action: RouteAction): MessageInitShape<typeof RouteActionSchema> {
  const { idleTimeout, maxStreamDuration, hedgePolicy, hostRewriteSpecifier, retryPolicy, upgradeConfigs } = action;
  const longest = retryPolicy?.retryBackOff?.maxInterval;
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeout }),
    ...(maxStreamDuration === undefined ? {} : { maxStreamDuration }),
    ...(hedgePolicy === undefined ? {} : { hedgePolicy }),
    ...(hostRewriteSpecifier.case === "hostRewritePathRegex" ? { hostRewriteSpecifier } : {}),
    ...(longest === undefined ? {} : { retryPolicy: { retryBackOff: { maxInterval: longest } } }),
    ...(upgradeConfigs.length > 0 ? {} : { upgradeConfigs: [NO_WEBSOCKET] }),
  };
}

/** A route for some callers, which only Envoy can ask for: behind the guard, in front of the route for everybody. */
function insertion(route: Route, domainName: string, mesh: Mesh): JsonObject {
  const { plan } = mesh;
  const routes = plan.hosts.flatMap((host) => host.routes).filter(({ name }) => name === route.name);
  const whole = clone(RouteSchema, route);
  whole.match?.headers.push(
    create(HeaderMatcherSchema, headerMatcher({ name: ANCHOR_HEADER, form: "exact", value: plan.name })),
  );
  whole.requestHeadersToRemove = [
    ...new Set([...route.requestHeadersToRemove, ...routes.flatMap((one) => mesh.removed(one))]),
  ].toSorted();
  if (whole.action.case === "route" && whole.action.value.upgradeConfigs.length === 0)
    whole.action.value.upgradeConfigs.push(create(RouteAction_UpgradeConfigSchema, NO_WEBSOCKET));
  whole.typedPerFilterConfig = renamed(route.typedPerFilterConfig);
  return patchOf("INSERT_BEFORE", { domainName, route: { name: route.name } }, toObject(RouteSchema, whole));
}

function renamed(configurations: Route["typedPerFilterConfig"]): Route["typedPerFilterConfig"] {
  return Object.fromEntries(
    Object.entries(configurations).map(([name, configuration]) => [FILTER_NAMES[name] ?? name, configuration]),
  );
}
