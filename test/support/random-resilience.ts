import fc from "fast-check";
import { RETRY_CONDITIONS } from "../../compiler/policy/resilience.js";

// How services are asked, so that nothing of it can be seen: limits are high, time-outs long, and no service fails.

const CONDITIONS = [...RETRY_CONDITIONS, 503] as const;

const times = fc.constantFrom("20s", "1m");

const health = fc.oneof(
  fc.record(
    {
      path: fc.constantFrom("/healthz", "/a?b"),
      statuses: fc.constantFrom([200], [200, 204]),
      host: fc.constantFrom("alpha.internal", "alpha.internal:80"),
      interval: times,
      timeout: times,
      unhealthyAfter: fc.constantFrom(1, 3),
      healthyAfter: fc.constantFrom(1, 2),
    },
    { requiredKeys: ["path"] },
  ),
  fc.record({ tcp: fc.constant(true), interval: times }, { requiredKeys: ["tcp"] }),
);

const outliers = fc.record(
  {
    consecutive5xxErrors: fc.constantFrom(100, 10_000),
    consecutiveGatewayErrors: fc.constantFrom(100, 10_000),
    interval: times,
    baseEjectionTime: times,
    maxEjectionPercent: fc.constantFrom("10%", "50%"),
  },
  { requiredKeys: [] },
);

const limit = fc.constantFrom(100, 5000);
const circuitBreakers = fc.record(
  { connections: limit, pending: limit, requests: limit, retries: limit },
  { requiredKeys: [] },
);

const connections = fc.record(
  {
    maxRequestsPerConnection: fc.constantFrom(1, 1000),
    idleTimeout: times,
    tcpKeepalive: fc.record(
      { idle: times, interval: fc.constant("5s"), probes: fc.constantFrom(1, 9) },
      { requiredKeys: [] },
    ),
  },
  { requiredKeys: [] },
);

/** Limits that few requests do not come to. */
const admission = fc.record(
  {
    success: fc.constantFrom("50%", "99%"),
    window: fc.constantFrom("1s", "1m"),
    maxRefused: fc.constantFrom("1%", "100%"),
    minPerSecond: fc.constant(1_000_000),
  },
  { requiredKeys: ["minPerSecond"] },
);

const adaptiveConcurrency = fc.oneof(
  fc.record(
    {
      latency: times,
      tolerance: fc.constantFrom("0%", "100%"),
      percentile: fc.constantFrom(1, 100),
      every: times,
      min: fc.constantFrom(64, 100),
      max: fc.constantFrom(100, 1_000),
    },
    { requiredKeys: ["latency", "min"] },
  ),
  fc.record(
    {
      measure: fc.record({ every: times, requests: fc.constantFrom(1, 100) }, { requiredKeys: [] }),
      min: fc.constant(64),
    },
    { requiredKeys: ["min"] },
  ),
);

/** Of services that no route has others beside. */
export const shedding = fc.record({ admission, adaptiveConcurrency }, { requiredKeys: [] });

const asked = { connections, panic: fc.constantFrom("0%", "50%"), health, outliers, circuitBreakers };

/** Keys of a service that routes need no `hashBy` for. */
export const unhashed = fc
  .record(
    { loadBalancing: fc.constantFrom("roundRobin", "leastRequest", "random"), slowStart: times, ...asked },
    { requiredKeys: [] },
  )
  .map(({ slowStart, ...rest }) => (rest.loadBalancing === "random" ? rest : { ...rest, ...given({ slowStart }) }));

/** Keys of one that they need it for. */
export const hashed = fc.record(
  { loadBalancing: fc.constantFrom("ringHash", "maglev"), ...asked },
  { requiredKeys: ["loadBalancing"] },
);

const HASH_KEYS = [{ header: "x-x" }, { cookie: "x" }, { query: "y" }, { source: "ip" }] as const;

export const hashBy = fc.oneof(
  fc.constantFrom(...HASH_KEYS),
  fc.subarray([...HASH_KEYS], { minLength: 1 }).map((all) => [...all]),
);

/** Of one service all budgets are the same. */
export const retry = fc.record(
  {
    attempts: fc.constantFrom(1, 3),
    on: fc.subarray([...CONDITIONS], { minLength: 1 }),
    perTry: fc.constantFrom("9s", "14s"),
    backoff: fc.record({ base: fc.constantFrom("5ms", "20ms"), max: fc.constant("1s") }, { requiredKeys: ["base"] }),
    budget: fc.constant("20%"),
    otherHosts: fc.boolean(),
  },
  { requiredKeys: [] },
);

function given<T>({ slowStart }: { slowStart: T | undefined }): { slowStart?: T } {
  return slowStart === undefined ? {} : { slowStart };
}
