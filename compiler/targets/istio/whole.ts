import { create } from "@bufbuild/protobuf";
import { BootstrapSchema } from "../../envoy/generated/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { ListenerSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_pb.js";
import { RouterSchema } from "../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import {
  HttpConnectionManagerSchema,
  HttpFilterSchema,
} from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { verify } from "../../envoy/verify.js";
import type { GatewayPlan } from "../../plan/plan.js";
import { isLogged } from "../envoy/access-logs.js";
import { staticBootstrap } from "../envoy/bootstrap.js";
import { listenerAddress } from "../envoy/clusters.js";
import type { EnvoyOptions } from "../envoy/options.js";
import { routeConfiguration } from "../envoy/routes.js";
import type { Violation } from "../target.js";
import type { Filters } from "./filters.js";
import { managerOf } from "./managers.js";

/**
 * What Envoy would have against the messages of the EnvoyFilter. Parts cannot be checked, so they stand in a configuration like that
 * which istiod makes of them.
 *
 * @param said the plan with services named as their clusters
 */
export function violationsOf(said: GatewayPlan, filters: Filters, options: EnvoyOptions): Violation[] {
  const bootstrap = staticBootstrap(said, options);
  const routes = routeConfiguration(said, said.hosts, isLogged(said, options));
  const router = {
    name: extensionNames.router,
    configType: { case: "typedConfig" as const, value: packed(RouterSchema, {}) },
  };
  if (bootstrap.staticResources !== undefined)
    bootstrap.staticResources.listeners = said.listeners.map((listener) => {
      const manager = packed(HttpConnectionManagerSchema, {
        ...managerOf(listener, said),
        statPrefix: listener.name,
        httpFilters: [...filters.before, ...filters.behind, router].map((filter) => create(HttpFilterSchema, filter)),
        routeSpecifier: { case: "routeConfig", value: routes },
      });
      const filter = {
        name: extensionNames.httpConnectionManager,
        configType: { case: "typedConfig" as const, value: manager },
      };
      const { name } = listener;
      return create(ListenerSchema, {
        name,
        address: listenerAddress(listener),
        filterChains: [{ filters: [filter] }],
      });
    });
  return verify(BootstrapSchema, bootstrap);
}
