import type { GatewayPlan, Json, JsonObject } from "./plan.js";

/** What Envoy's main thread must have in its environment for the module to start. */
export function environmentVariables(plan: GatewayPlan): string[] {
  const names = plan.consumers.flatMap((consumer) =>
    consumer.credentials.flatMap(({ apiKey }) => (apiKey.from === "environment" ? [apiKey.variable] : [])),
  );
  return [...new Set(names)].toSorted();
}

/**
 * The configuration of `guard.wasm` for a plan: `filters/modules/README.md` tells what each member means. The same plan
 * always gives the same document.
 */
export function guardConfiguration(plan: GatewayPlan): JsonObject {
  const runs = new Map<string, string[]>();
  for (const host of plan.hosts)
    for (const route of host.routes)
      runs.set(
        route.name,
        route.run.map((applied) => applied.policy),
      );
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
    policies: plan.policies.map((policy): JsonObject => ({ name: policy.name, [policy.kind]: policy.config })),
    routes: [...runs].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, run]): JsonObject => ({ name, run })),
  };
}
