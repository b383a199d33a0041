import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { moduleBytes, modulesFolder } from "../../../compiler/cli/files.js";
import { readDocument } from "../../../compiler/syntax/document.js";
import { SourceFile } from "../../../compiler/syntax/source.js";
import { checkSuite } from "../../../compiler/testing/check.js";
import { SuiteRunner } from "../../../compiler/testing/run.js";
import { requireEnvoy } from "../../support/envoy.js";
import { planOf } from "./serve.js";

/**
 * Runs test cases as `sluice test --engine both` does: each must come out as it says in the embedded host and in a real Envoy, and
 * both must agree in all that is seen.
 *
 * @param cases bodies of test cases, without their names
 * @param upstreams the section of that name, if any
 */
export async function passOnBoth(policy: string, cases: readonly string[], upstreams = ""): Promise<void> {
  const named = cases.map((body, index) => `  - { name: case ${index + 1}, ${body} }\n`).join("");
  const text = `apiVersion: sluice/v1\nkind: Test\npolicy: policy.yaml\n${upstreams}cases:\n${named}`;
  const { root, diagnostics: unread } = readDocument(new SourceFile("policy.test.yaml", text));
  if (root?.kind !== "map") throw new Error(JSON.stringify(unread));
  const { checked, diagnostics } = checkSuite(root);
  expect(diagnostics).toEqual([]);
  if (checked === undefined) throw new Error("no suite");
  const runner = new SuiteRunner(await moduleBytes("guard.wasm"));
  const folder = await mkdtemp(join(tmpdir(), "sluice-both-"));
  try {
    await cp(modulesFolder(), join(folder, "modules"), { recursive: true });
    const place = { envoy: await requireEnvoy(), folder };
    const results = await runner.run(checked, planOf(policy), { envoy: { place, compare: true, now: Date.now() } });
    const shown = results.map(({ outcome, engines, failure }, index) => ({
      case: cases[index],
      outcome,
      engines,
      failure,
    }));
    expect(shown).toEqual(
      cases.map((body) => ({ case: body, outcome: "passed", engines: ["embedded", "envoy"], failure: undefined })),
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
