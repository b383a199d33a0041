import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allCases } from "../../test/support/cases.js";
import { expectGolden } from "../../test/support/golden.js";
import { GRAPH_FORMATS } from "../cli/commands/graph-options.js";
import { packageRoot } from "../cli/files.js";
import { checkText } from "../index.js";
import type { GatewayPlan } from "../plan/plan.js";
import { type GraphEdge, type ServiceGraph, serviceGraph } from "./model.js";
import { graphText } from "./print.js";

const SHOP = `
apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: "[::1]:8443", tls: { certificate: mounted:/etc/tls/tls.crt, key: mounted:/etc/tls/tls.key } }
  inside: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001, "[::1]:9002"] }
  orders-v2: { dns: orders.example.com:443, tls: {} }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
policies:
  partners-only: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  gold-only:
    mode: shadow
    when: request.method != "GET" &&
      request.path != "/orders/\\"<b>"
    authorize: { rules: [{ name: gold, allow: auth.tier == "gold" }] }
  off-today: { mode: off, rateLimit: { rate: 5/minute } }
  calm: { rateLimit: { rate: 50/minute } }
mandatory: { apply: [calm] }
routes:
  - name: orders
    match: { host: "*.example.com", path: "/orders/{id}", methods: [GET, POST], headers: { x-kind: '~"[a-z]+"<br>&amp;#quot;\`' } }
    to: [{ service: orders, weight: 2 }, { service: orders-v2, weight: 1 }]
    apply: [partners-only, gold-only, off-today]
  - { name: end, match: { path: /orders/** }, to: orders }
  - { name: health, match: { path: /healthz }, respond: { status: 200 } }
  - { name: old, match: { path: /old }, redirect: { path: /new, status: 308 } }
`;

function planOf(text: string, files: Readonly<Record<string, string>> = {}): GatewayPlan {
  const { plan, diagnostics } = checkText("policy.yaml", text, files);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}

function edgesFrom({ edges }: ServiceGraph, from: string): GraphEdge[] {
  return edges.filter((edge) => edge.from === from);
}

describe("the graph of a policy", () => {
  const graph = serviceGraph(planOf(SHOP));

  it.each(GRAPH_FORMATS)("is written down as %s", (format) => {
    expectGolden(join(packageRoot(), `compiler/graph/shop.golden.${format}`), graphText(graph, format));
  });

  it("leads from every listener over the gateway to what each route asks, by weight", () => {
    expect(graph.edges.filter(({ to }) => to === "gateway").map(({ from }) => from)).toEqual([
      "listener:public",
      "listener:inside",
    ]);
    expect(edgesFrom(graph, "gateway").map(({ to }) => to)).toEqual([
      "route:orders",
      "route:end",
      "route:health",
      "route:old",
    ]);
    expect(edgesFrom(graph, "route:orders")).toMatchObject([
      { type: "forwards", to: "service:orders", weight: 2, percent: 66.7 },
      { type: "forwards", to: "service:orders-v2", weight: 1, percent: 33.3 },
    ]);
    expect(edgesFrom(graph, "route:health")).toEqual([]);
  });

  it("has the policies of a route in order of execution, and none that is off", () => {
    const edge = edgesFrom(graph, "gateway").find(({ to }) => to === "route:orders");
    expect(edge?.type === "routes" ? edge.policies : []).toMatchObject([
      { name: "calm", kind: "rateLimit", via: "mandatory", shadow: false },
      { name: "partners-only", kind: "authenticate", via: "apply" },
      { name: "gold-only", kind: "authorize", shadow: true, when: expect.stringContaining("request.method") },
    ]);
  });

  it("names only nodes that are there, each once", () => {
    const ids = graph.nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { from, to } of graph.edges) expect(ids).toEqual(expect.arrayContaining([from, to]));
  });
});

it("the graph of every case can be drawn, the same twice, and no name ends a label", () => {
  for (const { rejects, policy, files } of allCases()) {
    if (rejects) continue;
    const graph = serviceGraph(planOf(policy, files));
    expect(graphText(serviceGraph(planOf(policy, files)), "json")).toBe(graphText(graph, "json"));
    for (const line of graphText(graph, "mermaid").split("\n").slice(1, -1)) expect(line).toMatch(MERMAID);
    for (const line of graphText(graph, "dot").split("\n").slice(4, -2)) expect(line).toMatch(DOT);
  }
});

/** One statement a line, with nothing in its label that Mermaid could read as more than text. */
const LABEL = '"([^"#&<>`*_~\\\\]|#[0-9]+;|<br/>)*"';
const MERMAID = new RegExp(
  `^ {2}(n[0-9]+(\\(\\[${LABEL}\\]\\)|\\{\\{${LABEL}\\}\\}|\\[${LABEL}\\]|\\[\\(${LABEL}\\)\\])|n[0-9]+ -->(\\|${LABEL}\\|)? n[0-9]+)$`,
);
const STRING = '"([^"\\\\]|\\\\["\\\\n])*"';
const DOT = new RegExp(`^ {2}${STRING}( -> ${STRING})?( \\[label=${STRING}(, shape=[a-z]+)?\\])?;$`);

it.each(["mermaid", "dot"] as const)("hostile texts of a policy stay texts in %s", (format) => {
  const graph = serviceGraph(planOf(SHOP));
  const text = graphText(graph, format);
  const law = format === "mermaid" ? MERMAID : DOT;
  for (const line of text.split("\n").slice(format === "mermaid" ? 1 : 4, format === "mermaid" ? -1 : -2))
    expect(line).toMatch(law);
});

it("a conversion shows the operations that it asks the service for", () => {
  const one = allCases().find(({ folder }) => folder.endsWith("soap/cases/partners"));
  const graph = serviceGraph(planOf(one?.policy ?? "", one?.files));
  const [edge] = edgesFrom(graph, "route:partners");
  expect(edge?.type === "forwards" ? edge.operations : []).toContainEqual({
    policy: "crm-as-rest",
    name: "GetPartner",
    method: "GET",
    path: "/partners/{id}",
  });
  expect(graphText(graph, "mermaid")).toContain("RemovePartner: DELETE /partners/{id}");
  expect(graph.nodes.find(({ id }) => id === "route:partners")).not.toHaveProperty("answer");
});
