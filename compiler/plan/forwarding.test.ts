import { expect, it } from "vitest";
import { checkText } from "../index.js";
import { explainRoute } from "./explain.js";

/** What the page of a route says of it beside its matches and policies. */
function told(route: string): string[] {
  const { plan } = checkText(
    "policy.yaml",
    `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services:
  orders: { endpoints: [127.0.0.1:9001] }
  orders-v2: { endpoints: [127.0.0.1:9002] }
  orders-eu: { endpoints: [127.0.0.1:9003], health: { tcp: true }, failover: [orders, orders-v2] }
routes:
  - ${route}
`,
  );
  if (plan === undefined) throw new Error("there is no plan");
  return explainRoute(plan, "a").split("\n").slice(3, -1);
}

it("the page of a route tells who gets copies", () => {
  expect(
    told("{ name: a, match: { path: /a }, to: orders, mirror: [{ service: orders-v2, percent: 0.25% }] }"),
  ).toEqual(["  copies 0.25% of the requests to orders-v2"]);
});

it("the page of a route tells what its service is asked for", () => {
  expect(
    told(
      '{ name: a, match: { path: "/t/{tenant}/**" }, to: orders, rewrite: { path: /v2/**, host: "{tenant}.internal" } }',
    ),
  ).toEqual(["  asks for the path /v2/**", "  asks for the host {tenant}.internal"]);
});

it("the page of a route tells of tries, sockets, and who stands in", () => {
  expect(
    told(
      "{ name: a, match: { path: /a }, to: orders-eu, retry: { on: [503], perTry: 1s }, hedge: { onTimeout: true }, websocket: true }",
    ),
  ).toEqual([
    "  asks up to 2 times more after reset, 503, 1000 ms each, elsewhere if possible",
    "  takes the first answer of tries that take too long",
    "  lets clients make a WebSocket of the connection",
    "  turns to orders, then orders-v2 while orders-eu is not well",
  ]);
});
