import { CONSUMERS_METRIC, DENIALS_METRIC, decisionsMetric, KEY_SETS_METRIC } from "../plan/names.js";
import { ADDRESS_DENIED } from "../plan/native.js";
import type { PolicyPlan } from "../plan/plan.js";

/** Selects one Envoy, or a group of them, in a dashboard; alerts are about each by itself. */
export type Scope = 'job=~"$job"' | undefined;

/** Metrics that Envoy has for what a gateway consists of. All are counters but where the name says otherwise. */
const METRICS = {
  requests: "envoy_http_downstream_rq_xx",
  answers: "envoy_cluster_upstream_rq_xx",
  durations: "envoy_cluster_upstream_rq_time_bucket",
  routeAnswers: "envoy_vhost_route_upstream_rq_xx",
  routeDurations: "envoy_vhost_route_upstream_rq_time_bucket",
  timeouts: "envoy_cluster_upstream_rq_timeout",
  unconnected: "envoy_cluster_upstream_cx_connect_fail",
  overflows: "envoy_cluster_upstream_rq_pending_overflow",
  refusedAddresses: "envoy_http_rbac_policy_denied",
  healthyGauge: "envoy_cluster_membership_healthy",
} as const;

/** A module's filter in Envoy, as the names of its metrics have it. */
export type ModuleFilter = "sluice_guard" | "sluice_digest" | "sluice_body";

/** A selector. Names of policies, listeners and services need no escape: they have letters, digits and dashes only. */
function series(metric: string, labels: readonly (string | undefined)[]): string {
  const said = labels.filter((label) => label !== undefined);
  return said.length === 0 ? metric : `${metric}{${said.join(",")}}`;
}

/** Decisions of one policy a second. */
export function decisions({ kind, name }: PolicyPlan, scope: Scope, range: string, outcome?: string): string {
  const labels = [`policy="${name}"`, outcome === undefined ? undefined : `outcome="${outcome}"`, scope];
  return `rate(${series(decisionsMetric(kind), labels)}[${range}])`;
}

/** Requests of consumers a second, by consumer and outcome. */
export function consumerRequests(scope: Scope, range: string, outcome?: string): string {
  const only = outcome === undefined ? undefined : `outcome="${outcome}"`;
  return `rate(${series(CONSUMERS_METRIC, [only, scope])}[${range}])`;
}

/** Sets of keys a second that a policy did not get of its service. */
export function keysNotFetched({ name }: PolicyPlan, scope: Scope, range: string): string {
  return `rate(${series(KEY_SETS_METRIC, [`policy="${name}"`, 'outcome="failed"', scope])}[${range}])`;
}

/** Requests that policies of the gateway denied a second, by policy, reason and route. */
export function denials(policies: readonly PolicyPlan[], scope: Scope, range: string): string {
  const names = policies.map(({ name }) => name).join("|");
  return `rate(${series(DENIALS_METRIC, [`policy=~"${names}"`, scope])}[${range}])`;
}

/** What Envoy's own tracers count, of spans and of reports, in which several spans are sent. */
const TRACER_METRICS = {
  zipkin: {
    sent: "envoy_tracing_zipkin_spans_sent",
    lost: ["envoy_tracing_zipkin_reports_dropped", "envoy_tracing_zipkin_reports_failed"],
  },
  otlp: { sent: "envoy_tracing_opentelemetry_spans_sent", lost: ["envoy_tracing_opentelemetry_spans_dropped"] },
} as const;

/** Spans a second that Envoy's own tracer sends. */
export function spansSent(format: "zipkin" | "otlp", scope: Scope, range: string): string {
  return `rate(${series(TRACER_METRICS[format].sent, [scope])}[${range}])`;
}

/** What it did not get to the collector, a second: spans, or reports of several. */
export function spansLost(format: "zipkin" | "otlp", scope: Scope, range: string): string[] {
  return TRACER_METRICS[format].lost.map((metric) => `rate(${series(metric, [scope])}[${range}])`);
}

/** Requests a second that a policy refuses for their address. Envoy counts nothing before the first. */
export function refusedAddresses(policy: string, scope: Scope, range: string): string {
  const labels = [`envoy_rbac_policy_name="${policy}${ADDRESS_DENIED}"`, scope];
  return `rate(${series(METRICS.refusedAddresses, labels)}[${range}])`;
}

/** Requests a second of some listeners, by the class of the answer. */
export function requests(listeners: readonly string[], scope: Scope, range: string): string {
  return `rate(${series(METRICS.requests, [`envoy_http_conn_manager_prefix=~"${listeners.join("|")}"`, scope])}[${range}])`;
}

/** Answers of a service a second, by their class or of one class alone. */
export function answers(service: string, scope: Scope, range: string, statusClass?: "5"): string {
  const only = statusClass === undefined ? undefined : `envoy_response_code_class="${statusClass}"`;
  return `rate(${series(METRICS.answers, [ofService(service), only, scope])}[${range}])`;
}

/** Answers of services a second, by route and class, of gateways that count by route. */
export function routeAnswers(scope: Scope, range: string): string {
  return `rate(${series(METRICS.routeAnswers, [scope])}[${range}])`;
}

/** Milliseconds within which a part of the answers came, by route. */
export function routeQuantile(part: number, scope: Scope, range: string): string {
  const buckets = `rate(${series(METRICS.routeDurations, [scope])}[${range}])`;
  return `histogram_quantile(${part}, sum by (le, envoy_route) (${buckets}))`;
}

/** Milliseconds within which a part of the answers of a service came, such as 0.99 of them. */
export function quantile(part: number, service: string, scope: Scope, range: string, by: readonly string[]): string {
  const buckets = `rate(${series(METRICS.durations, [ofService(service), scope])}[${range}])`;
  return `histogram_quantile(${part}, sum by (${["le", ...by].join(", ")}) (${buckets}))`;
}

/** What kept a service from being asked, a second. */
export function failures(
  kind: "timeouts" | "unconnected" | "overflows",
  service: string,
  scope: Scope,
  range: string,
): string {
  return `rate(${series(METRICS[kind], [ofService(service), scope])}[${range}])`;
}

/** How many endpoints of a service are taken for well. */
export function healthy(service: string, scope: Scope): string {
  return series(METRICS.healthyGauge, [ofService(service), scope]);
}

/** How often a module was started again after it trapped, or could not be, within a time. */
export function reloads(filter: ModuleFilter, what: "success" | "failure", scope: Scope, range: string): string {
  return `increase(${series(`envoy_wasm_${filter}_vm_reload_${what}`, [scope])}[${range}])`;
}

function ofService(service: string): string {
  return `envoy_cluster_name="${service}"`;
}
