import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterSchema } from "../../envoy/generated/envoy/config/listener/v3/listener_components_pb.js";
import { RBAC_Action } from "../../envoy/generated/envoy/config/rbac/v3/rbac_pb.js";
import { RBACSchema } from "../../envoy/generated/envoy/extensions/filters/http/rbac/v3/rbac_pb.js";
import { RouterSchema } from "../../envoy/generated/envoy/extensions/filters/http/router/v3/router_pb.js";
import {
  HttpConnectionManagerSchema,
  HttpFilterSchema,
} from "../../envoy/generated/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { toObject } from "../../envoy/print.js";
import { verify } from "../../envoy/verify.js";
import { filterStateKey } from "../../plan/names.js";
import type { GatewayPlan, Json, JsonObject, ListenerPlan } from "../../plan/plan.js";
import { isLogged, listenerLogs } from "../envoy/access-logs.js";
import { clientCertificateFilter } from "../envoy/client-certificates.js";
import { localReplies } from "../envoy/errors.js";
import { codec, connectionManager, earlyMutation, requestRules } from "../envoy/listeners.js";
import { filtersBeforeGuard, filtersBehindGuard, filtersNextToGuard } from "../envoy/native.js";
import type { EnvoyOptions } from "../envoy/options.js";
import { sheddingFilters } from "../envoy/shedding.js";
import { tracing } from "../envoy/tracers.js";
import type { Resource } from "../kubernetes/resource.js";
import type { Violation } from "../target.js";
import { withClusters } from "./clusters.js";
import type { Mesh } from "./context.js";
import { ANCHOR_HEADER, FILTER_NAMES, GUARDED_FILTER } from "./names.js";
import { routePatches } from "./route-patches.js";
import { clusterPatches } from "./service-patches.js";

const WHY =
  "Istio has no resource for how requests are read before they are routed, for filters in front of its own, nor for what its routes leave open";

/**
 * What no resource of Istio can say, in Envoy's words: all of it in one resource, which is there or is not. It writes a header that
 * every route asks for, so that where it is not in force no request comes to a service.
 */
export function envoyFilter(mesh: Mesh, options: EnvoyOptions): { resource: Resource; violations: Violation[] } {
  const { plan, deployment } = mesh;
  const said = withClusters(mesh);
  const filters = filtersOf(said, options);
  const managers = listenersByRules(plan, said, filters, mesh);
  const head = {
    apiVersion: "networking.istio.io/v1alpha3",
    kind: "EnvoyFilter",
    name: plan.name,
    annotations: { "sluice/why": WHY },
  };
  const resource = mesh.resource(head, plan.origin, {
    // Behind those of others: then what stands in front of the router stands there at last.
    priority: PRIORITY,
    workloadSelector: { labels: { ...deployment.workload } },
    configPatches: [
      ...managers.map(({ patch }) => patch),
      ...filterPatches(filters),
      ...routePatches(mesh, said, isLogged(plan, options)),
      ...clusterPatches(mesh),
    ],
  });
  return { resource, violations: managers.flatMap(({ violations }) => violations) };
}

const PRIORITY = 10;

type ManagerInit = MessageInitShape<typeof HttpConnectionManagerSchema>;

/** Where all listeners are alike, the ports are left out: a Service may say other ones than the pods listen on. */
function listenersByRules(plan: GatewayPlan, said: GatewayPlan, filters: Filters, mesh: Mesh) {
  const made = plan.listeners.map((listener) => {
    const { manager, violations } = managerOf(listener, said, filters);
    return { listener, text: JSON.stringify(manager), manager, violations };
  });
  const [first] = made;
  const alike = made.every(({ text }) => text === first?.text) ? made.slice(0, 1) : made;
  return alike.map(({ listener, manager, violations }) => {
    const among = alike.length === 1 ? {} : { portNumber: listener.port };
    const filter = { name: extensionNames.httpConnectionManager };
    const patch = mesh.from(listener.origin, {
      applyTo: "NETWORK_FILTER",
      match: { context: "GATEWAY", listener: { ...among, filterChain: { filter } } },
      patch: { operation: "MERGE", value: manager },
    });
    return { patch, violations };
  });
}

