import type { GatewayPlan } from "./plan.js";

/** Where a service publishes the keys of tokens: what a module asks for. */
export interface KeySource {
  /** Name of the service in the plan. */
  service: string;
  /** The `Host` that it is asked for. */
  authority: string;
  /** With its query, if it has one. */
  path: string;
}

/** How many a module takes, one for each method that has its keys so. */
export const MOST_KEY_SOURCES = 64;

/** Whether some policy has its keys from a service, which takes callbacks by the clock. */
export function fetchesKeys({ policies }: Pick<GatewayPlan, "policies">): boolean {
  return policies.some(({ fetches }) => fetches !== undefined);
}
