import { ENGINES } from "../cli/commands/test-options.js";
import { workFolder } from "../cli/envoy.js";
import { EnvironmentError } from "../cli/exit.js";
import { distinct, embeddedModules } from "../cli/files.js";
import { type EngineChoice, readTests, runTestFiles, testFilesOf } from "../cli/test-files.js";
import { findEnvoy } from "../runtime/find.js";
import { EnvoyStartError } from "../runtime/process.js";
import { outcomeData } from "../testing/report.js";
import { SuiteRunner } from "../testing/run.js";
import { checkResult } from "./result.js";
import type { TestOptions, TestResult } from "./test.js";

/** What `test` does. */
export async function runTests(paths: readonly string[], options: TestOptions): Promise<TestResult> {
  const { engine = "embedded", filter, coverage = false } = options;
  if (!ENGINES.includes(engine)) throw new RangeError(`no engine is named ${engine}; there are: ${ENGINES.join(", ")}`);
  const tests = testFilesOf(paths).map(readTests);
  const diagnostics = distinct(tests.flatMap((one) => one.diagnostics));
  const { ok, findings } = checkResult({ diagnostics, suppressed: [], files: [] });
  if (!ok) return { ok, findings, ...outcomeData({ files: [], coverage: [] }) };
  const runner = new SuiteRunner(await embeddedModules());
  const report = await withEngine(engine, (chosen) =>
    runTestFiles(tests, runner, { filter: filterOf(filter), coverage, engine: chosen }),
  );
  if (report.files.length === 0)
    throw new RangeError(
      `no case ${typeof filter === "string" ? `has ${JSON.stringify(filter)} in its name` : "passes the filter"}`,
    );
  const outcome = outcomeData(report);
  return { ok: outcome.summary.failed === 0, findings, ...outcome };
}

function filterOf(filter: TestOptions["filter"]): (name: string) => boolean {
  if (typeof filter === "function") return filter;
  return filter === undefined ? () => true : (name) => name.includes(filter);
}

/** Hands over an Envoy of this machine, in a folder that is taken away again; undefined for the embedded host. */
async function withEngine<T>(
  engine: NonNullable<TestOptions["engine"]>,
  run: (chosen: EngineChoice) => Promise<T>,
): Promise<T> {
  if (engine === "embedded") return run(undefined);
  const search = await findEnvoy();
  if (!search.ok) throw new EnvironmentError(`${search.problem.message} ${search.problem.fix}`);
  const work = await workFolder();
  try {
    return await run({ place: { envoy: search.envoy, folder: work.path }, compare: engine === "both" });
  } catch (error) {
    throw error instanceof EnvoyStartError ? new EnvironmentError(error.message) : error;
  } finally {
    await work.remove();
  }
}
