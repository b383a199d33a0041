import { objectToYaml } from "../envoy/print.js";
import type { GatewayPlan, JsonObject, PolicyPlan } from "../plan/plan.js";
import {
  answers,
  decisions,
  healthy,
  keysNotFetched,
  type ModuleFilter,
  quantile,
  reloads,
  spansLost,
} from "./queries.js";
import {
  countingPolicies,
  isLimit,
  moduleFilters,
  nativeTracer,
  shortestTimeout,
  tracingPolicies,
  WRITTEN_BY,
} from "./subjects.js";

const RANGE = "5m";
/** Of the requests of a policy, or of the answers of a service. */
const SHARE = { refused: 0.5, limited: 0.2, failed: 0.05 } as const;
/** Of the time that a route gives its service. */
const SLOW = 0.8;

interface Alert {
  readonly name: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: "critical" | "warning";
  readonly about: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** Alert rules of Prometheus. Each is about one job, so that two groups of Envoys do not hide each other. */
export function alertsText(plan: GatewayPlan): string {
  const alerts = [
    ...countingPolicies(plan).flatMap(policyAlerts),
    ...plan.policies.flatMap(keysAlert),
    ...tracingPolicies(plan).flatMap(spansAlert),
    ...nativeAlert(plan),
    ...plan.services.flatMap(({ name }) => serviceAlerts(plan, name)),
    ...moduleFilters(plan).map(moduleAlert),
  ];
  const rules = alerts.map((alert) => ruleOf(alert, plan.name));
  const comment = `# ${WRITTEN_BY} from the policies of the gateway ${plan.name}. Change the policy and write it again.\n`;
  return comment + objectToYaml({ groups: [{ name: `sluice-${plan.name}`, rules }] });
}

function ruleOf({ name, expr, for: time, severity, about, summary }: Alert, gateway: string): JsonObject {
  return {
    alert: name,
    expr,
    for: time,
    labels: { severity, gateway, ...about },
    annotations: { summary: `${summary} ({{ $labels.job }})`, value: "{{ $value }}" },
  };
}

function policyAlerts(policy: PolicyPlan): Alert[] {
  const { name, kind, mode } = policy;
  const about = { policy: name, kind };
  const sum = (outcome?: string) => `sum by (job) (${decisions(policy, undefined, RANGE, outcome)})`;
  const fails: Alert = {
    name: "SluicePolicyErrors",
    expr: `${sum("error")} > 0`,
    for: "5m",
    severity: "warning",
    about,
    summary: `The policy ${name} cannot judge some requests`,
  };
  if (mode?.is === "shadow") return [fails];
  const share = isLimit(policy) ? SHARE.limited : SHARE.refused;
  const refuses: Alert = {
    name: isLimit(policy) ? "SluiceLimitReached" : "SluicePolicyRefuses",
    expr: `${sum("denied")} / ${sum()} > ${share}`,
    for: "10m",
    severity: "warning",
    about,
    summary: `The policy ${name} refuses more than ${share * 100}% of the requests that it is asked about`,
  };
  return [fails, refuses];
}

/** Tokens are verified by the last good keys for a while, so there is time to look. */
function keysAlert(policy: PolicyPlan): Alert[] {
  const { name, kind, fetches } = policy;
  if (fetches === undefined) return [];
  return [
    {
      name: "SluiceKeysNotFetched",
      expr: `sum by (job) (${keysNotFetched(policy, undefined, RANGE)}) > 0`,
      for: "10m",
      severity: "warning",
      about: { policy: name, kind, service: fetches.service },
      summary: `The policy ${name} does not get its keys of ${fetches.service}; when those that it has are too old, tokens are refused`,
    },
  ];
}

function spansAlert(policy: PolicyPlan): Alert[] {
  const { name, kind, collector } = policy;
  if (collector === undefined) return [];
  return [
    {
      name: "SluiceSpansDropped",
      expr: `sum by (job) (${decisions(policy, undefined, RANGE, "dropped")}) > 0`,
      for: "10m",
      severity: "warning",
      about: { policy: name, kind },
      summary: `Spans of the policy ${name} are given up, as ${collector.service} does not take them, or not fast enough`,
    },
  ];
}

function nativeAlert(plan: GatewayPlan): Alert[] {
  const format = nativeTracer(plan);
  if (format === undefined) return [];
  const lost = spansLost(format, undefined, RANGE).map((rate) => `sum by (job) (${rate})`);
  return [
    {
      name: "SluiceSpansDropped",
      expr: `${lost.join(" + ")} > 0`,
      for: "10m",
      severity: "warning",
      about: { tracer: format },
      summary: "Envoy's own tracer gives up spans, as the collector does not take them",
    },
  ];
}

function serviceAlerts(plan: GatewayPlan, service: string): Alert[] {
  const about = { service };
  const timeout = shortestTimeout(plan, service);
  const slow = timeout === undefined ? [] : [slowAlert(service, timeout)];
  return [
    {
      name: "SluiceServiceErrors",
      expr: `sum by (job) (${answers(service, undefined, RANGE, "5")}) / sum by (job) (${answers(service, undefined, RANGE)}) > ${SHARE.failed}`,
      for: "5m",
      severity: "critical",
      about,
      summary: `More than ${SHARE.failed * 100}% of the answers of ${service} are 5xx`,
    },
    {
      name: "SluiceServiceDown",
      expr: `min by (job) (${healthy(service, undefined)}) == 0`,
      for: "1m",
      severity: "critical",
      about,
      summary: `An Envoy knows no healthy endpoint of ${service}`,
    },
    ...slow,
  ];
}

function slowAlert(service: string, timeoutMs: number): Alert {
  return {
    name: "SluiceServiceSlow",
    expr: `${quantile(0.99, service, undefined, RANGE, ["job"])} > ${timeoutMs * SLOW}`,
    for: "10m",
    severity: "warning",
    about: { service },
    summary: `One of a hundred answers of ${service} takes more than ${SLOW * 100}% of the ${timeoutMs} ms that a route gives it`,
  };
}

function moduleAlert(filter: ModuleFilter): Alert {
  const both = (["success", "failure"] as const).map(
    (what) => `sum by (job) (${reloads(filter, what, undefined, "10m")})`,
  );
  return {
    name: "SluiceModuleRestarts",
    expr: `${both.join(" + ")} > 0`,
    for: "0m",
    severity: "critical",
    about: { filter: filter.replace("_", ".") },
    summary: `The module of ${filter.replace("_", ".")} trapped, and answered 503 until it was started again`,
  };
}
