import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { moduleBytes } from "../../../compiler/cli/files.js";
import type { GatewayPlan } from "../../../compiler/plan/plan.js";
import { SuiteRunner } from "../../../compiler/testing/run.js";
import { requireEnvoy } from "../../support/envoy.js";
import { casesOf } from "../../support/suites.js";
import { planOf } from "./serve.js";

/**
 * Runs test cases as `sluice test --engine both` does: each must come out as it says in the embedded host and in a real Envoy, and
 * both must agree in all that is seen.
 *
 * @param cases bodies of test cases, without their names
 * @param upstreams the section of that name, if any
 * @param body a module that converts bodies, in place of the one that is shipped
 */
export async function passOnBoth(
  policy: string | GatewayPlan,
  cases: readonly string[],
  upstreams = "",
  body?: Uint8Array,
): Promise<void> {
  const suite = casesOf(upstreams, cases);
  const runner = new SuiteRunner({
    guard: await moduleBytes("guard.wasm"),
    body: body ?? (await moduleBytes("body.wasm")),
  });
  const work = await workFolder();
  try {
    if (body !== undefined) await writeFile(join(work.path, "modules", "body.wasm"), body);
    const place = { envoy: await requireEnvoy(), folder: work.path };
    const results = await runner.run(suite, typeof policy === "string" ? planOf(policy) : policy, {
      envoy: { place, compare: true, now: Date.now() },
    });
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
    await work.remove();
  }
}
