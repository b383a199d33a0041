import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadTestFile } from "../index.js";
import type { GatewayPlan } from "../plan/plan.js";
import { Coverage } from "../testing/coverage.js";
import type { Tests } from "../testing/load.js";
import type { FileResult, TestReport } from "../testing/report.js";
import type { RuleName } from "../testing/rules.js";
import type { OnEnvoy, SuiteRunner } from "../testing/run.js";
import { EnvironmentError } from "./exit.js";
import { unreadable } from "./files.js";
import { filesBelow, isTestName } from "./folder.js";

/** A file of tests with the path that it was named by. */
export type TestFile = Tests & { readonly path: string };

/** The Envoy that cases run on; undefined: on the embedded host only. */
export type EngineChoice = Omit<OnEnvoy, "now"> | undefined;

/**
 * Each file of tests that the arguments name: a file as it is, of a folder those in it and below it.
 *
 * @throws EnvironmentError if one is not there, or holds none
 */
export function testFilesOf(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap(testFiles))];
}

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
export function readTests(path: string): TestFile {
  try {
    const tests = loadTestFile(path);
    if (tests !== undefined) return { path, ...tests };
  } catch (error) {
    const reason = unreadable(path, error);
    throw reason === undefined ? error : new EnvironmentError(reason);
  }
  throw new EnvironmentError(`${path}: no file of tests, which says \`kind: Test\``);
}

/**
 * Runs the cases of some files.
 *
 * @param tests without findings of severity error
 * @returns also an empty list of files, where no name of a case passes the filter
 */
export async function runTestFiles(
  tests: readonly TestFile[],
  runner: SuiteRunner,
  { filter, coverage, engine }: { filter: (name: string) => boolean; coverage: boolean; engine: EngineChoice },
): Promise<TestReport> {
  const coverages = new Map<string, Coverage>();
  const results: FileResult[] = [];
  for (const { path, ready, files } of tests) {
    if (ready === undefined) throw new Error(`${path}: neither an error nor a suite`);
    const { suite, plan, rules } = ready;
    const observer = coverage ? coverageOf(coverages, files[1] ?? path, plan, rules) : undefined;
    const cases = await runner.run(suite, plan, {
      filter,
      ...(observer === undefined ? {} : { observer }),
      ...(engine === undefined ? {} : { envoy: { ...engine, now: Date.now() } }),
    });
    if (cases.length > 0) results.push({ path, cases });
  }
  return { files: results, coverage: [...coverages].map(([policy, one]) => ({ policy, report: one.report() })) };
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
