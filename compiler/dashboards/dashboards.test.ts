import { join } from "node:path";
import { load } from "js-yaml";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { allCases } from "../../test/support/cases.js";
import { expectGolden } from "../../test/support/golden.js";
import { metricsOf, promqlFault } from "../../test/support/promql.js";
import { packageRoot } from "../cli/files.js";
import { checkText } from "../index.js";
import type { GatewayPlan } from "../plan/plan.js";
import { alertsText } from "./alerts.js";
import { dashboardText } from "./dashboard.js";

const SHOP = `
apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
  inside: { address: 127.0.0.1:8081 }
services:
  orders: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  partners-only: { description: "Who may\\n  call: \\"partners\\"", authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  readers: { mode: shadow, authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  few: { rateLimit: { key: [auth.consumer], rate: 5/minute } }
  office: { ipAccess: { allow: [10.0.0.0/8] } }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, timeout: 2s, apply: [office, partners-only, readers, few] }
`;

function planOf(text: string, files: Readonly<Record<string, string>> = {}): GatewayPlan {
  const { plan, diagnostics } = checkText("policy.yaml", text, files);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}

const plans = [
  planOf(SHOP),
  ...allCases().flatMap(({ rejects, policy, files }) => (rejects ? [] : [planOf(policy, files)])),
];

/** What `promtool check rules` wants of a file. */
const rulesFile = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().min(1),
      rules: z
        .array(
          z.strictObject({
            alert: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/),
            expr: z.string().refine((expr) => promqlFault(expr) === undefined),
            for: z.string().regex(/^[0-9]+(ms|[smhdwy])$/),
            labels: z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string()),
            annotations: z.record(
              z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/),
              z.string().regex(/^([^{]|\{\{ \$(value|labels\.job) \}\})*$/),
            ),
          }),
        )
        .min(1),
    }),
  ),
});

const dashboard = z.object({
  uid: z.string().max(40).optional(),
  title: z.string().min(1),
  schemaVersion: z.number(),
  templating: z.object({ list: z.array(z.looseObject({ name: z.string(), type: z.string() })) }),
  panels: z.array(
    z.looseObject({
      id: z.number(),
      type: z.string(),
      title: z.string(),
      gridPos: z.strictObject({ x: z.number(), y: z.number(), w: z.number(), h: z.number() }),
      datasource: z.strictObject({ type: z.literal("prometheus"), uid: z.literal("$datasource") }).optional(),
      targets: z.array(z.looseObject({ refId: z.string(), expr: z.string() })).default([]),
    }),
  ),
});

describe("alert rules", () => {
  it("are written down for a policy", () => {
    expectGolden(join(packageRoot(), "compiler/dashboards/shop.golden.rules.yaml"), alertsText(planOf(SHOP)));
  });

  it("are what Prometheus takes, and no two of a gateway are the same", () => {
    for (const plan of plans) {
      const { groups } = rulesFile.parse(load(alertsText(plan)));
      const known = groups.flatMap(({ rules }) => rules.map(({ alert, labels }) => JSON.stringify([alert, labels])));
      expect(new Set(known).size).toBe(known.length);
    }
  });

  it("of a broken expression would be refused", () => {
    const text = alertsText(planOf(SHOP));
    expect(rulesFile.safeParse(load(text.replace("sum by (job) (", "sum by (job ("))).success).toBe(false);
    expect(promqlFault("sum(rate(x[5m])")).toBe("sum(rate(x[5m]) ! ");
  });

  it("know how long a route waits for its service, and leave a policy in shadow alone", () => {
    const text = alertsText(planOf(SHOP));
    expect(text).toMatch(/histogram_quantile\(0\.99, .*\) > 1600\n/);
    expect(text).not.toMatch(/policy="readers",outcome="denied"/);
    expect(text).not.toContain("office");
  });
});

