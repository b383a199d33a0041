import { expect, it } from "vitest";
import { checkText } from "../index.js";
import { explainRequest } from "./explain.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] }, collector: { endpoints: [127.0.0.1:9411] } }
consumers:
  acme: { tier: gold, credentials: [{ apiKey: env:ACME_KEY }] }
  globex: { credentials: [{ apiKey: env:GLOBEX_KEY }] }
policies:
  trace:
    tracing:
      propagate: [b3, w3c]
      sample: { ratio: 5%, rules: [{ when: 'request.path == "/up"', ratio: 0% }, { when: auth.tier == "gold", ratio: 50% }] }
      always: response.status >= 500
      export: { zipkin: collector }
  known: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
routes:
  - { name: orders, match: { path: /** }, to: orders, apply: [trace, known] }
`;

const VARIABLES = { ACME_KEY: "acme-key", GLOBEX_KEY: "globex-key" };

function explain(target: string, headers: readonly [string, string][]) {
  const { plan } = checkText("policy.yaml", POLICY);
  const [listener] = plan?.listeners ?? [];
  if (plan === undefined || listener === undefined) throw new Error("the policy has an error");
  const client = { method: "GET", target, host: "shop.test", headers: [...headers], source: "192.0.2.1", time: 0 };
  return explainRequest(plan, listener, client, { variables: VARIABLES, assumed: undefined });
}

/** What is said of the trace. */
function traced(target: string, ...headers: [string, string][]) {
  const verdict = explain(target, headers).routed?.steps[0]?.verdict;
  return {
    summary: verdict?.summary,
    reasons: verdict?.reasons.map(({ text, truth }) => [truth, text].join(" ").trim()),
  };
}

it("what traces knows who calls, though it stands first", () => {
  expect(traced("/orders", ["x-api-key", "acme-key"])).toEqual({
    summary: "samples 50% of the traces; spans go to collector",
    reasons: [
      "no caller says which trace it belongs to, so one begins here",
      'false 0% when request.path == "/up"',
      'true 50% when auth.tier == "gold"',
      "at most 100 traces a second",
      "kept in any case if response.status >= 500",
    ],
  });
  expect(traced("/orders", ["x-api-key", "globex-key"]).summary).toMatch(/^samples 5% /);
  expect(traced("/up", ["x-api-key", "acme-key"]).summary).toMatch(/^samples 0% /);
});

it("one that is turned away has a trace too, of the first form that it tells", () => {
  const { summary, reasons = [] } = traced("/orders", ["traceparent", "00-1-2-01"], ["b3", "0"]);
  expect(summary).toMatch(/^samples 5% /);
  expect(reasons.slice(0, 2)).toEqual([
    "the caller tells its trace by b3, if that is sound",
    "whether it is sampled the caller decides, if it says so",
  ]);
});

it("the service gets headers of the policy's forms, in place of what a client sent", () => {
  const { answer } = explain("/orders", [
    ["x-api-key", "globex-key"],
    ["traceparent", "00-1-2-01"],
    ["uber-trace-id", "1:2:0:1"],
    ["tracestate", "a=b"],
  ]);
  expect(answer.removed).toEqual(["uber-trace-id", "x-api-key"]);
  expect(answer.written).toMatchObject({
    b3: "<trace>-<span>-<0 or 1>",
    traceparent: "00-<trace>-<span>-<flags>",
    tracestate: "<as it came, if it is sound>",
  });
  expect(Object.keys(answer.written)).not.toContain("baggage");
});
