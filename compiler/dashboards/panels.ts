import type { GatewayPlan, JsonObject, PolicyPlan } from "../plan/plan.js";
import {
  answers,
  consumerRequests,
  decisions,
  denials,
  failures,
  healthy,
  quantile,
  refusedAddresses,
  reloads,
  requests,
  routeAnswers,
  routeQuantile,
  spansLost,
  spansSent,
} from "./queries.js";
import { countingPolicies, isLimit, moduleFilters, nativeTracer, tracingPolicies } from "./subjects.js";

/** Panels of one sort under a heading. */
export interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly unit: "reqps" | "ms" | "percentunit" | "short";
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
}

const SCOPE = 'job=~"$job"';
/** Grafana makes it fit the step of the picture and the interval of the scrapes. */
const RANGE = "$__rate_interval";

/** All that is shown of a gateway. Sections of which it has nothing are left out. */
export function sections(plan: GatewayPlan): Section[] {
  const policies = countingPolicies(plan);
  const all = [
    { title: "Requests", panels: [requestsPanel(plan)] },
    {
      title: "Policies",
      panels: [...plan.policies.flatMap(addressPanel), ...denialsPanel(policies), ...policies.map(policyPanel)],
    },
    { title: "Consumers", panels: consumersPanel(plan) },
    { title: "Limits", panels: policies.filter(isLimit).map(limitPanel) },
    { title: "Traces", panels: [...tracingPolicies(plan).flatMap(tracePanels), ...nativePanel(plan)] },
    { title: "Routes", panels: routePanels(plan) },
    { title: "Services", panels: plan.services.flatMap(({ name }) => servicePanels(name)) },
    { title: "Modules", panels: [modulesPanel(plan)] },
  ];
  return all.filter(({ panels }) => panels.length > 0);
}

function requestsPanel({ listeners }: GatewayPlan): Panel {
  const names = listeners.map(({ name }) => name);
  const labels = "envoy_http_conn_manager_prefix, envoy_response_code_class";
  return {
    title: "Requests by answer",
    description: "Answers of the listeners, those of services and those of policies, by the first digit of the status.",
    unit: "reqps",
    queries: [
      {
        expr: `sum by (${labels}) (${requests(names, SCOPE, RANGE)})`,
        legend: "{{envoy_http_conn_manager_prefix}} {{envoy_response_code_class}}xx",
      },
    ],
  };
}

function denialsPanel(policies: readonly PolicyPlan[]): Panel[] {
  const denying = policies.filter(({ mode }) => mode === undefined);
  if (denying.length === 0) return [];
  return [
    {
      title: "Denials by reason",
      description: "Requests that were refused, by policy and by what it said: the name of a rule, or what was wrong.",
      unit: "reqps",
      queries: [
        {
          expr: `sum by (policy, reason) (${denials(denying, SCOPE, RANGE)})`,
          legend: "{{policy}}: {{reason}}",
        },
      ],
    },
    {
      title: "Denials by route",
      description: "Requests that policies refused, by the route that they were for.",
      unit: "reqps",
      queries: [{ expr: `sum by (route) (${denials(denying, SCOPE, RANGE)})`, legend: "{{route}}" }],
    },
  ];
}

function consumersPanel({ metrics, consumers }: GatewayPlan): Panel[] {
  if (metrics?.consumers === undefined || consumers.length === 0) return [];
  return [
    {
      title: "Requests by consumer",
      description: "Requests of those that were recognised, whatever became of them.",
      unit: "reqps",
      queries: [{ expr: `sum by (consumer) (${consumerRequests(SCOPE, RANGE)})`, legend: "{{consumer}}" }],
    },
    {
      title: "Denials by consumer",
      description: "Requests that were refused of those that were recognised.",
      unit: "reqps",
      queries: [{ expr: `sum by (consumer) (${consumerRequests(SCOPE, RANGE, "denied")})`, legend: "{{consumer}}" }],
    },
  ];
}

function routePanels({ metrics }: GatewayPlan): Panel[] {
  if (metrics?.routes !== true) return [];
  return [
    {
      title: "Answers by route",
      description: "Answers of services, by the route that led to them and the first digit of the status.",
      unit: "reqps",
      queries: [
        {
          expr: `sum by (envoy_route, envoy_response_code_class) (${routeAnswers(SCOPE, RANGE)})`,
          legend: "{{envoy_route}} {{envoy_response_code_class}}xx",
        },
      ],
    },
    {
      title: "Slowest answers by route",
      description: "Milliseconds within which 99 of 100 answers of services came.",
      unit: "ms",
      queries: [{ expr: routeQuantile(0.99, SCOPE, RANGE), legend: "{{envoy_route}}" }],
    },
  ];
}

function policyPanel(policy: PolicyPlan): Panel {
  const { name, kind, mode, description } = policy;
  const about = description?.replace(/\s+/g, " ").trim() ?? "What the policy decided of requests.";
  return {
    title: `${name} (${kind}${mode?.is === "shadow" ? ", in shadow" : ""})`,
    description: mode?.is === "shadow" ? `${about} It refuses nobody: \`shadow\` counts whom it would.` : about,
    unit: "reqps",
    queries: [{ expr: `sum by (outcome) (${decisions(policy, SCOPE, RANGE)})`, legend: "{{outcome}}" }],
  };
}

