import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterConfigSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { type GuardRoute, guardConfiguration, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import { PREFLIGHT } from "../../plan/names.js";
import type { GatewayPlan, JsonObject } from "../../plan/plan.js";
import { tracerOf } from "../../plan/tracing.js";
import { isLogged } from "./access-logs.js";
import { guardCapabilities } from "./capabilities.js";
import type { EnvoyOptions } from "./options.js";
import { wasmPlugin } from "./wasm.js";

export const GUARD_MODULE = "guard.wasm";

/** What the module takes for the name of a route that stands for all. */
const EVERY_ROUTE = "*";

interface Guard {
  configuration: JsonObject;
  /** Names of routes that do not enter it. */
  idle: ReadonlySet<string>;
}

const made = new WeakMap<GatewayPlan, Map<boolean, Guard>>();

/**
 * The guard of a plan. Routes on which it has nothing to decide and nothing to tell do not enter it, and cost nothing. If it does the same on all others it does not
 * ask Envoy for the route either: whatever enters is judged.
 */
function guardOf(plan: GatewayPlan, options: EnvoyOptions): Guard {
  const logged = isLogged(plan, options);
  const guards = made.get(plan) ?? new Map<boolean, Guard>();
  made.set(plan, guards);
  const guard = guards.get(logged) ?? newGuard(plan, logged ? LOGGED_RESULTS : []);
  guards.set(logged, guard);
  return guard;
}

function newGuard(plan: GatewayPlan, read: readonly string[]): Guard {
  const configuration = guardConfiguration(plan, read);
  const { routes } = configuration;
  const entering = routes.filter((route) => !isIdle(route));
  const idle = new Set(routes.filter(isIdle).map(({ name }) => name));
  const [first] = entering;
  // A configuration has a route, if only one that nothing enters by.
  if (first === undefined) return { configuration, idle };
  const kept = areAlike(entering, plan) ? [everyRoute(first, entering.length === 1)] : entering;
  return { configuration: { ...configuration, routes: kept }, idle };
}

function isIdle({ name: _, run, tell, ...more }: GuardRoute): boolean {
  return run.length === 0 && tell.length === 0 && Object.keys(more).length === 0;
}

/** If there is one more route some day, its limits go on from where they are. */
function everyRoute({ name, ...rest }: GuardRoute, isOnly: boolean): GuardRoute {
  return { name: EVERY_ROUTE, ...(isOnly ? { as: name } : {}), ...rest };
}

/** Limits may be counted by route, spans tell it, and what gets past Envoy's answer to preflights is a route that nobody knows. */
function areAlike(routes: readonly GuardRoute[], { policies, hosts }: GatewayPlan): boolean {
  const [first] = routes;
  const texts = new Set(routes.map(({ name: _, ...rest }) => JSON.stringify(rest)));
  const hasPreflight = hosts.some((host) => host.routes.some(({ name }) => name === PREFLIGHT));
  if (first === undefined || texts.size > 1 || hasPreflight || tracerOf(policies) !== undefined) return false;
  const run = policies.filter(({ name }) => first.run.includes(name));
  return routes.length === 1 || run.every(({ kind, config }) => kind !== "rateLimit" || config.shared === true);
}

const PASSED_BY: Any = packed(FilterConfigSchema, { disabled: true });

/** By name of the route, what keeps requests out of the guard that it has nothing to do with. */
export function passingGuard(plan: GatewayPlan, options: EnvoyOptions): (route: string) => [string, Any][] {
  const { idle } = guardOf(plan, options);
  return (route) => (idle.has(route) ? [[extensionNames.wasm, PASSED_BY]] : []);
}

/** The Wasm filter that decides; Envoy writes. */
export function guardFilter(plan: GatewayPlan, options: EnvoyOptions) {
  const value = wasmPlugin(plan, options, {
    name: "sluice.guard",
    rootId: "guard",
    vmSuffix: "",
    module: GUARD_MODULE,
    configuration: guardOf(plan, options).configuration,
    variables: guardVariables(plan),
    capabilities: guardCapabilities(plan),
  });
  return { name: extensionNames.wasm, configType: { case: "typedConfig" as const, value } };
}
