import { capturesOf } from "../policy/path.js";
import { bodyVariables } from "./body.js";
import { propertiesRead } from "./callers.js";
import { credentialConfiguration, variablesOf } from "./credentials.js";
import { propertiesCounted } from "./global-limits.js";
import { REMAINS, remainsOf } from "./keys.js";
import { PREFLIGHT } from "./names.js";
import { type HeaderValue, headerEdits, isInModule } from "./native.js";
import {
  type GatewayPlan,
  type Json,
  type JsonObject,
  namedRead,
  type PolicyPlan,
  type ResultHeader,
  type RoutePlan,
} from "./plan.js";
import { answerHeaders } from "./results.js";
import { resultsOfTags } from "./tracers.js";
import { exportersMember, exportMember, patternMember, tracerOf } from "./tracing.js";

/** What Envoy's main thread must have in its environment for the modules to start. */
export function environmentVariables(plan: GatewayPlan): string[] {
  return [...new Set([...guardVariables(plan), ...bodyVariables(plan)])].toSorted();
}

/** Those of them that the guard reads. */
export function guardVariables(plan: GatewayPlan): string[] {
  const names = plan.consumers.flatMap((consumer) => consumer.credentials.flatMap(variablesOf));
  const ofPolicies = plan.policies.flatMap(({ variables }) => variables ?? []);
  return [...new Set([...names, ...ofPolicies])].toSorted();
}

/** How long a worker waits before it replaces a VM of the guard that failed. Until then it answers 503. */
export const RELOAD_BACKOFF_MS = 100;

/** What an access log shows of every request, denied or not; `shadow` where a policy is in shadow, `trace-id` where one traces. */
export const LOGGED_RESULTS = ["consumer", "decision", "shadow", "trace-id"] as const;

/** What the guard does on a route: policies in their order, and results that it tells. */
export type GuardRoute = JsonObject & { name: string; run: string[]; tell: string[] };

/**
 * The configuration of `guard.wasm` for a plan: `filters/modules/README.md` tells what each member means. The same plan
 * always gives the same document.
 *
 * @param read results that something beside the plan's own headers reads on every route, such as an access log
 * @param names what Envoy calls routes where somebody else names them, by the name in the plan
 */
export function guardConfiguration(
  plan: GatewayPlan,
  read: readonly string[],
  names: ReadonlyMap<string, readonly string[]> = new Map(),
): JsonObject {
  return guardDocument(plan, guardRoutes(plan, read, names));
}

/** The same with these routes. */
export function guardDocument(plan: GatewayPlan, routes: GuardRoute[]): JsonObject {
  return {
    version: 1,
    results: "filterState",
    consumers: plan.consumers.map(
      (consumer): JsonObject => ({
        name: consumer.name,
        ...(consumer.tier === undefined ? {} : { tier: consumer.tier }),
        ...(consumer.groups.length === 0 ? {} : { groups: consumer.groups }),
        credentials: consumer.credentials.map(credentialConfiguration),
      }),
    ),
    ...countedConsumers(plan),
    ...exportersMember(plan),
    policies: [...policiesOf(plan).values()].map((policy) => policyConfiguration(policy, plan)),
    routes,
  };
}

/** Those that the guard carries out. */
function policiesOf(plan: GatewayPlan): Map<string, PolicyPlan> {
  return new Map(
    plan.policies
      .filter((policy) => isInModule(policy) && policy.conversion === undefined)
      .map((policy) => [policy.name, policy]),
  );
}

/** What the guard does on each route; the parameters are those of `guardConfiguration`. */
export function guardRoutes(
  plan: GatewayPlan,
  read: readonly string[],
  names: ReadonlyMap<string, readonly string[]> = new Map(),
): GuardRoute[] {
  const policies = policiesOf(plan);
  const all = new Map(plan.policies.map((policy) => [policy.name, policy]));
  const routes = entriesByName(plan);
  // Envoy answers those before the guard; what gets past that is refused as any unknown route is.
  routes.delete(PREFLIGHT);
  return [...routes]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, entries]): GuardRoute => ({
        name,
        ...(names.has(name) ? { names: [...(names.get(name) ?? [])] } : {}),
        run: (entries[0]?.run ?? []).map((applied) => applied.policy).filter((policy) => policies.has(policy)),
        tell: [...new Set(entries.flatMap((entry) => toldResults(entry, all, read)))].toSorted(),
        ...readCaptures(entries, policies),
        ...patternMember(entries, policies),
      }),
    );
}