function addressPanel({ name, kind, native }: PolicyPlan): Panel[] {
  if (native?.filter !== "rbac") return [];
  const refused = `sum by (envoy_http_conn_manager_prefix) (${refusedAddresses(name, SCOPE, RANGE)})`;
  return [
    {
      title: `${name} (${kind})`,
      description:
        "Requests that Envoy refused for their address, by listener. It does not count those that it let pass.",
      unit: "reqps",
      queries: [{ expr: refused, legend: "denied at {{envoy_http_conn_manager_prefix}}" }],
    },
  ];
}

function limitPanel(policy: PolicyPlan): Panel {
  const outcome = policy.mode?.is === "shadow" ? "shadow" : "denied";
  const refused = `sum(${decisions(policy, SCOPE, RANGE, outcome)})`;
  return {
    title: `${policy.name}, share over the limit`,
    description: "Of the requests that the limit was asked about, those that found no room.",
    unit: "percentunit",
    queries: [{ expr: `${refused} / sum(${decisions(policy, SCOPE, RANGE)})`, legend: "over the limit" }],
  };
}

/** What came of the traces of a policy, and of their spans where it sends some. */
function tracePanels(policy: PolicyPlan): Panel[] {
  const { name, kind, collector } = policy;
  const of = (outcome: string, legend: string) => ({
    expr: `sum(${decisions(policy, SCOPE, RANGE, outcome)})`,
    legend,
  });
  const restarted = of("restarted", "restarted");
  if (collector === undefined)
    return [
      {
        title: `${name} (${kind}), restarted traces`,
        description: "Contexts of callers a second that were not sound, so that a new trace began.",
        unit: "reqps",
        queries: [restarted],
      },
    ];
  return [
    {
      title: `${name} (${kind}), traces`,
      description:
        "Traces a second that were sampled when their request came, kept because of what came of it, or not sampled as there were too many; and contexts of callers that were not sound, so that a new trace began.",
      unit: "reqps",
      queries: [of("sampled", "sampled"), of("kept", "kept"), of("capped", "over the limit"), restarted],
    },
    {
      title: `${name}, spans to ${collector.service}`,
      description:
        "Spans a second that the collector took, and those that were given up because it did not, or too slowly.",
      unit: "reqps",
      queries: [of("exported", "exported"), of("dropped", "dropped")],
    },
  ];
}

function nativePanel(plan: GatewayPlan): Panel[] {
  const format = nativeTracer(plan);
  if (format === undefined) return [];
  const lost = spansLost(format, SCOPE, RANGE).map((rate) => `sum(${rate})`);
  return [
    {
      title: "Spans of Envoy's own tracer",
      description: `Spans a second that it sent, and what it did not get to the collector: ${format === "zipkin" ? "reports of several spans" : "spans"}.`,
      unit: "reqps",
      queries: [
        { expr: `sum(${spansSent(format, SCOPE, RANGE)})`, legend: "sent" },
        { expr: lost.join(" + "), legend: "lost" },
      ],
    },
  ];
}

function servicePanels(service: string): Panel[] {
  const latency = (part: number, legend: string) => ({ expr: quantile(part, service, SCOPE, RANGE, []), legend });
  const failed = (kind: Parameters<typeof failures>[0], legend: string) => ({
    expr: `sum(${failures(kind, service, SCOPE, RANGE)})`,
    legend,
  });
  return [
    {
      title: `${service}, answers`,
      description: "Answers of the service by the first digit of their status.",
      unit: "reqps",
      queries: [
        {
          expr: `sum by (envoy_response_code_class) (${answers(service, SCOPE, RANGE)})`,
          legend: "{{envoy_response_code_class}}xx",
        },
      ],
    },
    {
      title: `${service}, latency`,
      description: "From the request that Envoy sent to the end of the answer.",
      unit: "ms",
      queries: [latency(0.5, "p50"), latency(0.9, "p90"), latency(0.99, "p99")],
    },
    {
      title: `${service}, failures`,
      description: "What kept the service from answering, and how many endpoints are taken for well.",
      unit: "short",
      queries: [
        failed("timeouts", "timed out a second"),
        failed("unconnected", "not connected a second"),
        failed("overflows", "over its limits a second"),
        { expr: `min(${healthy(service, SCOPE)})`, legend: "healthy endpoints" },
      ],
    },
  ];
}

function modulesPanel(plan: GatewayPlan): Panel {
  return {
    title: "Modules started again",
    description: "A module that traps answers 503 until Envoy has started it again. There should be none.",
    unit: "short",
    queries: moduleFilters(plan).flatMap((filter) =>
      (["success", "failure"] as const).map((what) => ({
        expr: `sum(${reloads(filter, what, SCOPE, RANGE)})`,
        legend: `${filter.replace("_", ".")} ${what}`,
      })),
    ),
  };
}

/** @returns a panel as Grafana has it, without its place */
export function panelModel({ title, description, unit, queries }: Panel): JsonObject {
  return {
    type: "timeseries",
    title,
    description,
    datasource: DATASOURCE,
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

/** The one that is chosen at the top of the dashboard. */
export const DATASOURCE: JsonObject = { type: "prometheus", uid: "$datasource" };
