import { describe, expect, it } from "vitest";
import { applyFixes } from "../diagnostics/fixing.js";
import { checkText } from "../index.js";

const POLICY = `apiVersion: sluice/v1
kind: Gateway
name: shop
listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] } }
consumers: { acme: { credentials: [{ apiKey: env:ACME_KEY }] } }
policies:
  partners-only: { authenticate: { anyOf: [{ apiKey: { header: x-api-key } }] } }
  per-address: { rateLimit: { key: [source.ip], rate: 10/minute } }
mandatory: { apply: [per-address] }
defaults: { apply: [partners-only] }
routes:
  - { name: health, match: { path: /healthz }, to: orders, except: [partners-only] }
  - { name: orders, match: { path: /orders/** }, to: orders }
`;

/** Codes of the findings when one text of the policy is written otherwise. */
function codesWith(written: string, instead: string): string[] {
  expect(POLICY).toContain(written);
  return checkText("policy.yaml", POLICY.replace(written, instead)).diagnostics.map(({ code }) => code);
}

describe("beside the misspelt name of a policy", () => {
  it("nobody is told that the policy of the right name is not applied", () => {
    expect(codesWith("apply: [per-address]", "apply: [per-adress]")).toEqual(["SL0201"]);
    expect(codesWith("/orders/** }, to: orders", "/orders/** }, to: orders, apply: [partnersonly]")).toEqual([
      "SL0201",
    ]);
  });

  it("a default that it may stand for can still be left out", () => {
    const text = POLICY.replace("apply: [partners-only]", "apply: [partner-only]");
    expect(checkText("policy.yaml", text).diagnostics.map(({ code }) => code)).toEqual(["SL0201"]);
    const fixed = (level: "safe" | "suggested") =>
      applyFixes(level, (texts) => checkText("policy.yaml", texts.get("policy.yaml") ?? text).diagnostics).files;
    expect(fixed("safe")).toEqual([]);
    expect(fixed("suggested").map(({ after }) => after)).toEqual([POLICY]);
  });

  it("a policy is not called no default while a mandatory one may be meant", () => {
    const mandatory = "apply: [per-adress] }\ndefaults: { apply: [] }\n#";
    const text = POLICY.replace("apply: [per-address] }\n", mandatory).replace(
      "except: [partners-only]",
      "except: [per-address]",
    );
    expect(checkText("policy.yaml", text).diagnostics.map(({ code }) => code)).toEqual(["SL0201"]);
  });

  it("other findings are told", () => {
    expect(codesWith("to: orders }", "to: order, timeout: 0s, apply: [nobody] }")).toEqual([
      "SL0201",
      "SL0307",
      "SL0201",
    ]);
  });
});

it("is not told beside the misspelt name of a service that the service is unused, but of a policy it is", () => {
  const text = POLICY.replaceAll("to: orders", "to: order").replace("mandatory: { apply: [per-address] }\n", "");
  expect(checkText("policy.yaml", text).diagnostics.map(({ code }) => code)).toEqual(["SL0403", "SL0201", "SL0201"]);
});

it("tells of a policy that is not applied where every name is known", () => {
  expect(codesWith("mandatory: { apply: [per-address] }\n", "")).toEqual(["SL0403"]);
});
