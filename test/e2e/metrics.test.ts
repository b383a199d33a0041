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
metrics: { consumers: 2, routes: true }
consumers:
  acme: { credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
  initech: { credentials: [{ apiKey: env:INITECH_KEY }] }
  hooli: { credentials: [{ apiKey: env:HOOLI_KEY }] }
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

test("decisions are one metric for each kind, with clean labels, and of consumers the first by name", async () => {
  const {
    ACME_KEY: acme = "",
    GLOBEX_KEY: globex = "",
    INITECH_KEY: initech = "",
    HOOLI_KEY: hooli = "",
  } = gateway.env;
  const statuses = [];
  for (const [key, method] of [
    [acme, "GET"],
    [acme, "GET"],
    [globex, "GET"],
    [globex, "POST"],
    ["nobody", "GET"],
    [initech, "GET"],
    [hooli, "GET"],
    [hooli, "GET"],
  ] as const)
    statuses.push((await gateway.send("/echo", { method, headers: { "x-api-key": key } })).status);
  expect(statuses).toEqual([200, 429, 200, 403, 401, 200, 200, 429]);

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
      "# TYPE sluice_consumers counter",
      "# TYPE sluice_denials counter",
      "# TYPE sluice_rate_limit counter",
      ...(
        [
          ["known", "unknown-credential", 1],
          ["allowed-2-read", "otherwise", 1],
          ["few", "quota-exceeded", 2],
        ] as const
      ).map(([policy, reason, count]) => `sluice_denials{policy="${policy}",reason="${reason}",route="echo"} ${count}`),
      ...(
        [
          ["acme", "allowed", 1],
          ["acme", "denied", 1],
          ["globex", "allowed", 1],
          ["globex", "denied", 1],
          ["_other", "allowed", 2],
          ["_other", "denied", 1],
        ] as const
      ).map(([consumer, outcome, count]) => `sluice_consumers{outcome="${outcome}",consumer="${consumer}"} ${count}`),
      ...counts("authenticate", "known", { allowed: 7, denied: 1, error: 0 }),
      ...counts("authorize", "allowed-2-read", { allowed: 6, denied: 1, error: 0 }),
      ...counts("authorize", "writers-soon", { allowed: 0, denied: 0, error: 0, shadow: 6 }),
      ...counts("rateLimit", "few", { allowed: 4, denied: 2, error: 0 }),
    ].toSorted(),
  );
  expect(text).not.toMatch(/initech|hooli/);
  for (const key of [acme, globex, initech, hooli]) expect(text).not.toContain(key);
});

test("labels of Envoy's own stay as they are", async () => {
  const { text } = await gateway.envoy.admin.get("/stats/prometheus");
  expect(text).toMatch(/^envoy_cluster_upstream_rq_total\{envoy_cluster_name="echo"\} [0-9]+$/m);
  expect(text).toMatch(/^envoy_http_downstream_rq_total\{envoy_http_conn_manager_prefix="public"\} [0-9]+$/m);
  expect(text).toMatch(/^envoy_wasm_sluice_guard_vm_reload\{\} 0$/m);
});

test("Envoy counts answers by route where the file asks for it", async () => {
  const { text } = await gateway.envoy.admin.get("/stats/prometheus");
  expect(text).toMatch(
    /^envoy_vhost_route_upstream_rq_xx\{envoy_response_code_class="2",envoy_virtual_host="any",envoy_route="echo"\} 4$/m,
  );
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
