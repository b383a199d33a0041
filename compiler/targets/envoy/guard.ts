import type { Any } from "@bufbuild/protobuf/wkt";
import { FilterConfigSchema } from "../../envoy/generated/envoy/config/route/v3/route_components_pb.js";
import { extensionNames, packed } from "../../envoy/message.js";
import { type GuardRoute, guardDocument, guardRoutes, guardVariables, LOGGED_RESULTS } from "../../plan/guard.js";
import { PREFLIGHT } from "../../plan/names.js";
import type { GatewayPlan, PolicyPlan } from "../../plan/plan.js";
import { tracerOf } from "../../plan/tracing.js";
import { isLogged } from "./access-logs.js";
import { guardCapabilities } from "./capabilities.js";
import type { EnvoyOptions } from "./options.js";
import { wasmPlugin } from "./wasm.js";

export const GUARD_MODULE = "guard.wasm";

/** What the module takes for the name of a route that stands for all. */
const EVERY_ROUTE = "*";

/**
 * What the guard does on the routes that enter it, and the names of those that do not. A route on which it has nothing to decide and nothing to tell passes it by, and
 * costs nothing. If it does the same on all others it does not ask Envoy for the route either: whatever enters is judged.
 */
function routesOf(plan: GatewayPlan, options: EnvoyOptions): { entering: GuardRoute[]; idle: ReadonlySet<string> } {
  const logged = isLogged(plan, options);
  const routes = guardRoutes(plan, logged ? LOGGED_RESULTS : []);
  const idle = new Set(routes.filter(isIdle).map(({ name }) => name));
  const entering = routes.filter((route) => !isIdle(route));
  const [first] = entering;
  // A configuration has a route, if only one that nothing enters by.
  if (first === undefined) return { entering: routes, idle };
  // A log is to tell routes that nobody knows from those that are refused.
  const isOne = !logged && areAlike(entering, plan);
  return { entering: isOne ? [everyRoute(first, entering.length === 1)] : entering, idle };
}

function isIdle({ name: _, run, tell, ...more }: GuardRoute): boolean {
  return run.length === 0 && tell.length === 0 && Object.keys(more).length === 0;
}

/** If there is one more route some day, its limits go on from where they are. */
function everyRoute({ name, ...rest }: GuardRoute, isOnly: boolean): GuardRoute {
  return { name: EVERY_ROUTE, ...(isOnly ? { as: name } : {}), ...rest };
}

/**
 * Whether one entry holds for all routes. Not where limits are counted by route, spans tell it, or nobody is kept out: a route that nobody knows, such as what gets
 * past Envoy's answer to preflights, must be no way around the others.
 */
function areAlike(routes: readonly GuardRoute[], { policies, hosts }: GatewayPlan): boolean {
  const [first] = routes;
  const texts = new Set(routes.map(({ name: _, ...rest }) => JSON.stringify(rest)));
  const hasPreflight = hosts.some((host) => host.routes.some(({ name }) => name === PREFLIGHT));
  if (first === undefined || texts.size > 1 || hasPreflight || tracerOf(policies) !== undefined) return false;
  const run = policies.filter(({ name }) => first.run.includes(name));
  if (!run.some(keepsOut)) return false;
  return routes.length === 1 || run.every(({ kind, config }) => kind !== "rateLimit" || config.shared === true);
}

/** Whether a policy refuses callers, whatever their requests are. */
function keepsOut({ kind, mode, when, config }: PolicyPlan): boolean {
  const decides =
    (kind === "authorize" && config.otherwise === "deny") || (kind === "authenticate" && config.optional === false);
  return decides && mode === undefined && when === undefined;
}

const PASSED_BY: Any = packed(FilterConfigSchema, { disabled: true });

/** By name of the route, what keeps requests out of the guard that it has nothing to do with. */
export type Passing = (route: string) => [string, Any][];

/** The Wasm filter that decides, where Envoy writes, and who passes it by. */
export function guardOf(plan: GatewayPlan, options: EnvoyOptions) {
  const { entering, idle } = routesOf(plan, options);
  const passing: Passing = (route) => (idle.has(route) ? [[extensionNames.wasm, PASSED_BY]] : []);
  const value = wasmPlugin(plan, options, {
    name: "sluice.guard",
    rootId: "guard",
    vmSuffix: "",
    module: GUARD_MODULE,
    configuration: guardDocument(plan, entering),
    variables: guardVariables(plan),
    capabilities: guardCapabilities(plan),
  });
  const filter = { name: extensionNames.wasm, configType: { case: "typedConfig" as const, value } };
  return { filter, passing };
}
