import { targetsOf } from "../policy/destinations.js";
import { DEFAULT_TIMEOUT_MS, type Gateway, type Route, type Service } from "../policy/gateway.js";
import { callsGrpc } from "../policy/grpc.js";
import type { HashKey, Retry } from "../policy/resilience.js";
import { type ConnectionPlan, planConnections } from "./connections.js";
import type { ForwardAction } from "./plan.js";
import { planShedding, type SheddingPlan } from "./shedding.js";

/** How a service is asked beyond where it is; what is absent is left to the target. */
export interface ServiceResilience extends SheddingPlan {
  loadBalancing?: "roundRobin" | "leastRequest" | "random" | "ringHash" | "maglev";
  slowStartMs?: number;
  panicPercent?: number;
  health?: HealthPlan;
  outliers?: OutlierPlan;
  breakers?: BreakerPlan;
  connections?: ConnectionPlan;
  /** Services that stand in for it, in order. */
  failover?: string[];
}

export interface HealthPlan {
  check:
    | { by: "http"; path: string; statuses: number[]; host?: string }
    | { by: "tcp" }
    | { by: "grpc"; service?: string; host?: string };
  intervalMs: number;
  timeoutMs: number;
  unhealthyAfter: number;
  healthyAfter: number;
}

/** Of the two kinds of errors in a row, one that is absent ejects nobody. */
export interface OutlierPlan {
  consecutive5xx?: number;
  consecutiveGatewayErrors?: number;
  intervalMs: number;
  ejectionMs: number;
  maxEjectedPercent: number;
}

export interface BreakerPlan {
  connections?: number;
  pending?: number;
  requests?: number;
  /** A number of retries, or a share of the requests under way. */
  retries?: { most: number } | { budgetPercent: number };
}

/** How a route asks its service: again, for how long in silence, and which endpoint. */
export interface RouteResilience {
  idleTimeoutMs?: number;
  retry?: RetryPlan;
  hashBy?: HashSource[];
}

export interface RetryPlan {
  /** Beside the first try. */
  attempts: number;
  /** In Envoy's words. */
  conditions: string[];
  statuses: number[];
  perTryMs?: number;
  backoff?: { baseMs: number; maxMs: number };
  otherHosts: boolean;
}

export type HashSource = { from: "header" | "cookie" | "query"; name: string } | { from: "address" };

/** @param budget of the routes that lead to it */
export function planService(service: Service, budget: number | undefined): ServiceResilience {
  const { loadBalancing, slowStart, panic, health, outliers, connections, failover } = service;
  const breakers = planBreakers(service, budget);
  return {
    ...(loadBalancing === undefined ? {} : { loadBalancing }),
    ...(slowStart === undefined ? {} : { slowStartMs: slowStart }),
    ...(panic === undefined ? {} : { panicPercent: panic }),
    ...(health === undefined ? {} : { health: planHealth(health, service.protocol) }),
    ...(outliers === undefined ? {} : { outliers: planOutliers(outliers) }),
    ...(breakers === undefined ? {} : { breakers }),
    ...(connections === undefined ? {} : { connections: planConnections(connections) }),
    ...(failover === undefined ? {} : { failover }),
    ...planShedding(service),
  };
}

type Health = NonNullable<Service["health"]>;

function planCheck(
  { path, tcp, grpc, statuses = [200], host }: Health,
  protocol: Service["protocol"],
): HealthPlan["check"] {
  const asked = host === undefined ? {} : { host };
  if (path !== undefined) return { by: "http", path, statuses, ...asked };
  if (tcp !== undefined || (grpc === undefined && protocol !== "grpc")) return { by: "tcp" };
  return { by: "grpc", ...(grpc?.service === undefined ? {} : { service: grpc.service }), ...asked };
}

function planHealth(health: Health, protocol: Service["protocol"]): HealthPlan {
  const { interval, timeout, unhealthyAfter, healthyAfter } = health;
  return {
    check: planCheck(health, protocol),
    intervalMs: interval,
    timeoutMs: timeout,
    unhealthyAfter,
    healthyAfter,
  };
}

