import { capturesOf } from "../policy/path.js";
import { PREFLIGHT } from "./names.js";
import { type HeaderValue, headerEdits } from "./native.js";
import { type GatewayPlan, type Json, type JsonObject, namedRead, type PolicyPlan, type RoutePlan } from "./plan.js";

/** What Envoy's main thread must have in its environment for the module to start. */
export function environmentVariables(plan: GatewayPlan): string[] {
  const names = plan.consumers.flatMap((consumer) =>
    consumer.credentials.flatMap(({ apiKey }) => (apiKey.from === "environment" ? [apiKey.variable] : [])),
  );
  return [...new Set(names)].toSorted();
}

/** How long a worker waits before it replaces a VM of the guard that failed. Until then it answers 503. */
export const RELOAD_BACKOFF_MS = 100;

/** What an access log shows of every request, denied or not; `shadow` where a policy is in shadow. */
export const LOGGED_RESULTS = ["consumer", "decision", "shadow"] as const;

/**
 * The configuration of `guard.wasm` for a plan: `filters/modules/README.md` tells what each member means. The same plan
 * always gives the same document.
 *
 * @param read results that something beside the plan's own headers reads on every route, such as an access log
 */
export function guardConfiguration(plan: GatewayPlan, read: readonly string[]): JsonObject {
  const policies = new Map(
    plan.policies.filter((policy) => policy.native === undefined).map((policy) => [policy.name, policy]),
  );
  const routes = new Map(plan.hosts.flatMap((host) => host.routes.map((route) => [route.name, route])));
  // Envoy answers those before the guard; what gets past that is refused as any unknown route is.
  routes.delete(PREFLIGHT);
  return {
    version: 1,
    results: "filterState",
    consumers: plan.consumers.map(
      (consumer): JsonObject => ({
        name: consumer.name,
        ...(consumer.tier === undefined ? {} : { tier: consumer.tier }),
        ...(consumer.groups.length === 0 ? {} : { groups: consumer.groups }),
        credentials: consumer.credentials.map(
          ({ apiKey }): Json => ({
            apiKey: apiKey.from === "environment" ? `env:${apiKey.variable}` : `sha256:${apiKey.sha256}`,
          }),
        ),
      }),
    ),
    policies: [...policies.values()].map(policyConfiguration),
    routes: [...routes.values()]
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
      .map(
        (route): JsonObject => ({
          name: route.name,
          run: route.run.map((applied) => applied.policy).filter((name) => policies.has(name)),
          tell: toldResults(route, plan, read),
          ...readCaptures(route, policies),
        }),
      ),
  };
}

function policyConfiguration({ name, mode, when, onError, kind, config }: PolicyPlan): JsonObject {
  return {
    name,
    ...(mode === undefined ? {} : { mode: mode.is }),
    ...(when === undefined ? {} : { when: when.predicate }),
    ...(onError === undefined ? {} : { onError }),
    [kind]: config,
  };
}

function readBy(policy: PolicyPlan | undefined): readonly string[] {
  return policy === undefined ? [] : namedRead(policy);
}

/** Segments of the path that a policy of the route reads by name; none where none does, which costs nothing. */
function readCaptures(route: RoutePlan, policies: ReadonlyMap<string, PolicyPlan>): JsonObject {
  const read = new Set(route.run.flatMap((applied) => readBy(policies.get(applied.policy))));
  const captures = capturesOf(route.match.path).filter(({ name }) => read.has(`route.params.${name}`));
  if (captures.length === 0) return {};
  return { params: Object.fromEntries(captures.map(({ name, segment }): [string, Json] => [name, segment])) };
}

/** Each result costs the guard a call, so it tells those only that are written into a header or logged. */
function toldResults(route: RoutePlan, plan: GatewayPlan, read: readonly string[]): string[] {
  const names = new Set(route.run.map(({ policy }) => policy));
  const run = plan.policies.filter(({ name }) => names.has(name));
  const sides = route.action.type === "forward" ? (["request", "response"] as const) : (["response"] as const);
  const written = run.flatMap((policy) => [
    ...(route.action.type === "forward" ? policy.requestHeaders : []),
    ...policy.responseHeaders,
    ...(policy.native?.filter === "externalAuth" ? policy.native.identity : []),
    ...sides.flatMap((side) => headerEdits([policy.native], side).set.flatMap(resultOf)),
  ]);
  const shadowed = run.some((policy) => policy.mode?.is === "shadow");
  const logged = read.filter((property) => property !== "shadow" || shadowed);
  return [...new Set([...logged, ...written.map((header) => header.property)])].toSorted();
}

function resultOf({ value }: { value: HeaderValue }): { property: string }[] {
  return typeof value === "string" ? [] : [value];
}