function managerOf(
  listener: ListenerPlan,
  plan: GatewayPlan,
  filters: Filters,
): { manager: JsonObject; violations: Violation[] } {
  const { statPrefix: _, ...rules } = connectionManager(listener);
  const init: ManagerInit = {
    ...rules,
    ...requestRules(),
    ...codec(listener),
    ...localReplies(plan, listener),
    ...tracing(plan),
    accessLog: listenerLogs(listener, plan),
    earlyHeaderMutationExtensions: [earlyMutation(plan, { name: ANCHOR_HEADER, value: plan.name })],
  };
  const typedConfig = packed(HttpConnectionManagerSchema, init);
  const filter = create(FilterSchema, { configType: { case: "typedConfig", value: typedConfig } });
  // With what istiod writes beside, as a message must be whole to be checked.
  const whole = create(HttpConnectionManagerSchema, {
    ...init,
    statPrefix: "istiod",
    httpFilters: [...filters.before, ...filters.behind, ROUTER],
    routeSpecifier: {
      case: "rds",
      value: { configSource: { configSourceSpecifier: { case: "ads", value: {} } }, routeConfigName: "istiod" },
    },
  });
  return { manager: toObject(FilterSchema, filter), violations: verify(HttpConnectionManagerSchema, whole) };
}

const ROUTER = {
  name: extensionNames.router,
  configType: { case: "typedConfig" as const, value: packed(RouterSchema, {}) },
};

interface Filter {
  name: string;
  disabled?: boolean;
  configType: { case: "typedConfig"; value: Any };
}

/** Those in front of the guard, and those behind it, each in their order. */
interface Filters {
  before: readonly Filter[];
  behind: readonly Filter[];
}

function filtersOf(plan: GatewayPlan, options: EnvoyOptions): Filters {
  const named = ({ name, ...rest }: Filter): Filter => ({ name: FILTER_NAMES[name] ?? name, ...rest });
  return {
    before: [...clientCertificateFilter(plan, options), ...filtersBeforeGuard(plan)].map(named),
    behind: [
      guarded(),
      ...filtersNextToGuard(plan),
      ...filtersBehindGuard(plan, isLogged(plan, options), options.limitDomain ?? plan.name),
      ...sheddingFilters(plan),
    ].map(named),
  };
}

/**
 * Lets nothing pass of which the guard has noted no decision: where its resource is not in force, there is no guard, and nobody
 * else would say so.
 */
function guarded(): Filter {
  const matchPattern = { case: "safeRegex" as const, value: { regex: ".+" } };
  const noted = { key: filterStateKey("decision"), matcher: { case: "stringMatch" as const, value: { matchPattern } } };
  const configuration = packed(RBACSchema, {
    rules: {
      action: RBAC_Action.ALLOW,
      policies: {
        guarded: {
          permissions: [{ rule: { case: "any", value: true } }],
          principals: [{ identifier: { case: "filterState", value: noted } }],
        },
      },
    },
  });
  return { name: GUARDED_FILTER, configType: { case: "typedConfig", value: configuration } };
}

function filterPatches({ before, behind }: Filters): Json[] {
  return [
    // Each is put in front of those before it, and all of them in front of the guard.
    ...before.toReversed().map((filter) => filterPatch(filter, "INSERT_FIRST")),
    ...behind.map((filter) => filterPatch(filter, "INSERT_BEFORE", { subFilter: { name: extensionNames.router } })),
  ];
}

function filterPatch(patched: Filter, operation: string, beside: JsonObject = {}): JsonObject {
  const filter = { name: extensionNames.httpConnectionManager, ...beside };
  const value = toObject(HttpFilterSchema, create(HttpFilterSchema, patched));
  return {
    applyTo: "HTTP_FILTER",
    match: { context: "GATEWAY", listener: { filterChain: { filter } } },
    patch: { operation, value },
  };
}
