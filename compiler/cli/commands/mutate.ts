import { mutationSubject } from "../../index.js";
import { hasErrors } from "../../pipeline.js";
import type { CheckedSuite } from "../../testing/check.js";
import {
  type PolicyMutations,
  renderMutationJson,
  renderMutationText,
  unnoticed,
} from "../../testing/mutation/report.js";
import { FailingCase, tryMutations } from "../../testing/mutation/run.js";
import { SuiteRunner } from "../../testing/run.js";
import { EnvironmentError, EXIT, UsageError } from "../exit.js";
import { distinct, embeddedModules } from "../files.js";
import { printFindings } from "../print.js";
import { readTests, testFilesOf } from "../test-files.js";
import type { TestOptions } from "./test.js";

/** `sluice test --mutate`: removes and weakens the policies, one thing at a time, and prints what no case notices. */
export async function mutateCommand(paths: readonly string[], options: TestOptions): Promise<number> {
  const format = formatOf(options);
  const tests = testFilesOf(paths).map(readTests);
  const findings = distinct(tests.flatMap((one) => one.diagnostics));
  printFindings(findings, hasErrors(findings) ? format : "text");
  if (hasErrors(findings)) return EXIT.findings;
  const suites = new Map<string, CheckedSuite[]>();
  for (const { path, ready, files } of tests) {
    const policy = files[1];
    if (ready === undefined || policy === undefined) throw new Error(`${path}: neither an error nor a suite`);
    suites.set(policy, [...(suites.get(policy) ?? []), ready.suite]);
  }
  const runner = new SuiteRunner(await embeddedModules());
  const policies: PolicyMutations[] = [];
  for (const [policy, own] of suites) policies.push({ policy, results: await results(runner, policy, own) });
  process.stdout.write(format === "json" ? renderMutationJson(policies) : renderMutationText(policies));
  return policies.some((one) => unnoticed(one).length > 0) ? EXIT.findings : EXIT.ok;
}

function formatOf({ format, engine, coverage, watch, filter }: TestOptions): "text" | "json" {
  if (format === "junit") throw new UsageError("--mutate has no cases for JUnit; take --format text or json");
  if (engine !== "embedded") throw new UsageError("--mutate runs every case many times, on the embedded host only");
  const other = Object.entries({ coverage, watch, filter }).find(([, value]) => value !== undefined)?.[0];
  if (other !== undefined) throw new UsageError(`--mutate runs all cases, once and for all; leave out --${other}`);
  return format;
}

async function results(runner: SuiteRunner, policy: string, suites: readonly CheckedSuite[]) {
  try {
    return await tryMutations(runner, mutationSubject(policy, suites));
  } catch (error) {
    throw error instanceof FailingCase ? new EnvironmentError(error.message) : error;
  }
}
