import { expect, test } from "vitest";
import { checkText } from "../index.js";
import { testValueOf } from "../plan/credentials.js";
import { explainRequest } from "./explain.js";
import { requestText } from "./text.js";

// What `explain --request` says of keys in the query and in cookies: who calls, and what the service gets, and never the key.

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  known:
    authenticate:
      anyOf:
        - apiKey: { query: k } # sluice-ignore: SL0560 it is what is tested
        - apiKey: { cookie: c }
routes:
  - { name: orders, match: { path: /orders/** }, to: orders, apply: [known] }
`;

const KEY = testValueOf("ACME_KEY");

function explain(target: string, cookies: readonly string[] = []) {
  const { plan } = checkText("policy.yaml", POLICY);
  const [listener] = plan?.listeners ?? [];
  if (plan === undefined || listener === undefined) throw new Error("the policy has an error");
  const headers = cookies.map((cookie): [string, string] => ["cookie", cookie]);
  const client = { method: "GET", target, host: "shop.test", headers, source: "192.0.2.1", time: 0 };
  return explainRequest(plan, listener, client, { variables: { ACME_KEY: KEY }, assumed: undefined });
}

test.each([
  [`/orders/7?a=1&k=${KEY}`, [], "/orders/7?a=1"],
  [`/orders/7?%6b=${KEY}`, [], "/orders/7"],
  ["/orders/7?a=1", [`c=${KEY}; b=2`], undefined],
])("%s with %j", (target, cookies, path) => {
  const explanation = explain(target, cookies);
  expect(explanation.answer).toMatchObject({
    outcome: "forwarded",
    ...(path === undefined ? {} : { rewritten: { path } }),
  });
  expect(explanation.answer.removed).toEqual(cookies.length === 0 ? [] : ["cookie c"]);
  expect(explanation.routed?.decision).toBe("known allowed authenticated");
  expect(requestText(explanation)).not.toContain(KEY);
});

test.each([
  [`/orders/7?k=${KEY}&%6b=x`, [], "duplicate-credential"],
  [`/orders/7?k=${KEY}&%zz`, [], "duplicate-credential"],
  [`/orders/7?k=${KEY}`, [`c=${KEY}`], "several-credentials"],
  ["/orders/7?k", [], "malformed-credential"],
  ["/orders/7", [`c=${KEY}`, "b=2"], "duplicate-credential"],
  ["/orders/7?K=1", ["C=1"], "no-credential"],
])("%s with %j is refused", (target, cookies, reason) => {
  const explanation = explain(target, cookies);
  expect(explanation.answer.status).toBe(401);
  expect(explanation.routed?.decision).toBe(`known denied ${reason}`);
  expect(requestText(explanation)).not.toContain(KEY);
});
