import { describe, expect, it } from "vitest";
import { checkText } from "../index.js";
import { explainRoute } from "../plan/explain.js";
import { explainRequest } from "../request/explain.js";
import { requestText } from "../request/text.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { echo: { endpoints: [127.0.0.1:9001] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  soon: { mode: shadow, authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  writers: { when: 'request.method != "GET"', authorize: { rules: [{ name: tried, allow: 'request.headers["x-try"] == "1"' }] } }
  resting: { mode: off, authorize: { rules: [{ name: none, deny: 'request.method == "GET"' }] } }
  few: { when: 'request.headers["x-try"] == "1"', onError: deny, rateLimit: { rate: 1/second } }
  fewer: { mode: shadow, rateLimit: { rate: 1/minute } }
routes:
  - { name: a, match: { path: /a }, to: echo, apply: [soon, writers, resting, few, fewer] }
`;

function planOf(text: string) {
  const { plan, diagnostics } = checkText("policy.yaml", text);
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return plan;
}

function explain(method: string, headers: [string, string][] = []) {
  const plan = planOf(POLICY);
  const [listener] = plan.listeners;
  if (listener === undefined) throw new Error("there is no listener");
  const client = { method, target: "/a", host: "shop.test", headers, source: "192.0.2.1", time: 0 };
  return explainRequest(plan, listener, client, { variables: { ACME_KEY: "k" }, assumed: undefined });
}

describe("the page of a route", () => {
  it("tells how each policy is carried out, and which are off", () => {
    const page = explainRoute(planOf(POLICY), "a");
    expect(page).toMatch(/^ {2}1\. +few .* when request\.headers\["x-try"\] == "1", denies if it fails$/m);
    expect(page).toMatch(/^ {2}2\. +fewer .* in shadow$/m);
    expect(page).toMatch(/^ {2}3\. +soon .* in shadow$/m);
    expect(page).toMatch(/^ {2}4\. +writers .* when request\.method != "GET"$/m);
    expect(page).toContain("  without resting, which is off (apply policy.yaml:14:70)\n");
    expect(page).toContain("reads header x-api-key, x-try\n");
  });
});

describe("the page of a request", () => {
  it("tells which policies do not apply, and why", () => {
    const text = requestText(explain("GET"));
    expect(text).toContain("does not apply: its `when` is unknown");
    expect(text).toContain('unknown when request.headers["x-try"] == "1"');
    expect(text).toContain('request.headers["x-try"] is absent');
    expect(text).toContain("does not apply: its `when` is false");
    expect(text).not.toContain("429 instead");
    expect(text).not.toContain("ratelimit");
  });

  it("tells what would be denied in shadow, and that it passes", () => {
    const { answer, routed } = explain("GET");
    expect(answer.status).toBeUndefined();
    expect([routed?.decision, routed?.shadow]).toEqual(["sluice allowed no-policy", "soon denied no-credential"]);
    expect(requestText(explain("GET"))).toMatch(/^shadow +soon denied no-credential$/m);
  });

  it("takes nobody for known by a policy in shadow, and the credential reaches the service", () => {
    const { answer, routed } = explain("GET", [["x-api-key", "k"]]);
    expect(routed?.shadow).toBeUndefined();
    expect([answer.removed, answer.written]).toEqual([[], {}]);
  });

  it("asks a policy whose condition is true, and puts the condition first", () => {
    const { answer, routed } = explain("PUT", [["x-try", "0"]]);
    expect(answer.status).toBe(403);
    const writers = routed?.steps.find(({ policy }) => policy.name === "writers");
    expect(writers?.verdict?.reasons.map(({ text, truth }) => [text, truth])).toEqual([
      ['when request.method != "GET"', "true"],
      ['rule tried: allow request.headers["x-try"] == "1"', "false"],
    ]);
  });
});

describe("a policy in shadow", () => {
  const findings = (edit: (text: string) => string) =>
    checkText("policy.yaml", edit(WEAKER)).diagnostics.map(({ code }) => code);
  const WEAKER = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
policies:
  rules: { mode: enforce, authorize: { rules: [{ name: get, allow: 'request.method == "GET"' }] } }
  others: { authorize: { rules: [{ name: put, allow: 'request.method == "PUT"' }] } }
  tight: { mode: enforce, rateLimit: { rate: 1/minute } }
  loose: { rateLimit: { rate: 2/minute } }
routes:
  - { name: first, match: { path: "~/a/.*" }, respond: { status: 200 }, apply: [rules, tight, loose] }
  - { name: later, match: { path: "/*/b" }, respond: { status: 200 }, apply: [others] }
`;

  it("protects no route", () => {
    expect(findings((text) => text)).not.toContain("SL0310");
    expect(findings((text) => text.replace("rules: { mode: enforce", "rules: { mode: shadow"))).toContain("SL0310");
    expect(findings((text) => text.replace("rules: { mode: enforce", "rules: { mode: off"))).toContain("SL0310");
  });

  it("makes no other limit superfluous, and neither does one with a condition", () => {
    expect(findings((text) => text)).toContain("SL0423");
    for (const other of ["mode: shadow", "mode: off", `when: 'request.method == "GET"'`])
      expect(
        findings((text) => text.replace("tight: { mode: enforce", `tight: { ${other}`)),
        other,
      ).not.toContain("SL0423");
  });
});
