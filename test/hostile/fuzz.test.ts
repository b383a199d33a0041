import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { applyFixes, FIX_LEVELS, type Texts } from "../../compiler/diagnostics/fixing.js";
import { renderJson } from "../../compiler/diagnostics/render/json.js";
import { renderSarif } from "../../compiler/diagnostics/render/sarif.js";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { reportOf } from "../../compiler/diagnostics/report.js";
import { checkText } from "../../compiler/index.js";
import type { Span } from "../../compiler/syntax/source.js";
import { emitEnvoy } from "../../compiler/targets/envoy/emit.js";
import { DEFAULT_OPTIONS } from "../../compiler/targets/envoy/options.js";
import { allCases, allExamples } from "../support/cases.js";
import { GOOD } from "./row.js";

/** `SLUICE_FUZZ_RUNS=100000 npx vitest run test/hostile/fuzz.test.ts` */
const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 300);
/** Each checks a policy several times. */
const FIX_RUNS = Math.ceil(RUNS / 3);

interface Policy {
  text: string;
  files: Readonly<Record<string, string>>;
}

const policies: readonly Policy[] = [
  { text: GOOD, files: {} },
  ...allExamples().map(({ policyPath }) => ({ text: readFileSync(policyPath, "utf8"), files: {} })),
  ...allCases().map(({ policy, files }) => ({ text: policy, files })),
];

const ODD = [
  ...[
    "null",
    "~",
    "true",
    "[]",
    "{}",
    "''",
    '"\\0"',
    '"\\ud800"',
    "0x1F",
    "1e400",
    "-1",
    "9007199254740993",
    ".inf",
    "__proto__",
    "constructor",
  ],
  ...[
    "*a",
    "&a b",
    "!!binary aGk=",
    "<<",
    "|",
    ">-\n  a",
    "'%REQ(x)%'",
    "'{{x}}'",
    "~(a+)+$",
    "~[",
    "/{a}/**",
    "/a/*/b",
    "/%2F",
    "//",
    "/..",
    "*",
    "*.example.com",
  ],
  ...[
    "[GET, GET]",
    "[a, [b]]",
    "{ a: { b: c } }",
    "0s",
    "365d",
    "0/second",
    "1 per 31d",
    "env:",
    "sha256:00",
    "127.0.0.1:0",
    "[::]:1",
    "'true'",
    '\'request.method == "GET" && !(auth.tier in ["a"])\'',
  ],
  ...[
    "\u202e",
    "\ufeff",
    "\u2028",
    "😀",
    "a".repeat(300),
    "\t",
    "\r",
    "#",
    ": ",
    "- ",
    "? ",
    "---",
    "...",
    "%YAML 1.2",
  ],
] as const;

type Change =
  | { what: "characters"; by: string; length: number }
  | { what: "swap" | "cut" | "drop" | "double" | "indent" }
  | { what: "key" | "value"; by: string }
  | { what: "borrow"; from: number };

interface Step {
  place: number;
  other: number;
  change: Change;
}

