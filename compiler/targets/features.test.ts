import { describe, expect, it } from "vitest";
import { allExamples } from "../../test/support/cases.js";
import { check, supportedBy } from "../index.js";
import { envoy } from "./envoy/target.js";
import { FEATURES, featuresOf } from "./features.js";
import { reportJson, reportMarkdown } from "./report.js";
import { refusals, supportOf } from "./support.js";

describe.each(allExamples())("what $name asks of a target", ({ policyPath }) => {
  it("is told once for each that asks, and Envoy refuses nothing", () => {
    const { plan } = check(policyPath);
    if (plan === undefined) throw new Error("there is no plan");
    const uses = featuresOf(plan);
    expect(uses.length).toBeGreaterThan(0);
    expect(new Set(uses.map(({ id, subject }) => `${id} ${subject}`)).size).toBe(uses.length);
    expect(refusals(supportOf(plan, envoy.support), "envoy 1.40")).toEqual([]);
  });

  it("is in the report of every target, for people and for machines", () => {
    const { plan } = check(policyPath);
    if (plan === undefined) throw new Error("there is no plan");
    const targets = supportedBy(plan);
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
