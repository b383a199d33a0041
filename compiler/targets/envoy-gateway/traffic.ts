import { ALL_REQUESTS, type FaultPlan } from "../../plan/native.js";
import type { ForwardAction, JsonObject, PolicyPlan, RoutePlan, ServicePlan } from "../../plan/plan.js";
import type { BreakerPlan, HealthPlan, OutlierPlan, RetryPlan } from "../../plan/resilience.js";
import { present, type Resource } from "../kubernetes/resource.js";
import { askedServices } from "./asked.js";
import { type Cluster, durationText, ENVOY_GATEWAY_API, GATEWAY_API } from "./context.js";
import { askedRouteName, partName } from "./names.js";
import { allRules, byRoute, type Rule } from "./rules.js";
import { serviceName, serviceOf } from "./services.js";

/** The token of a protocol that nobody speaks: Envoy Gateway lets WebSockets pass where nothing is said. */
const NO_UPGRADES = [{ type: "sluice-none" }];

/** How services are asked. What the file does not say is as in Envoy by itself: Envoy Gateway has other defaults. */
export function trafficPolicies(cluster: Cluster): Resource[] {
  return [...ofRoutes(cluster), ...ofAsked(cluster)];
}

/** Of the services that the guard asks: each is one rule. */
function ofAsked(cluster: Cluster): Resource[] {
  const { plan } = cluster;
  return askedServices(plan).map((name) => {
    const service = serviceOf(plan, name);
    const target = {
      group: GATEWAY_API,
      kind: "HTTPRoute",
      name: askedRouteName(plan),
      sectionName: serviceName(name),
    };
    return cluster.resource(
      {
        apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`,
        kind: "BackendTrafficPolicy",
        name: partName(plan, "asked", name),
      },
      service.origin,
      { targetRefs: [target], ...specOf(service) },
    );
  });
}

function ofRoutes(cluster: Cluster): Resource[] {
  return byRoute(allRules(cluster)).flatMap((part) => {
    const rules = part.flatMap((rule) =>
      rule.entry.action.type === "forward" ? [{ rule, spec: specOfRoute(cluster, rule.entry, rule.entry.action) }] : [],
    );
    const groups = new Map<string, typeof rules>();
    for (const one of rules) {
      const key = JSON.stringify(one.spec);
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    return [...groups.values()].flatMap((group) => policyOf(cluster, group, groups.size === 1));
  });
}

/** @param isOnly whether all rules of the HTTPRoute are alike */
function policyOf(cluster: Cluster, group: readonly { rule: Rule; spec: JsonObject }[], isOnly: boolean): Resource[] {
  const [first] = group;
  if (first === undefined) return [];
  const { rule, spec } = first;
  const target = { group: GATEWAY_API, kind: "HTTPRoute", name: rule.route };
  return [
    cluster.resource(
      {
        apiVersion: `${ENVOY_GATEWAY_API}/v1alpha1`,
        kind: "BackendTrafficPolicy",
        name: isOnly ? rule.route : partName({ name: rule.route }, rule.name),
      },
      rule.entry.origin,
      {
        targetRefs: isOnly ? [target] : group.map((one) => ({ ...target, sectionName: one.rule.name })),
        ...spec,
      },
    ),
  ];
}

function specOfRoute(cluster: Cluster, entry: RoutePlan, action: ForwardAction): JsonObject {
  const [fault] = faultsOf(cluster.runOf(entry));
  return present({
    ...specOf(serviceOf(cluster.plan, action.to[0]?.service ?? ""), action),
    faultInjection: fault === undefined ? undefined : faultInjection(fault),
  });
}

/** What disturbs the requests of a route, of the policies that it runs. */
export function faultsOf(run: readonly PolicyPlan[]): FaultPlan[] {
  return run.flatMap(({ native }) => (native?.filter === "fault" ? [native] : []));
}

function faultInjection({ delay, abort }: FaultPlan): JsonObject {
  const percentage = (share: number) => (share * 100) / ALL_REQUESTS;
  return present({
    delay:
      delay === undefined ? undefined : { fixedDelay: durationText(delay.ms), percentage: percentage(delay.share) },
    abort: abort === undefined ? undefined : { httpStatus: abort.status, percentage: percentage(abort.share) },
  });
}

/** What is said of a service, and of a route to it. Of services that share a route all is alike. */
export function specOf(service: ServicePlan, action: Partial<ForwardAction> = {}): JsonObject {
  return present({
    loadBalancer: loadBalancer(service),
    timeout: present({
      tcp: { connectTimeout: durationText(service.connectTimeoutMs) },
      http: action.idleTimeoutMs === undefined ? undefined : { streamIdleTimeout: durationText(action.idleTimeoutMs) },
    }),
    retry: action.retry === undefined ? undefined : retry(action.retry),
    circuitBreaker: circuitBreaker(service.breakers),
    healthCheck: healthCheck(service),
    connection: { bufferLimit: "1Mi" },
    httpUpgrade: action.upgrades === true ? [{ type: "websocket" }] : NO_UPGRADES,
  });
}

function healthCheck({ name, health, outliers, panicPercent }: ServicePlan): JsonObject | undefined {
  const made = present({
    active: health === undefined ? undefined : activeCheck(health, name),
    passive: outliers === undefined ? undefined : passiveCheck(outliers),
    panicThreshold: panicPercent,
  });
  return Object.keys(made).length === 0 ? undefined : made;
}

/** By itself Envoy asks under the name of the cluster, which is that of the service, and Envoy Gateway under the hosts of the route. */
function activeCheck(
  { check, intervalMs, timeoutMs, unhealthyAfter, healthyAfter }: HealthPlan,
  service: string,
): JsonObject {
  return present({
    timeout: durationText(timeoutMs),
    interval: durationText(intervalMs),
    unhealthyThreshold: unhealthyAfter,
    healthyThreshold: healthyAfter,
    type: { http: "HTTP", tcp: "TCP", grpc: "GRPC" }[check.by],
    http:
      check.by === "http"
        ? present({ hostname: check.host ?? service, path: check.path, expectedStatuses: check.statuses })
        : undefined,
    tcp: check.by === "tcp" ? {} : undefined,
    grpc: check.by === "grpc" ? present({ service: check.service }) : undefined,
  });
}

/** Of errors in a row that the file does not name, as many as never come: Envoy Gateway would name five. */
const NEVER = 2_147_483_647;

function passiveCheck(plan: OutlierPlan): JsonObject {
  const { consecutive5xx = NEVER, consecutiveGatewayErrors, intervalMs, ejectionMs, maxEjectedPercent } = plan;
  return present({
    consecutive5XxErrors: consecutive5xx,
    consecutiveGatewayErrors,
    interval: durationText(intervalMs),
    baseEjectionTime: durationText(ejectionMs),
    maxEjectionPercent: maxEjectedPercent,
  });
}

/** The conditions of retries that Envoy Gateway has a word for. */
export const TRIGGERS: ReadonlySet<string> = new Set([
  "5xx",
  "gateway-error",
  "reset",
  "reset-before-request",
  "connect-failure",
  "retriable-4xx",
  "refused-stream",
  "cancelled",
  "deadline-exceeded",
  "internal",
  "resource-exhausted",
  "unavailable",
]);

function retry({ attempts, conditions, statuses, perTryMs, backoff }: RetryPlan): JsonObject {
  const perRetry = present({
    timeout: perTryMs === undefined ? undefined : durationText(perTryMs),
    backOff:
      backoff === undefined
        ? undefined
        : { baseInterval: durationText(backoff.baseMs), maxInterval: durationText(backoff.maxMs) },
  });
  return present({
    numRetries: attempts,
    retryOn: present({
      triggers: [...conditions, ...(statuses.length === 0 ? [] : ["retriable-status-codes"])],
      httpStatusCodes: statuses.length === 0 ? undefined : statuses,
    }),
    perRetry: Object.keys(perRetry).length === 0 ? undefined : perRetry,
  });
}

const BALANCERS = { roundRobin: "RoundRobin", leastRequest: "LeastRequest", random: "Random" } as const;

function loadBalancer({ loadBalancing = "roundRobin", slowStartMs }: ServicePlan): JsonObject {
  if (loadBalancing === "ringHash" || loadBalancing === "maglev") throw new RangeError(`no balancer ${loadBalancing}`);
  return present({
    type: BALANCERS[loadBalancing],
    slowStart: slowStartMs === undefined ? undefined : { window: durationText(slowStartMs) },
  });
}

/** Envoy's own limits, but for those that the file sets. */
function circuitBreaker({ connections, pending, requests, retries }: BreakerPlan = {}): JsonObject {
  const budget = retries !== undefined && "budgetPercent" in retries ? retries.budgetPercent : undefined;
  return present({
    maxConnections: connections ?? 1_024,
    maxPendingRequests: pending ?? 1_024,
    maxParallelRequests: requests ?? 1_024,
    maxParallelRetries: retries !== undefined && "most" in retries ? retries.most : 3,
    retryBudget: budget === undefined ? undefined : { percent: { numerator: budget }, minRetryConcurrency: 3 },
  });
}
