import { describe, expect, it } from "vitest";
import { SourceFile } from "../syntax/source.js";
import { diagnose } from "./diagnostic.js";
import { reportOf, summaryOf } from "./report.js";

const source = new SourceFile("p.yaml", "x\n".repeat(10_000));

function errors(count: number) {
  return Array.from({ length: count }, (_, index) =>
    diagnose("SL0102", { key: `k${index}` }, { source, start: 2 * index, end: 2 * index + 1 }),
  );
}

function warnings(count: number) {
  return Array.from({ length: count }, (_, index) =>
    diagnose("SL0403", { policy: `p${index}` }, { source, start: 2 * index, end: 2 * index + 1 }),
  );
}

describe("a report", () => {
  it("shows a thousand errors, all if there are no more", () => {
    expect(reportOf(errors(1_000)).diagnostics).toHaveLength(1_000);
    const { diagnostics } = reportOf(errors(1_234));
    expect(diagnostics).toHaveLength(1_001);
    const last = diagnostics.at(-1);
    expect([last?.code, last?.severity, last?.message, last?.span.start]).toEqual([
      "SL0018",
      "error",
      "only the first 1000 errors of this file are shown; 234 more start here",
      2_000,
    ]);
  });

  it("shows a thousand warnings beside them, and makes no error of those that are too many", () => {
    const { diagnostics } = reportOf(warnings(5_000));
    expect(diagnostics).toHaveLength(1_001);
    const last = diagnostics.at(-1);
    expect([last?.code, last?.message]).toEqual([
      "SL0027",
      "only the first 1000 warnings of this file are shown; 4000 more start here",
    ]);
    expect(diagnostics.filter(({ severity }) => severity === "error")).toEqual([]);
    expect(reportOf([...warnings(5_000), ...errors(1)]).diagnostics.map(({ code }) => code)).toContain("SL0102");
  });

  it("shows what is in one file beside another with too much", () => {
    const other = new SourceFile("q.yaml", "x");
    const one = diagnose("SL0102", { key: "name" }, { source: other, start: 0, end: 1 });
    const { diagnostics } = reportOf([one, ...errors(5_000)]);
    expect(diagnostics).toHaveLength(1_002);
    expect(diagnostics.at(-1)).toBe(one);
  });

  it("counts what is not shown as well", () => {
    expect(summaryOf(reportOf([...errors(1_234), ...warnings(2)]))).toBe("1234 errors, 2 warnings");
    expect(summaryOf(reportOf(warnings(5_000)))).toBe("5000 warnings");
  });
});
