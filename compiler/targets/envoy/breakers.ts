import type { BreakerPlan, ServiceResilience } from "../../plan/resilience.js";

/** What may be under way to a service at a time; Envoy's own limits hold where nothing is said. */
export function breakers({ breakers }: ServiceResilience) {
  if (breakers === undefined) return {};
  const { connections, pending, requests, retries } = breakers;
  return {
    circuitBreakers: {
      thresholds: [
        {
          ...(connections === undefined ? {} : { maxConnections: connections }),
          ...(pending === undefined ? {} : { maxPendingRequests: pending }),
          ...(requests === undefined ? {} : { maxRequests: requests }),
          ...retryLimit(retries),
        },
      ],
    },
  };
}

/** Retries that Envoy lets pass whatever their share of few requests is. */
const LEAST_RETRIES = 3;

function retryLimit(retries: BreakerPlan["retries"]) {
  if (retries === undefined) return {};
  return "most" in retries
    ? { maxRetries: retries.most }
    : { retryBudget: { budgetPercent: { value: retries.budgetPercent }, minRetryConcurrency: LEAST_RETRIES } };
}
