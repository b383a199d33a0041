import { expect, it } from "vitest";
import { checkText } from "../index.js";
import { explainRoute } from "./explain.js";

it("the page of a route tells how its service is asked", () => {
  const { plan } = checkText(
    "policy.yaml",
    `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders: { endpoints: [127.0.0.1:9001, 127.0.0.1:9002], loadBalancing: maglev }
routes:
  - name: a
    match: { path: /a }
    to: orders
    idleTimeout: 2s
    retry: { on: [connect-failure, 503], perTry: 500ms, budget: 20% }
    hashBy: [{ cookie: session }, { source: ip }]
  - { name: b, match: { path: /b }, to: orders, retry: { attempts: 1, on: [502], otherHosts: false }, hashBy: { source: ip } }
`,
  );
  if (plan === undefined) throw new Error("there is no plan");
  expect(explainRoute(plan, "a").split("\n").slice(3)).toEqual([
    "  asks up to 2 times more after connect-failure, reset, 503, 500 ms each, elsewhere if possible, at most 20% of what is under way to orders",
    "  gives up after 2000 ms of silence",
    "  chooses the endpoint by cookie session, the client's address",
    "",
  ]);
  expect(explainRoute(plan, "b")).toContain("  asks once more after 502, at most 20% of");
});
