import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { alertsText } from "../../compiler/dashboards/alerts.js";
import { dashboardText } from "../../compiler/dashboards/dashboard.js";
import { readYaml } from "../../compiler/envoy/print.js";
import { decisionsMetric } from "../../compiler/plan/names.js";
import { metricsOf } from "../support/promql.js";
import { type Gateway, serve } from "./support/serve.js";
import { until } from "./support/until.js";

// What a Prometheus that asks a real Envoy gets of the decisions of policies.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: metered
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  echo: { endpoints: [127.0.0.1:9001] }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  allowed-2-read: { authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  writers-soon: { mode: shadow, authorize: { rules: [{ name: put, allow: 'request.method == "PUT"' }] } }
  few: { rateLimit: { key: [auth.consumer], rate: 1/hour } }
  outside: { ipAccess: { deny: [127.0.0.0/8] } }
routes:
  - { name: closed, match: { path: /closed }, to: echo, apply: [outside] }
  - { name: echo, match: { path: /echo }, to: echo, apply: [known, allowed-2-read, writers-soon, few] }
`;

let gateway: Gateway;
beforeAll(async () => {
  gateway = await serve(POLICY);
});
afterAll(() => gateway?.stop());

test("decisions are one metric for each kind, with the policy and the outcome as labels and nothing of the caller", async () => {
  const [acme, globex] = [gateway.env.ACME_KEY ?? "", gateway.env.GLOBEX_KEY ?? ""];
  const statuses = [];
  for (const [key, method] of [
    [acme, "GET"],
    [acme, "GET"],
    [globex, "GET"],
    [globex, "POST"],
    ["nobody", "GET"],
  ] as const)
    statuses.push((await gateway.send("/echo", { method, headers: { "x-api-key": key } })).status);
  expect(statuses).toEqual([200, 429, 200, 403, 401]);

  const { text } = await gateway.envoy.admin.get("/stats/prometheus");
  const lines = text.split("\n").filter((line) => /^(# TYPE )?sluice/.test(line));
  const counts = (kind: string, policy: string, outcomes: Record<string, number>) =>
    Object.entries(outcomes).map(
      ([outcome, count]) => `${decisionsMetric(kind)}{policy="${policy}",outcome="${outcome}"} ${count}`,
    );
  expect(lines.toSorted()).toEqual(
    [
      "# TYPE sluice_authenticate counter",
      "# TYPE sluice_authorize counter",
      "# TYPE sluice_denials counter",
      "# TYPE sluice_rate_limit counter",
      ...[
        ["known", "unknown-credential"],
        ["allowed-2-read", "otherwise"],
        ["few", "quota-exceeded"],
      ].map(([policy, reason]) => `sluice_denials{policy="${policy}",reason="${reason}"} 1`),
      ...counts("authenticate", "known", { allowed: 4, denied: 1, error: 0 }),
      ...counts("authorize", "allowed-2-read", { allowed: 3, denied: 1, error: 0 }),
      ...counts("authorize", "writers-soon", { allowed: 0, denied: 0, error: 0, shadow: 3 }),
      ...counts("rateLimit", "few", { allowed: 2, denied: 1, error: 0 }),
    ].toSorted(),
  );
  expect(text).not.toContain("globex");
  expect(text).not.toContain(acme);
});

test("labels of Envoy's own stay as they are", async () => {
  const { text } = await gateway.envoy.admin.get("/stats/prometheus");
  expect(text).toMatch(/^envoy_cluster_upstream_rq_total\{envoy_cluster_name="echo"\} [0-9]+$/m);
  expect(text).toMatch(/^envoy_http_downstream_rq_total\{envoy_http_conn_manager_prefix="public"\} [0-9]+$/m);
  expect(text).toMatch(/^envoy_wasm_sluice_guard_vm_reload\{\} 0$/m);
});

test("what is refused for its address is counted by policy", async () => {
  expect((await gateway.send("/closed")).status).toBe(403);
  const { text } = await gateway.envoy.admin.get("/stats/prometheus");
  expect(text).toContain(
    'envoy_http_rbac_policy_denied{envoy_rbac_policy_name="outside denied address",envoy_http_conn_manager_prefix="public"} 1\n',
  );
});

test("dashboards and alerts ask for metrics that Envoy has", async () => {
  const rules = z.object({ groups: z.array(z.object({ rules: z.array(z.object({ expr: z.string() })) })) });
  const dashboard = z.object({
    panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) })),
  });
  const asked = [
    ...rules.parse(readYaml(alertsText(gateway.plan))).groups.flatMap((group) => group.rules),
    ...dashboard.parse(JSON.parse(dashboardText(gateway.plan))).panels.flatMap((panel) => panel.targets),
  ].flatMap(({ expr }) => metricsOf(expr.replaceAll("$__rate_interval", "5m")));
  expect(new Set(asked).size).toBeGreaterThan(8);
  // Histograms come with the first flush, five seconds after the start.
  await until("every metric that is asked for", async () => {
    const { text } = await gateway.envoy.admin.get("/stats/prometheus");
    const known = new Set(text.split("\n").map((line) => /^[a-z_0-9]+/.exec(line)?.[0]));
    return [...new Set(asked)].filter((name) => !known.has(name)).length === 0;
  });
});
