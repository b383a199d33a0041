import { ENGINES } from "../cli/commands/test-options.js";
import { workFolder } from "../cli/envoy.js";
import { EnvironmentError } from "../cli/exit.js";
import { distinct, moduleBytes } from "../cli/files.js";
import { type EngineChoice, readTests, runTestFiles, testFilesOf } from "../cli/test-files.js";
import type { Finding } from "../diagnostics/render/finding.js";
import { findEnvoy } from "../runtime/find.js";
import { EnvoyStartError } from "../runtime/process.js";
import { outcomeData } from "../testing/report.js";
import type { TestOutcome } from "../testing/result.js";
import { SuiteRunner } from "../testing/run.js";
import { checkResult } from "./result.js";

/** What `test` takes beside the paths. */
export interface TestOptions {
  /**
   * Where cases run. `embedded`, the default: in Node, in milliseconds, with time of its own. `envoy`: on the Envoy 1.40 that
   * SLUICE_ENVOY, PATH or the cache has; none is fetched. `both`: on both, which must also give the same answers.
   */
  readonly engine?: "embedded" | "envoy" | "both" | undefined;
  /** Which cases run: those with this text in their names, or whose name it takes. Default: all. */
  readonly filter?: string | ((name: string) => boolean) | undefined;
  /** Whether the result tells which routes, policies and rules no case exercises. Default false. */
  readonly coverage?: boolean | undefined;
}

/** What came of the cases, and what is to be said about the files that hold them. */
export interface TestResult extends TestOutcome {
  /** True if no finding is an error, and no case failed. A case that was not run is no failure. */
  readonly ok: boolean;
  /** Of the test files and of their policies. Where one is an error no case runs, and `files` is empty. */
  readonly findings: readonly Finding[];
}

/**
 * Runs test files. Each case has a gateway of its own that nobody has called before. Keys need not be set: cases sign their
 * requests with keys of their own.
 *
 * ```ts
 * const { ok, summary } = await test("examples", { filter: "free tier" });
 * ```
 *
 * @param paths test files, or folders that stand for the `.test.yaml` files in them and below them
 * @returns a promise that is also fulfilled where cases fail, or cannot run as a finding is an error
 * @throws EnvironmentError if a file cannot be read or is no file of tests, or if Envoy is wanted, and there is none or it
 *   does not start; RangeError if no case passes the filter, or there is no such engine
 */
export async function test(paths: string | readonly string[], options: TestOptions = {}): Promise<TestResult> {
  const { engine = "embedded", filter, coverage = false } = options;
  if (!ENGINES.includes(engine)) throw new RangeError(`no engine is named ${engine}; there are: ${ENGINES.join(", ")}`);
  const tests = testFilesOf(typeof paths === "string" ? [paths] : paths).map(readTests);
  const diagnostics = distinct(tests.flatMap((one) => one.diagnostics));
  const { ok, findings } = checkResult({ diagnostics, suppressed: [], files: [] });
  if (!ok) return { ok, findings, ...outcomeData({ files: [], coverage: [] }) };
  const runner = new SuiteRunner(await moduleBytes("guard.wasm"));
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
