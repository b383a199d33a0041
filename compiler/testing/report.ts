import { type Frame, frameOf } from "../diagnostics/render/frame.js";
import { visible, visibleJson } from "../diagnostics/render/visible.js";
import { counted } from "../diagnostics/report.js";
import { secretsIn } from "../diagnostics/secrets.js";
import { formatSpan, type Span } from "../syntax/source.js";
import type { CoverageReport } from "./coverage.js";
import { coverageLines } from "./coverage.js";
import type { CaseOutcome, TestOutcome } from "./result.js";
import type { CaseResult, Failure } from "./run.js";

/** What came of the cases of one file. */
export interface FileResult {
  path: string;
  cases: readonly CaseResult[];
}

export interface TestReport {
  files: readonly FileResult[];
  /** By the path of the policy file, where it was asked for. */
  coverage: readonly { policy: string; report: CoverageReport }[];
}

type Outcome = CaseResult["outcome"];

export function countOf(files: readonly FileResult[], outcome: Outcome): number {
  return files.reduce((sum, { cases }) => sum + cases.filter((one) => one.outcome === outcome).length, 0);
}

type Paint = (style: "red" | "green" | "dim", text: string) => string;

const STYLES = { red: "1;31", green: "32", dim: "2" } as const;

/** A report for a terminal: a line for each file, below it what failed and what was not run, and a summary. */
export function renderTestText({ files, coverage }: TestReport, { color }: { color: boolean }): string {
  const paint: Paint = color ? (style, text) => `\u001b[${STYLES[style]}m${text}\u001b[0m` : (_, text) => text;
  const lines = [
    ...files.flatMap((file) => fileLines(file, paint)),
    ...coverage.flatMap(({ policy, report }) => [visible(policy), ...coverageLines(report).map(visible)]),
    ...(files.length === 1 ? [] : [`${counted(files.length, "file")}: ${summaryOf(files)}`]),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** `7 passed, 1 failed, 1 not run` */
export function summaryOf(files: readonly FileResult[]): string {
  const [passed, failed, notRun] = [countOf(files, "passed"), countOf(files, "failed"), countOf(files, "not-run")];
  return [`${passed} passed`, failed > 0 ? `${failed} failed` : "", notRun > 0 ? `${notRun} not run` : ""]
    .filter((part) => part !== "")
    .join(", ");
}

function fileLines(file: FileResult, paint: Paint): string[] {
  const failed = file.cases.some(({ outcome }) => outcome === "failed");
  const notes = file.cases.flatMap(({ name, outcome, reason }) =>
    reason === undefined
      ? []
      : [paint("dim", `  ${outcome === "not-run" ? "not run" : "embedded host only"}, ${reason}: ${visible(name)}`)],
  );
  const onEnvoy = file.cases.filter(({ engines }) => engines.includes("envoy")).length;
  const where = onEnvoy === 0 ? "" : `; ${onEnvoy} of ${file.cases.length} on Envoy`;
  const head = `${paint(failed ? "red" : "green", visible(file.path))}: ${summaryOf([file])}${where}`;
  return [head, ...notes, ...file.cases.flatMap((one) => failedLines(one, paint)), ...(failed ? [""] : [])];
}

function failedLines({ name, place, failure, engines }: CaseResult, paint: Paint): string[] {
  if (failure === undefined) return [];
  return [
    "",
    `${visible(formatSpan(place))}: ${paint("red", whereFailed(failure, engines))}: ${visible(name)}`,
    ...failureLines(failure, paint),
  ];
}

function whereFailed({ on }: Failure, engines: CaseResult["engines"]): string {
  switch (on) {
    case "both":
      return "failed on both engines";
    case "disagreement":
      return "the engines disagree";
    case "envoy":
      return "failed on Envoy";
    case "embedded":
      return engines.includes("envoy") ? "failed on the embedded host" : "failed";
  }
}

function failureLines(failure: Failure, paint: Paint): string[] {
  const { position, trace, seed } = failure;
  return [
    ...(position === undefined ? [] : [`  in ${position}`]),
    ...(failure.on === "disagreement" ? disagreementLines(failure, paint) : differenceLines(failure, paint)),
    ...trace.map((line) => paint("dim", `    ${visible(line)}`.trimEnd())),
    ...(seed === undefined ? [] : [paint("dim", `    ${"chance".padEnd(10)}seed ${seed}`)]),
  ];
}

/** They are about the answer, and about no line of the file. */
function disagreementLines({ differences }: Failure, paint: Paint): string[] {
  return differences.map(
    ({ what, expected, actual }) =>
      `    ${visible(what)}: on the embedded host ${paint("green", visible(expected))}, on Envoy ${paint("red", visible(actual))}`,
  );
}

function differenceLines({ differences }: Failure, paint: Paint): string[] {
  const digits = Math.max(...differences.map(({ place }) => String(place.source.position(place.start).line).length));
  return differences.flatMap(({ place, what, expected, actual }) => [
    ...frameLines(frame(place), digits, paint),
    `    ${visible(what)}: expected ${paint("green", visible(expected))}, got ${paint("red", visible(actual))}`,
  ]);
}

function frame(place: Span): Frame {
  return frameOf(place, secretsIn(place.source));
}

function frameLines({ line, text, indent, length }: Frame, digits: number, paint: Paint): string[] {
  return [
    `  ${paint("dim", `${String(line).padStart(digits)} |`)} ${text}`.trimEnd(),
    `  ${paint("dim", `${" ".repeat(digits)} |`)} ${" ".repeat(indent)}${paint("red", "^".repeat(length))}`,
  ];
}

/** The same as a JSON document: a `TestOutcome`. */
export function renderTestJson(report: TestReport): string {
  return `${visibleJson(outcomeData(report))}\n`;
}

/** The same as data. */
export function outcomeData({ files, coverage }: TestReport): TestOutcome {
  return {
    summary: {
      passed: countOf(files, "passed"),
      failed: countOf(files, "failed"),
      notRun: countOf(files, "not-run"),
    },
    files: files.map(({ path, cases }) => ({ path, cases: cases.map(caseData) })),
    ...(coverage.length === 0
      ? {}
      : {
          coverage: coverage.map(({ policy, report }) => ({
            policy,
            ...report,
            uncovered: report.uncovered.map((one) => ({ ...one, place: formatSpan(one.place) })),
          })),
        }),
  };
}

function caseData({ name, place, outcome, engines, reason, failure }: CaseResult): CaseOutcome {
  return {
    name,
    place: formatSpan(place),
    outcome,
    engines,
    ...(reason === undefined ? {} : { reason }),
    ...(failure === undefined
      ? {}
      : {
          failure: {
            ...failure,
            differences: failure.differences.map(({ place: at, what, expected, actual }) => ({
              place: formatSpan(at),
              what,
              expected,
              actual,
            })),
          },
        }),
  };
}

/** The same as JUnit XML: a suite for each file. What was not run is skipped. */
export function renderTestJunit({ files }: TestReport): string {
  const total = files.reduce((sum, { cases }) => sum + cases.length, 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sluice test" tests="${total}" failures="${countOf(files, "failed")}" skipped="${countOf(files, "not-run")}">`,
    ...files.flatMap(junitSuite),
    "</testsuites>",
    "",
  ].join("\n");
}

function junitSuite(file: FileResult): string[] {
  const { path, cases } = file;
  const counts = `tests="${cases.length}" failures="${countOf([file], "failed")}" errors="0" skipped="${countOf([file], "not-run")}"`;
  return [
    `  <testsuite name="${escaped(path)}" ${counts}>`,
    ...cases.flatMap((one) => junitCase(path, one)),
    "  </testsuite>",
  ];
}

const NO_PAINT: Paint = (_, text) => text;

function junitCase(path: string, { name, place, outcome, reason = "", failure }: CaseResult): string[] {
  const { line } = place.source.position(place.start);
  const opening = `    <testcase classname="${escaped(path)}" name="${escaped(name)}" file="${escaped(path)}" line="${line}"`;
  if (outcome === "not-run") return [`${opening}>`, `      <skipped message="${escaped(reason)}"/>`, "    </testcase>"];
  if (failure === undefined) return [`${opening}/>`];
  const [first] = failure.differences;
  const message = first === undefined ? "" : `${first.what}: expected ${first.expected}, got ${first.actual}`;
  const text = failureLines(failure, NO_PAINT).join("\n");
  return [
    `${opening}>`,
    `      <failure message="${escaped(message)}">${escaped(text, false)}</failure>`,
    "    </testcase>",
  ];
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text in which `visible` has left nothing that XML 1.0 cannot hold (section 2.2). */
function escaped(text: string, isRaw = true): string {
  return (isRaw ? visible(text) : text).replace(/[&<>"]/g, (sign) => ENTITIES[sign] ?? sign);
}
