import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectGolden } from "../../test/support/golden.js";
import { GRAPH_FORMATS } from "../cli/commands/graph-options.js";
import { packageRoot } from "../cli/files.js";
import { checkText } from "../index.js";
import type { GatewayPlan } from "../plan/plan.js";
import type { Span } from "../traces/span.js";
import { differences, type LiveGraph, liveGraph } from "./live.js";
import { liveText } from "./print.js";

const SHOP = `
apiVersion: sluice/v1
kind: Gateway
name: shop
listeners:
  public: { address: 127.0.0.1:8080 }
services:
  orders: { endpoints: [127.0.0.1:9001], failover: [orders-far] }
  orders-far: { endpoints: ["[::1]:9002"] }
  stock: { endpoints: [127.0.0.1:9003] }
  reports: { endpoints: [127.0.0.1:9004] }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders }
  - { name: stock, match: { path: /stock }, to: stock }
  - { name: reports, match: { path: /reports }, to: reports }
`;

function planOf(text: string): GatewayPlan {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}
const plan = planOf(SHOP);

const MS = 1_000_000n;
const START = 1_700_000_000_000n * MS;
let made = 0;

/** A span of one trace, with an id of its own unless one is given. */
function span(kind: Span["kind"], service: string, members: Partial<Span> = {}): Span {
  made++;
  const id = made.toString(16).padStart(16, "0");
  const trace = "463ac35c9f6413ad48485a3953bb6124";
  const common = {
    traceId: trace,
    id,
    shared: false,
    name: "",
    start: START,
    duration: MS,
    tags: new Map(),
    events: [],
  };
  return { ...common, kind, service, ...members };
}

/** A request to the gateway that it hands on: the server's span, the client's, and what comes below that. */
function handedOn(cluster: string, members: Partial<Span> = {}): [Span, Span] {
  const server = span("server", "shop", { name: `GET /${cluster}` });
  return [server, span("client", "shop", { parentId: server.id, peer: { service: cluster }, ...members })];
}

function edge(graph: LiveGraph, from: string, to: string) {
  return graph.edges.find((one) => one.from === from && one.to === to);
}

/** `gateway -> service:orders` and so on, of those with calls. */
function steps({ edges }: LiveGraph): string[] {
  return edges.flatMap(({ from, to, calls }) => (calls === 0 ? [] : [`${from} -> ${to}`]));
}

/** Ten requests for orders, of which two fail, one to a service of which the policy knows nothing, and what is asked behind. */
function traffic(): Span[] {
  const orders = Array.from({ length: 10 }, (_, index) => {
    const failed = index < 2 ? { error: "503" } : {};
    const [server, client] = handedOn("orders", { duration: BigInt(index + 1) * 10n * MS, ...failed });
    const answer = span("server", "order-service", { parentId: client.id });
    const work = span("internal", "order-service", { parentId: answer.id });
    const query = span("client", "order-service", {
      parentId: work.id,
      peer: { service: "orders <db>", port: 5432 },
      duration: 1234n * MS,
    });
    return [server, client, answer, work, query];
  });
  return [
    ...orders.flat(),
    ...handedOn("billing", { peer: { address: "192.0.2.7", port: 80 }, start: START + 5n * MS }),
  ];
}

