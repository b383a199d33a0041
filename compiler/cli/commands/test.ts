import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type GatewayPlan, loadTestFile } from "../../index.js";
import { hasErrors } from "../../pipeline.js";
import { EnvoyStartError } from "../../runtime/process.js";
import { watchFiles } from "../../runtime/watch.js";
import { Coverage } from "../../testing/coverage.js";
import type { Tests } from "../../testing/load.js";
import {
  countOf,
  type FileResult,
  renderTestJson,
  renderTestJunit,
  renderTestText,
  type TestReport,
} from "../../testing/report.js";
import type { RuleName } from "../../testing/rules.js";
import { type OnEnvoy, SuiteRunner } from "../../testing/run.js";
import { interrupted, requireEnvoy, workFolder } from "../envoy.js";
import { EnvironmentError, EXIT, UsageError } from "../exit.js";
import { distinct, moduleBytes, unreadable } from "../files.js";
import { filesBelow, isTestName } from "../folder.js";
import { printFindings, useColor } from "../print.js";
import type { ENGINES, TEST_FORMATS } from "./test-options.js";

export interface TestOptions {
  format: (typeof TEST_FORMATS)[number];
  engine: (typeof ENGINES)[number];
  filter?: string;
  coverage?: true;
  watch?: true;
}

/** `sluice test`: runs the cases of test files; with `--watch` again after each change, until it is interrupted. */
export async function testCommand(paths: readonly string[], options: TestOptions): Promise<number> {
  if (options.coverage && options.format === "junit")
    throw new UsageError("--coverage has no place in JUnit; take --format text or json");
  if (options.watch && options.format !== "text")
    throw new UsageError(`--watch prints one result after the other, which is no ${options.format}`);
  const runner = new SuiteRunner(await moduleBytes("guard.wasm"));
  const run = (engine: TestRun["engine"]) => {
    const tests = { runner, engine, paths, options };
    return options.watch ? watchTests(tests) : runTests(tests);
  };
  if (options.engine === "embedded") return run(undefined);
  const envoy = await requireEnvoy();
  const work = await workFolder();
  try {
    return await run({ place: { envoy, folder: work.path }, compare: options.engine === "both" });
  } catch (error) {
    throw error instanceof EnvoyStartError ? new EnvironmentError(error.message) : error;
  } finally {
    await work.remove();
  }
}

/** What one call of the command is about. */
interface TestRun {
  runner: SuiteRunner;
  engine: Omit<OnEnvoy, "now"> | undefined;
  paths: readonly string[];
  options: TestOptions;
}

async function watchTests(tests: TestRun): Promise<number> {
  const { paths } = tests;
  const ended = interrupted();
  let running = Promise.resolve();
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const again = () => {
    running = running.then(run);
    running.catch(fail);
  };
  const watch = await watchFiles(testFilesOf(paths), again, {
    onError: (error) => process.stderr.write(`sluice: changes may go unnoticed: ${error.message}\n`),
  });
  const run = async () => {
    try {
      // Watched before they are read for good: a change in between is not lost.
      await watch.follow(testFilesOf(paths).flatMap((path) => read(path).files));
      await runTests(tests);
    } catch (error) {
      if (!(error instanceof EnvironmentError || error instanceof UsageError)) throw error;
      process.stderr.write(`sluice: ${error.message}\n`);
    }
    process.stdout.write("waiting for changes, Ctrl-C ends\n");
  };
  try {
    again();
    await Promise.race([ended, failed]);
    return EXIT.ok;
  } finally {
    watch.close();
  }
}

async function runTests({ runner, engine, paths, options }: TestRun): Promise<number> {
  const tests = testFilesOf(paths).map((path) => ({ path, ...read(path) }));
  const findings = distinct(tests.flatMap((one) => one.diagnostics));
  // Only a report for people has findings and results beside each other.
  printFindings(findings, hasErrors(findings) ? options.format : "text");
  if (hasErrors(findings)) return EXIT.findings;
  const coverages = new Map<string, Coverage>();
  const results: FileResult[] = [];
  for (const { path, ready, files: read } of tests) {
    if (ready === undefined) throw new Error(`${path}: neither an error nor a suite`);
    const { suite, plan, rules } = ready;
    const observer = options.coverage ? coverageOf(coverages, read[1] ?? path, plan, rules) : undefined;
    const filter = (name: string) => options.filter === undefined || name.includes(options.filter);
    const asked = {
      ...(observer === undefined ? {} : { observer }),
      ...(engine === undefined ? {} : { envoy: { ...engine, now: Date.now() } }),
    };
    const cases = await runner.run(suite, plan, { filter, ...asked });
    if (cases.length > 0) results.push({ path, cases });
  }
  if (results.length === 0) throw new UsageError(`no case has ${JSON.stringify(options.filter)} in its name`);
  const coverage = [...coverages].map(([policy, one]) => ({ policy, report: one.report() }));
  process.stdout.write(rendered({ files: results, coverage }, options.format));
  return countOf(results, "failed") > 0 ? EXIT.findings : EXIT.ok;
}

export function testFilesOf(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap(testFiles))];
}

/** Files of tests that an argument names: a file as it is, of a folder those in it and below it. */
function testFiles(path: string): string[] {
  const status = statSync(path, { throwIfNoEntry: false });
  if (status === undefined) throw new EnvironmentError(`${path}: no such file or folder`);
  if (!status.isDirectory()) return [path];
  const own = readdirSync(path)
    .filter((name) => isTestName(name))
    .toSorted()
    .map((name) => join(path, name));
  const found = [...own, ...filesBelow(path).filter(isTestName)];
  if (found.length > 0) return found;
  throw new EnvironmentError(`${path}: the folder holds no .test.yaml file, nor do those below it`);
}

/** @throws EnvironmentError if it cannot be read, or is no file of tests */
export function read(path: string): Tests {
  try {
    const tests = loadTestFile(path);
    if (tests !== undefined) return tests;
  } catch (error) {
    const reason = unreadable(path, error);
    throw reason === undefined ? error : new EnvironmentError(reason);
  }
  throw new EnvironmentError(`${path}: no file of tests, which says \`kind: Test\``);
}

/** One for each policy file, whose tests may stand in several files. */
function coverageOf(
  known: Map<string, Coverage>,
  policy: string,
  plan: GatewayPlan,
  rules: readonly RuleName[],
): Coverage {
  const coverage = known.get(policy) ?? new Coverage(plan, rules);
  known.set(policy, coverage);
  return coverage;
}

function rendered(report: TestReport, format: TestOptions["format"]): string {
  switch (format) {
    case "text":
      return renderTestText(report, { color: useColor(process.stdout) });
    case "json":
      return renderTestJson(report);
    case "junit":
      return renderTestJunit(report);
  }
}