const changes: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    place: fc.nat(),
    other: fc.nat(),
    change: fc.oneof(
      fc.record({
        what: fc.constant("characters" as const),
        by: fc.constantFrom(...ODD, ..."{}[],:#&*!|>'\"%@`~?-\n \0\u007f"),
        length: fc.nat(3),
      }),
      fc.record({
        what: fc.constantFrom("swap" as const, "cut" as const, "drop" as const, "double" as const, "indent" as const),
      }),
      fc.record({
        what: fc.constantFrom("key" as const, "value" as const),
        by: fc.constantFrom(...ODD, "name", "match", "apply", "rate", "rules", "to", "include"),
      }),
      fc.record({ what: fc.constant("borrow" as const), from: fc.nat() }),
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

/** A text after a change at some place, of its characters or of its lines. */
function changed(text: string, { place, other, change }: Step): string {
  const lines = text.split("\n");
  const line = place % lines.length;
  const there = lines[line] ?? "";
  const put = (...instead: string[]) => lines.toSpliced(line, 1, ...instead).join("\n");
  switch (change.what) {
    case "characters": {
      const at = place % (text.length + 1);
      return text.slice(0, at) + change.by + text.slice(at + change.length);
    }
    case "swap":
      return lines
        .with(line, lines[other % lines.length] ?? "")
        .with(other % lines.length, there)
        .join("\n");
    case "cut":
      return text.slice(0, place % (text.length + 1));
    case "drop":
      return put();
    case "double":
      return put(there, there);
    case "indent":
      return put(`${" ".repeat(1 + (other % 4))}${there}`);
    case "key":
      return put(there.replace(/[\w-]+(?=:)/, () => change.by));
    case "value":
      return put(there.replace(/(: )[^{}[\],]*$|(: )[^{}[\],]+/, (_, atEnd, inner) => `${atEnd ?? inner}${change.by}`));
    case "borrow": {
      const lender = (policies[change.from % policies.length]?.text ?? "").split("\n");
      return put(there, lender[other % lender.length] ?? "");
    }
  }
}

function spoiltPolicy(choice: number, steps: readonly Step[]): { broken: string; files: Policy["files"] } {
  const { text, files } = policies[choice % policies.length] ?? { text: GOOD, files: {} };
  return { broken: steps.reduce((before, step) => changed(before, step), text), files };
}

/** Inside its file, and with a start before its end. */
function expectPlace({ source, start, end }: Span, paths: readonly string[]): void {
  expect(paths).toContain(source.path);
  expect([start >= 0, start <= end, end <= source.text.length]).toEqual([true, true, true]);
}

function expectSound(finding: Diagnostic, paths: readonly string[]): void {
  expectPlace(finding.span, paths);
  for (const { span } of finding.related) expectPlace(span, paths);
  for (const { span } of finding.fix?.edits ?? []) expectPlace(span, paths);
  expect(finding.message).not.toMatch(/undefined|\[object |NaN\b|(?<!\.\.)\.$/);
}

it(`whatever becomes of a policy, it is read to its end, ${RUNS} times`, () => {
  fc.assert(
    fc.property(fc.nat(), changes, (choice, steps) => {
      const { broken, files } = spoiltPolicy(choice, steps);
      const { plan, diagnostics, files: read } = checkText("policy.yaml", broken, files);
      for (const finding of diagnostics) expectSound(finding, read);
      const report = reportOf(diagnostics);
      for (const shown of [
        renderText(report.diagnostics, { color: true }),
        renderJson(report.diagnostics, []),
        renderSarif(report, "0"),
      ])
        expect(typeof shown).toBe("string");
      expect(plan === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
      if (plan !== undefined) expect(emitEnvoy(plan, DEFAULT_OPTIONS).violations).toEqual([]);
    }),
    { numRuns: RUNS },
  );
});

it(`whatever becomes of a policy, its fixes make it better, ${FIX_RUNS} times`, () => {
  fc.assert(
    fc.property(fc.nat(), changes, fc.constantFrom(...FIX_LEVELS), (choice, steps, level) => {
      const { broken, files } = spoiltPolicy(choice, steps);
      const recheck = (texts: Texts) =>
        checkText(
          "policy.yaml",
          texts.get("policy.yaml") ?? broken,
          Object.fromEntries(Object.entries(files).map(([path, text]) => [path, texts.get(path) ?? text])),
        ).diagnostics;
      const fixed = applyFixes(level, recheck);
      const texts = new Map(fixed.files.map(({ path, after }) => [path, after]));
      expect(fixed.applied.length > 0).toBe(texts.size > 0);
      expect(applyFixes(level, (more) => recheck(new Map([...texts, ...more]))).applied).toEqual([]);
    }),
    { numRuns: FIX_RUNS },
  );
});
