import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allExamples } from "../../test/support/cases.js";
import { renderText } from "../diagnostics/render/text.js";
import { check, checkText, compile, supportedBy } from "../index.js";
import { envoy } from "./envoy/target.js";
import { FEATURES } from "./features.js";
import { reportJson, reportMarkdown } from "./report.js";
import { refusals, supportOf } from "./support.js";
import { featuresOf } from "./uses.js";

describe.each(allExamples())("what $name asks of a target", ({ policyPath }) => {
  it("is told once for each that asks, and Envoy refuses nothing", async () => {
    const { plan } = check(policyPath);
    if (plan === undefined) throw new Error("there is no plan");
    const uses = featuresOf(plan);
    expect(uses.length).toBeGreaterThan(0);
    expect(new Set(uses.map(({ id, subject }) => `${id} ${subject}`)).size).toBe(uses.length);
    expect(refusals(supportOf(plan, await envoy.support()), "envoy 1.40")).toEqual([]);
  });

  it("is in the report of every target, for people and for machines", async () => {
    const { plan } = check(policyPath);
    if (plan === undefined) throw new Error("there is no plan");
    const targets = await supportedBy(plan);
    const lines = reportMarkdown(targets)
      .split("\n")
      .filter((line) => line.startsWith("|"));
    expect(lines).toHaveLength(2 + featuresOf(plan).length);
    const read = JSON.parse(reportJson(targets));
    for (const { uses } of read.targets) {
      expect(uses).toHaveLength(featuresOf(plan).length);
      for (const use of uses) expect(use.means === "refused" ? use.reason : use.by).toMatch(/./);
    }
  });
});

it("every feature of the list is asked for by some example or case, so that no entry is dead", async () => {
  const { allCases } = await import("../../test/support/cases.js");
  const asked = new Set<string>();
  for (const { policyPath } of [...allExamples(), ...allCases()]) {
    const { plan } = check(policyPath);
    for (const { id } of plan === undefined ? [] : featuresOf(plan)) asked.add(id);
  }
  expect(Object.keys(FEATURES).filter((id) => !asked.has(id))).toEqual([]);
});

describe("what a target cannot do", () => {
  const policy = (targets: string, routes: string) => `apiVersion: sluice/v1
kind: Gateway
name: shop
${targets}listeners: { public: { address: 127.0.0.1:8080 } }
services: { orders: { endpoints: [127.0.0.1:9001] } }
routes:
  - ${routes}
`;
  const ORDERS = "{ name: orders, match: { path: /orders }, to: orders }";

  it("is an error at the line that asks for it, with the reason (SL0902)", async () => {
    const { plan } = checkText("policy.yaml", policy("", ORDERS));
    if (plan === undefined) throw new Error("there is no plan");
    const table = {
      ...(await envoy.support()),
      "route.to": { means: "refused", reason: "it has no services" },
    } as const;
    expect(renderText(refusals(supportOf(plan, table), "toy 1"), { color: false })).toBe(
      `policy.yaml:7:5: error SL0902: toy 1 cannot do what route orders asks for (route.to): it has no services
  7 |   - { name: orders, match: { path: /orders }, to: orders }
    |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

1 error
`,
    );
  });

  it.each(["istio", "envoy-gateway"])(
    "%s is not written while nothing says where modules are (SL0903)",
    async (target) => {
      const folder = mkdtempSync(join(tmpdir(), "sluice-features-"));
      const path = join(folder, "policy.yaml");
      const modules = "oci://registry.example.com/sluice";
      try {
        writeFileSync(path, policy("", ORDERS));
        const { emission, diagnostics } = await compile(path, target);
        expect([emission, diagnostics.map(({ code }) => code)]).toEqual([undefined, ["SL0903"]]);
        expect((await compile(path, target, { modules })).emission).toBeDefined();
        const key = target === "istio" ? "istio" : "envoyGateway";
        writeFileSync(path, policy(`targets: { ${key}: { modules: "${modules}" } }\n`, ORDERS));
        expect((await compile(path, target)).emission).toBeDefined();
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );
});