function countedConsumers({ metrics, consumers }: GatewayPlan): JsonObject {
  return metrics?.consumers === undefined || consumers.length === 0 ? {} : { countedConsumers: metrics.consumers };
}

/** One entry of each route, and of one that is split into operations one for each of these and one for the rest. */
function entriesByName({ hosts }: GatewayPlan): Map<string, readonly RoutePlan[]> {
  const entries = new Map<string, Map<string, RoutePlan>>();
  for (const { routes } of hosts)
    for (const route of routes) {
      const own = entries.get(route.name) ?? new Map<string, RoutePlan>();
      entries.set(route.name, own.set(route.operation?.operation.name ?? "", route));
    }
  return new Map([...entries].map(([name, own]) => [name, [...own.values()]]));
}

function policyConfiguration(policy: PolicyPlan, plan: GatewayPlan): JsonObject {
  const { name, mode, when, onError, kind, config } = policy;
  return {
    name,
    ...(mode === undefined ? {} : { mode: mode.is }),
    ...(when === undefined ? {} : { when: when.predicate }),
    ...(onError === undefined ? {} : { onError }),
    [kind]: { ...config, ...exportMember(policy, plan) },
  };
}

function readBy(policy: PolicyPlan | undefined): readonly string[] {
  return policy === undefined ? [] : namedRead(policy);
}

/**
 * Segments of the path that a policy of the route reads by name; none where none does, which costs nothing. Operations of a
 * route have them at the same places (SL0327).
 */
function readCaptures(entries: readonly RoutePlan[], policies: ReadonlyMap<string, PolicyPlan>): JsonObject {
  const captures = entries.flatMap(({ run, match: { path } }) => {
    const read = new Set(run.flatMap((applied) => readBy(policies.get(applied.policy))));
    return capturesOf(path).filter(({ name }) => read.has(`route.params.${name}`));
  });
  if (captures.length === 0) return {};
  return { params: Object.fromEntries(captures.map(({ name, segment }): [string, Json] => [name, segment])) };
}

type Told = Pick<ResultHeader, "property" | "told">;

/** Each result costs the guard a call, so it tells those only that are written into a header or logged. */
function toldResults(route: RoutePlan, policies: ReadonlyMap<string, PolicyPlan>, read: readonly string[]): string[] {
  const run = route.run.flatMap(({ policy }) => policies.get(policy) ?? []);
  const sides = route.action.type === "forward" ? (["request", "response"] as const) : (["response"] as const);
  const answered = answerHeaders(route, run).flatMap(({ told }) => told ?? []);
  const written: Told[] = run.flatMap((policy) => [
    ...(route.action.type === "forward" ? policy.requestHeaders : []),
    ...(policy.native?.filter === "externalAuth" ? policy.native.identity : []),
    ...propertiesCounted(policy.native).map((property) => ({ property })),
    ...resultsOfTags(policy.native),
    ...sides.flatMap((side) => headerEdits([policy.native], side).set.flatMap(resultOf)),
  ]);
  const shadowed = run.some((policy) => policy.mode?.is === "shadow");
  const traced = tracerOf(run) !== undefined;
  const logged = read.filter((property) => (property !== "shadow" || shadowed) && (property !== "trace-id" || traced));
  const chosenBy = route.action.type === "forward" ? propertiesRead(route.action) : [];
  const remains = remainsOf(run).map((what) => REMAINS[what].property);
  const told = written.map(({ property, told = property }) => told);
  return [...new Set([...logged, ...told, ...answered, ...chosenBy, ...remains])].toSorted();
}

function resultOf({ value }: { value: HeaderValue }): Told[] {
  return typeof value === "string" ? [] : [value];
}
