import { copyFileSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../compiler/cli/files.js";
import { renderText } from "../compiler/diagnostics/render/text.js";
import { checkText, compile, shown, targetNames } from "../compiler/index.js";
import { planOutline } from "../compiler/plan/explain.js";
import { allCases, allExamples, sourceFiles } from "./support/cases.js";
import { expectGolden, UPDATING } from "./support/golden.js";

const root = packageRoot();
const expected = new Set<string>();

function golden(path: string, actual: string): void {
  expected.add(path);
  mkdirSync(dirname(path), { recursive: true });
  expectGolden(path, actual);
}

describe("cases", () => {
  for (const one of allCases())
    it(one.folder, () => {
      const { plan, diagnostics } = checkText("policy.yaml", one.policy, one.files);
      const findings = join(root, one.folder, "diagnostics.golden.txt");
      const text = renderText(diagnostics, { color: false });
      if (one.rejects) {
        expect(plan).toBeUndefined();
        golden(findings, text);
      } else {
        if (one.warns) golden(findings, text);
        else expect(text).toBe("");
        if (plan === undefined) throw new Error("there is no plan");
        golden(join(root, one.folder, "plan.golden.json"), `${JSON.stringify(planOutline(plan), undefined, 2)}\n`);
      }
    });
});

describe("examples", () => {
  for (const example of allExamples())
    for (const target of targetNames)
      it(`${example.name} for ${target}`, async () => {
        const { emission, diagnostics } = await shown(example.policyPath, target);
        const findings = renderText(diagnostics, { color: false }).replaceAll(`${root}/`, "");
        // What a target cannot do it says, and nothing is written.
        if (emission === undefined) golden(join(example.folder, "golden", `${target}.refused.txt`), findings);
        else expect(findings).toBe("");
        for (const artifact of emission?.artifacts ?? [])
          golden(join(example.folder, "golden", artifact.path), artifact.contents);
      });
});

it("every golden file belongs to a case or an example", () => {
  const found = sourceFiles(/^((compiler|filters)\/[^/]+\/cases\/.*\.golden\.[a-z]+|examples\/[^/]+\/golden\/.+)$/)
    .map((path) => join(root, path))
    .filter((path) => statSync(path).isFile());
  const orphans = found.filter((path) => !expected.has(path));
  if (UPDATING) for (const path of orphans) rmSync(path);
  else expect(orphans).toEqual([]);
});

it("the same policy gives the same bytes wherever it stands", async () => {
  const [example] = allExamples();
  if (example === undefined) throw new Error("there is no example");
  const folder = mkdtempSync(join(tmpdir(), "sluice-golden-"));
  try {
    copyFileSync(example.policyPath, join(folder, "policy.yaml"));
    const there = await compile(join(folder, "policy.yaml"), "envoy");
    const here = await compile(example.policyPath, "envoy");
    expect(there.emission?.artifacts).toBeDefined();
    expect(there.emission?.artifacts).toEqual(here.emission?.artifacts);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
