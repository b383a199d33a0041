import type { Finding } from "../diagnostics/render/finding.js";
import type { TestOutcome } from "../testing/result.js";

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
  // Loaded when it is needed: the embedded host and the model of Envoy take more than half of the time to load.
  const { runTests } = await import("./test-run.js");
  return runTests(typeof paths === "string" ? [paths] : paths, options);
}
