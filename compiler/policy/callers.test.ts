import { expect, it } from "vitest";
import { renderText } from "../diagnostics/render/text.js";
import { checkText } from "../index.js";

function policyOf(consumers: readonly string[]): string {
  return JSON.stringify({
    apiVersion: "sluice/v1",
    kind: "Gateway",
    name: "shop",
    listeners: { public: { address: "127.0.0.1:8080" } },
    services: { a: { endpoints: ["127.0.0.1:9001"] }, b: { endpoints: ["127.0.0.1:9002"] } },
    consumers: Object.fromEntries(
      consumers.map((name, index) => [name, { credentials: [{ apiKey: `env:KEY_${index}` }] }]),
    ),
    policies: { known: { authenticate: { anyOf: [{ apiKey: { header: "x-api-key" } }] } } },
    routes: [{ name: "r", match: { path: "/" }, to: "a", callers: [{ consumers, to: "b" }], apply: ["known"] }],
  });
}

it("an entry names as many callers as Envoy compares at once", () => {
  const names = (count: number) => Array.from({ length: count }, (_, index) => `consumer-with-a-name-${index}`);
  expect(checkText("policy.yaml", policyOf(names(20))).diagnostics).toEqual([]);
  expect(renderText(checkText("policy.yaml", policyOf(names(60))).diagnostics, { color: false })).toContain(
    "error SL0355: 60 consumers in one entry are more than Envoy compares at once",
  );
});
