import type { GatewayPlan, HostPlan, JsonObject, PolicyPlan } from "./plan.js";

/** Whether some route has an operation: then `body.wasm` stands behind the guard. */
export function hasOperations(hosts: readonly HostPlan[]): boolean {
  return hosts.some((host) => host.routes.some((route) => route.operation !== undefined));
}

/** The policies that `body.wasm` carries out, in the order of the file. */
export function conversionPolicies(plan: GatewayPlan): PolicyPlan[] {
  return plan.policies.filter((policy) => policy.conversion !== undefined);
}

/** The configuration of `body.wasm` for a plan. The same plan always gives the same document. */
export function bodyConfiguration(plan: GatewayPlan): JsonObject {
  return {
    version: 1,
    policies: conversionPolicies(plan).map(({ name, kind, config }): JsonObject => ({ name, [kind]: config })),
  };
}

/** Variables of the environment that it refers to, sorted. */
export function bodyVariables(plan: GatewayPlan): string[] {
  const names = conversionPolicies(plan).flatMap(({ conversion }) => conversion?.variables ?? []);
  return [...new Set(names)].toSorted();
}

/** Bytes that the policies of a route want to hold of one body, of a request or an answer; 0 where none converts. */
export function largestBody(run: readonly PolicyPlan[]): number {
  return Math.max(0, ...run.map(({ conversion }) => conversion?.bufferBytes ?? 0));
}