const DEFAULT_ERRORS = 5;

function planOutliers(outliers: NonNullable<Service["outliers"]>): OutlierPlan {
  const { consecutiveGatewayErrors, interval, baseEjectionTime, maxEjectionPercent } = outliers;
  const consecutive5xx =
    outliers.consecutive5xxErrors ?? (consecutiveGatewayErrors === undefined ? DEFAULT_ERRORS : undefined);
  return {
    ...(consecutive5xx === undefined ? {} : { consecutive5xx }),
    ...(consecutiveGatewayErrors === undefined ? {} : { consecutiveGatewayErrors }),
    intervalMs: interval,
    ejectionMs: baseEjectionTime,
    maxEjectedPercent: maxEjectionPercent,
  };
}

function planBreakers({ circuitBreakers = {} }: Service, budget: number | undefined): BreakerPlan | undefined {
  const { connections, pending, requests, retries: most } = circuitBreakers;
  const retries = budget === undefined ? (most === undefined ? undefined : { most }) : { budgetPercent: budget };
  const plan = {
    ...(connections === undefined ? {} : { connections }),
    ...(pending === undefined ? {} : { pending }),
    ...(requests === undefined ? {} : { requests }),
    ...(retries === undefined ? {} : { retries }),
  };
  return Object.keys(plan).length === 0 ? undefined : plan;
}

/** The budget of each service for retries, by name. Where routes differ it is an error, told elsewhere. */
export function retryBudgets(gateway: Gateway): Map<string, number> {
  const budgets = new Map<string, number>();
  for (const route of gateway.routes) {
    const { budget } = route.retry ?? {};
    if (budget !== undefined) for (const { service } of targetsOf(route)) budgets.set(service, budget);
  }
  return budgets;
}

/** How long the whole answer may take, or the whole call. */
export function planTimes(
  route: Pick<Route, "to" | "timeout">,
  gateway: Gateway,
): Pick<ForwardAction, "timeoutMs" | "calls"> {
  const { timeout } = route;
  if (!callsGrpc(route, gateway)) return { timeoutMs: timeout ?? DEFAULT_TIMEOUT_MS };
  return { timeoutMs: 0, calls: { mostMs: timeout ?? 0 } };
}

export function planForward(route: Route, gateway: Gateway): RouteResilience {
  const { idleTimeout, retry, hashBy } = route;
  return {
    ...(idleTimeout === undefined ? {} : { idleTimeoutMs: idleTimeout }),
    ...(retry === undefined ? {} : { retry: planRetry(retry, callsGrpc(route, gateway)) }),
    ...(hashBy === undefined ? {} : { hashBy: hashBy.flatMap(hashSource) }),
  };
}

const FAILED_REQUESTS: NonNullable<Retry["on"]> = ["connect-failure", "refused-stream", 503];
const FAILED_CALLS: NonNullable<Retry["on"]> = ["connect-failure", "refused-stream", "unavailable"];

function planRetry({ attempts, on: written, perTry, backoff, otherHosts }: Retry, isCall: boolean): RetryPlan {
  const on = written ?? (isCall ? FAILED_CALLS : FAILED_REQUESTS);
  const conditions = new Set(on.filter((one) => typeof one === "string"));
  // Envoy takes a try that was given up for one whose connection broke off.
  if (perTry !== undefined) conditions.add("reset");
  return {
    attempts,
    conditions: [...conditions],
    statuses: [...new Set(on.filter((one) => typeof one === "number"))],
    ...(perTry === undefined ? {} : { perTryMs: perTry }),
    ...(backoff === undefined ? {} : { backoff: { baseMs: backoff.base, maxMs: backoff.max ?? 10 * backoff.base } }),
    otherHosts,
  };
}

function hashSource({ header, cookie, query, source }: HashKey): HashSource[] {
  if (header !== undefined) return [{ from: "header", name: header }];
  if (cookie !== undefined) return [{ from: "cookie", name: cookie }];
  if (query !== undefined) return [{ from: "query", name: query }];
  return source === undefined ? [] : [{ from: "address" }];
}