describe("of a policy that traces", () => {
  const TRACED = `
apiVersion: sluice/v1
kind: Gateway
name: traced
listeners: { public: { address: 127.0.0.1:8080 } }
services: { collector: { endpoints: [127.0.0.1:9411] } }
policies:
  trace: { tracing: { export: { zipkin: collector } } }
  handed-on: { tracing: {} }
routes:
  - { name: one, match: { path: /one }, respond: { status: 200 }, apply: [trace] }
  - { name: two, match: { path: /two }, respond: { status: 200 }, apply: [handed-on] }
`;
  const native = TRACED.replace(
    "{ tracing: { export",
    "{ tracing: { native: true, propagate: [b3multi], export",
  ).replace("apply: [handed-on]", "apply: [trace]");

  it("there are panels of traces and spans, and an alert where spans are dropped", () => {
    const plan = planOf(TRACED);
    const titles = dashboard.parse(JSON.parse(dashboardText(plan))).panels.map(({ title }) => title);
    expect(titles).toEqual(
      expect.arrayContaining([
        "trace (tracing), traces",
        "trace, spans to collector",
        "handed-on (tracing), restarted traces",
      ]),
    );
    const alerts = alertsText(plan);
    expect(alerts).toContain('sum by (job) (rate(sluice_tracing{policy="trace",outcome="dropped"}[5m])) > 0');
    expect(alerts).not.toContain("handed-on");
    expect(alerts).not.toContain("SluicePolicyErrors");
  });

  it("those of Envoy's own tracer are about its metrics", () => {
    const plan = planOf(native);
    expect(dashboardText(plan)).toContain("envoy_tracing_zipkin_spans_sent");
    expect(alertsText(plan)).toContain("envoy_tracing_zipkin_reports_dropped");
    expect(alertsText(plan)).not.toContain("sluice_tracing");
  });
});

it("a policy with keys of a service has an alert where they are not fetched", () => {
  const text = alertsText(
    planOf(`
apiVersion: sluice/v1
kind: Gateway
name: tokens
listeners: { public: { address: 127.0.0.1:8080 } }
services: { idp: { endpoints: [127.0.0.1:9002] } }
policies:
  known: { authenticate: { anyOf: [{ jwt: { issuer: i, audiences: [a], jwks: { service: idp, path: /jwks } } }] } }
routes: [{ name: one, match: { path: /one }, respond: { status: 200 }, apply: [known] }]
`),
  );
  expect(text).toContain('sum by (job) (rate(sluice_key_sets{policy="known",outcome="failed"}[5m])) > 0');
  expect(text).toContain("does not get its keys of idp");
});

describe("the dashboard", () => {
  it("is written down for a policy", () => {
    expectGolden(join(packageRoot(), "compiler/dashboards/shop.golden.dashboard.json"), dashboardText(planOf(SHOP)));
  });

  it("has panels with ids of their own that do not overlap, queries that are right, and a source to choose", () => {
    for (const plan of plans) {
      const { panels, templating } = dashboard.parse(JSON.parse(dashboardText(plan)));
      const ids = panels.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(templating.list[0]).toMatchObject({ name: "datasource", type: "datasource", query: "prometheus" });
      const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
        Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
      );
      expect(new Set(cells).size).toBe(cells.length);
      for (const { type, datasource, targets } of panels) {
        if (type !== "row") expect(datasource).toBeDefined();
        for (const { expr } of targets) expect(promqlFault(expr.replaceAll("$__rate_interval", "5m"))).toBeUndefined();
      }
    }
  });

  it("has a panel for each policy that counts, and the same bytes for the same policy", () => {
    const { panels } = dashboard.parse(JSON.parse(dashboardText(planOf(SHOP))));
    expect(panels.map(({ title }) => title)).toEqual(
      expect.arrayContaining([
        "partners-only (authenticate)",
        "readers (authorize, in shadow)",
        "few, share over the limit",
      ]),
    );
    const queried = panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => metricsOf(expr.replaceAll("$__rate_interval", "5m"))),
    );
    expect(new Set(queried)).toContain("sluice_rate_limit");
    expect(dashboardText(planOf(SHOP))).toBe(dashboardText(planOf(SHOP)));
  });
});