describe("the graph of traces", () => {
  const graph = liveGraph(plan, traffic());

  it.each(GRAPH_FORMATS)("is written down as %s", (format) => {
    expectGolden(join(packageRoot(), `compiler/graph/live.golden.${format}`), liveText(graph, format));
  });

  it("has calls, failures and times of each step", () => {
    expect(edge(graph, "gateway", "service:orders")).toEqual({
      from: "gateway",
      to: "service:orders",
      standing: "agreed",
      calls: 10,
      failed: 2,
      errorRate: 0.2,
      p50Ms: 50,
      p99Ms: 100,
    });
    expect(edge(graph, "outside", "gateway")).toMatchObject({ calls: 11, failed: 0, p50Ms: 1, p99Ms: 1 });
    expect(edge(graph, "service:orders", "other:orders <db>")).toMatchObject({ standing: "beyond", calls: 10 });
  });

  it("tells what only the traces have, and what only the policy has", () => {
    expect(edge(graph, "gateway", "service:reports")).toMatchObject({ standing: "unseen", calls: 0, errorRate: 0 });
    expect(edge(graph, "gateway", "other:192.0.2.7:80")).toMatchObject({ standing: "unplanned", calls: 1 });
    expect(differences(graph)).toEqual([
      "in the policy, not in the traces: shop to stock",
      "in the policy, not in the traces: shop to reports",
      "in the traces, not in the policy: shop to 192.0.2.7:80 (1 call)",
    ]);
  });

  it("says nothing where they agree", () => {
    const all = ["orders", "stock", "reports"].flatMap((name) => handedOn(name));
    expect(differences(liveGraph(plan, all))).toEqual([]);
    const withStandIn = liveGraph(plan, [...all, ...handedOn("orders-far")]);
    expect(differences(withStandIn)).toEqual([]);
    expect(edge(withStandIn, "gateway", "service:orders-far")).toMatchObject({ standing: "agreed", calls: 1 });
  });

  it("says that nothing is there", () => {
    const nothing = liveGraph(plan, []);
    expect(differences(nothing)).toEqual(["there is no span"]);
    expect(nothing).toMatchObject({ traces: 0, spans: 0 });
    expect(nothing).not.toHaveProperty("first");
    const others = liveGraph(plan, [span("client", "cart", { peer: { service: "redis" } })]);
    expect(differences(others)).toContain("no span of shop is in the traces");
    expect(steps(others)).toEqual(["other:cart -> other:redis"]);
  });

  it("names only nodes that are there, each once", () => {
    const ids = graph.nodes.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { from, to } of graph.edges) expect(ids).toEqual(expect.arrayContaining([from, to]));
  });
});

describe("a service that the gateway asked is known", () => {
  it.each<[string, Partial<Span>]>([
    ["by its name", { peer: { service: "orders" } }],
    ["by that name, whatever its case", { peer: { service: "Orders" }, service: "Shop" }],
    ["as the one that others stand in for", { peer: { service: "orders:own" } }],
    ["by a tag of Envoy's own tracer", { tags: new Map([["upstream_cluster.name", "orders"]]) }],
    ["by an older tag", { tags: new Map([["upstream_cluster", "orders"]]) }],
    ["by its endpoint", { peer: { address: "127.0.0.1", port: 9001 } }],
  ])("%s", (_, members) => {
    expect(steps(liveGraph(plan, [span("client", "shop", members)]))).toEqual(["gateway -> service:orders"]);
  });

  it.each(["{ zipkin: reports } }", "{ otlp: reports }, native: true }"])(
    "by what the gateway has for its own name: export: %s",
    (rest) => {
      const traced = planOf(`${SHOP}
  - { name: old, match: { path: /old }, to: orders, apply: [trace] }
policies:
  trace: { tracing: { service: Edge, export: ${rest} }
`);
      const spans = ["shop", "edge", "Edge-Three"].map((service) =>
        span("client", service, { peer: { service: "orders" } }),
      );
      const graph = liveGraph(traced, spans);
      expect(steps(graph)).toEqual(["gateway -> service:orders", "other:Edge-Three -> service:orders"]);
      expect(edge(graph, "gateway", "service:orders")?.calls).toBe(2);
    },
  );

  it("whatever it calls itself, and so is what it asks", () => {
    const [server, client] = handedOn("stock");
    const answer = span("server", "inventory", { parentId: client.id });
    const more = span("client", "inventory", { parentId: answer.id, peer: { service: "db" } });
    const elsewhere = span("client", "inventory", { traceId: "1".padStart(32, "0"), peer: { service: "db" } });
    const graph = liveGraph(plan, [server, client, answer, more, elsewhere]);
    expect(steps(graph)).toEqual(["outside -> gateway", "gateway -> service:stock", "service:stock -> other:db"]);
    expect(edge(graph, "service:stock", "other:db")?.calls).toBe(2);
    expect(graph.nodes).toContainEqual(expect.objectContaining({ id: "service:stock", tracedAs: ["inventory"] }));
  });

  it("by the request where two services call themselves the same", () => {
    const spans = ["orders", "orders-far"].flatMap((cluster) => {
      const [server, client] = handedOn(cluster);
      const answer = span("server", "one-name", { parentId: client.id });
      return [server, client, answer, span("client", "one-name", { parentId: answer.id, peer: { service: "db" } })];
    });
    const alone = span("client", "one-name", { peer: { service: "db" } });
    expect(steps(liveGraph(plan, [...spans, alone]))).toEqual([
      "outside -> gateway",
      "gateway -> service:orders",
      "gateway -> service:orders-far",
      "other:one-name -> other:db",
      "service:orders -> other:db",
      "service:orders-far -> other:db",
    ]);
  });
});

