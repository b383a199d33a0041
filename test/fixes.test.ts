import { describe, expect, it } from "vitest";
import { entryOf } from "../compiler/diagnostics/catalog.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { applyEdits, applyFixes, FIX_LEVELS, type Texts } from "../compiler/diagnostics/fixing.js";
import { checkText } from "../compiler/index.js";
import { readDocument } from "../compiler/syntax/document.js";
import { SourceFile } from "../compiler/syntax/source.js";
import { allCases, type Case } from "./support/cases.js";

const MAIN = "policy.yaml";

/** The findings of a case with some of its texts changed. */
function findingsOf(one: Case, texts: Texts): readonly Diagnostic[] {
  const files = Object.entries(one.files).map(([path, text]) => [path, texts.get(path) ?? text]);
  return checkText(MAIN, texts.get(MAIN) ?? one.policy, Object.fromEntries(files)).diagnostics;
}

function textOf(one: Case, path: string): string {
  return path === MAIN ? one.policy : (one.files[path] ?? "");
}

function isWellFormed(text: string): boolean {
  return readDocument(new SourceFile(MAIN, text)).root !== undefined;
}

function count(findings: readonly Diagnostic[], { code, message }: Diagnostic): number {
  return findings.filter((finding) => finding.code === code && finding.message === message).length;
}

const cases = allCases()
  .filter((one) => one.rejects || one.warns)
  .map((one) => ({ ...one, findings: findingsOf(one, new Map()) }))
  .filter(({ findings }) => findings.some((finding) => finding.fix !== undefined));

describe("a fix that is offered", () => {
  it.each(cases)("takes its finding away: $folder", (one) => {
    for (const finding of one.findings) {
      const path = finding.fix?.edits[0]?.span.source.path;
      if (finding.fix === undefined || path === undefined) continue;
      const text = textOf(one, path);
      const fixed = applyEdits(text, finding.fix.edits);
      const what = `${finding.code} ${finding.message}: ${finding.fix.title}`;
      expect(isWellFormed(fixed) || !isWellFormed(text), what).toBe(true);
      const after = findingsOf(one, new Map([[path, fixed]]));
      expect(count(after, finding), what).toBeLessThan(count(one.findings, finding));
      const { fix } = entryOf(finding.code) ?? {};
      expect(["either", finding.fix.safe ? "safe" : "suggested"], `the entry of ${finding.code}`).toContain(fix);
    }
  });

  it.each(cases)("can be applied with all others: $folder", (one) => {
    for (const level of FIX_LEVELS) {
      const { files } = applyFixes(level, (texts) => findingsOf(one, texts));
      const texts = new Map(files.map(({ path, after }) => [path, after]));
      for (const { after, before } of files) expect(isWellFormed(after) || !isWellFormed(before)).toBe(true);
      expect(applyFixes(level, (more) => findingsOf(one, new Map([...texts, ...more]))).applied).toEqual([]);
    }
  });
});

it("some cases have safe fixes, and some have others", () => {
  const offered = cases.flatMap(({ findings }) => findings.flatMap(({ fix }) => fix?.safe ?? []));
  expect(new Set(offered)).toEqual(new Set([true, false]));
});
