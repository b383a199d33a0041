import { hasErrors } from "../../pipeline.js";
import { EnvoyStartError } from "../../runtime/process.js";
import { watchFiles } from "../../runtime/watch.js";
import { countOf, renderTestJson, renderTestJunit, renderTestText, type TestReport } from "../../testing/report.js";
import { SuiteRunner } from "../../testing/run.js";
import { interrupted, requireEnvoy, workFolder } from "../envoy.js";
import { EnvironmentError, EXIT, UsageError } from "../exit.js";
import { distinct, embeddedModules } from "../files.js";
import { printFindings, useColor } from "../print.js";
import { type EngineChoice, readTests, runTestFiles, testFilesOf } from "../test-files.js";
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
  const runner = new SuiteRunner(await embeddedModules());
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
  engine: EngineChoice;
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
      await watch.follow(testFilesOf(paths).flatMap((path) => readTests(path).files));
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
  const tests = testFilesOf(paths).map(readTests);
  const findings = distinct(tests.flatMap((one) => one.diagnostics));
  // Only a report for people has findings and results beside each other.
  printFindings(findings, hasErrors(findings) ? options.format : "text");
  if (hasErrors(findings)) return EXIT.findings;
  const filter = (name: string) => options.filter === undefined || name.includes(options.filter);
  const report = await runTestFiles(tests, runner, { filter, coverage: options.coverage === true, engine });
  if (report.files.length === 0) throw new UsageError(`no case has ${JSON.stringify(options.filter)} in its name`);
  process.stdout.write(rendered(report, options.format));
  return countOf(report.files, "failed") > 0 ? EXIT.findings : EXIT.ok;
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