it("names of traces stay names, whatever is in them", () => {
  const [server, client] = handedOn("stock");
  const hostile = 'a"]\n  n0 --> n1\u001b[2J\u009b|`#%%<script>\\';
  const graph = liveGraph(plan, [
    server,
    client,
    span("server", hostile, { parentId: client.id }),
    span("client", "b".repeat(1000), { peer: { service: `${hostile}?` } }),
  ]);
  for (const format of GRAPH_FORMATS) {
    const text = liveText(graph, format);
    expect(text).toMatch(/^[\n\x20-\x7e]*$/);
    expect(text).not.toContain("b".repeat(101));
    if (format === "mermaid")
      expect(text.replace(/"[^"]*"/g, "")).toMatch(/^flowchart LR\n( {2}n\d[\n[(\]){}|\-.>= n\d]*)*$/);
    if (format === "dot") expect(text).toContain('a\\"]\\\\n n0');
  }
  expect(differences(graph).join("")).toMatch(/^[\x20-\x7e]*$/);
});

describe("a call", () => {
  it("is one, however often it was tried, and failed if the last try did", () => {
    const [server, client] = handedOn("orders");
    const tries = [
      span("server", "orders", { parentId: client.id, error: "503" }),
      span("server", "orders", { parentId: client.id }),
    ];
    const graph = liveGraph(plan, [server, client, ...tries]);
    expect(edge(graph, "gateway", "service:orders")).toMatchObject({ calls: 1, failed: 0 });
    const failed = liveGraph(plan, [server, client, ...tries.toReversed()]);
    expect(edge(failed, "gateway", "service:orders")).toMatchObject({ calls: 1, failed: 1 });
  });

  it("has the time that its server knows, if its client knows none", () => {
    const { duration: _, ...client } = span("client", "cart", {});
    const graph = liveGraph(plan, [client, span("server", "stock", { parentId: client.id, duration: 7n * MS })]);
    expect(edge(graph, "other:cart", "service:stock")).toMatchObject({ p50Ms: 7, p99Ms: 7 });
    const unknown = liveGraph(plan, [{ ...client, peer: { service: "stock" } }]);
    expect(edge(unknown, "other:cart", "service:stock")).not.toHaveProperty("p50Ms");
    expect(liveText(unknown, "mermaid")).toContain('"1 call<br/>0% errors"');
  });

  it("is known by the server alone, where the client is outside or has no span of the call", () => {
    const caller = span("server", "cart");
    const graph = liveGraph(plan, [caller, span("server", "stock", { parentId: caller.id })]);
    expect(steps(graph)).toEqual(["other:cart -> service:stock", "outside -> other:cart"]);
    const lost = span("server", "shop", { parentId: "00000000000000ff", peer: { address: "192.0.2.1" } });
    expect(steps(liveGraph(plan, [lost]))).toEqual(["outside -> gateway"]);
    const named = span("server", "shop", { peer: { service: "front" } });
    expect(steps(liveGraph(plan, [named]))).toEqual(["other:front -> gateway"]);
  });

  it("may be one span id for both sides", () => {
    const id = "00000000000000aa";
    const client = span("client", "cart", { id });
    const server = span("server", "shop", { id, shared: true });
    const inner = span("client", "shop", { parentId: id, peer: { service: "stock" } });
    const graph = liveGraph(plan, [server, client, inner]);
    expect(steps(graph)).toEqual(["gateway -> service:stock", "other:cart -> gateway"]);
  });

  it("is none inside of a service, nor to nobody, nor of messages", () => {
    const server = span("server", "shop");
    const nested = span("server", "shop", { parentId: server.id });
    const graph = liveGraph(plan, [
      server,
      nested,
      span("internal", "shop", { parentId: nested.id, peer: { service: "stock" } }),
      span("client", "shop", { parentId: nested.id, name: "GET" }),
      span("producer", "shop", { parentId: nested.id, peer: { service: "kafka" } }),
      span("consumer", "stock", { parentId: nested.id }),
    ]);
    expect(steps(graph)).toEqual(["outside -> gateway"]);
  });

  it("of spans that are their own parents ends", () => {
    const [one, other] = ["00000000000000b1", "00000000000000b2"];
    const graph = liveGraph(plan, [
      span("client", "cart", { id: one, parentId: other, peer: { service: "stock" } }),
      span("internal", "cart", { id: other, parentId: one }),
      span("server", "stock", { id: "00000000000000b3", parentId: "00000000000000b3" }),
    ]);
    expect(steps(graph)).toEqual(["other:cart -> service:stock"]);
  });
});
