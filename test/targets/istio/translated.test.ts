import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { workFolder } from "../../../compiler/cli/envoy.js";
import { embeddedModules, packageRoot } from "../../../compiler/cli/files.js";
import { compile, loadTestFile } from "../../../compiler/index.js";
import { SuiteRunner } from "../../../compiler/testing/run.js";
import { requireEnvoy } from "../../support/envoy.js";
import { expectGolden } from "../../support/golden.js";
import { guardText, listenerNames, translatedBootstrap, translationOf } from "../../support/istio.js";

// The policy tests of the examples, in an Envoy that has what istiod makes of the compiled resources.

const here = join(packageRoot(), "test", "targets", "istio", "policies");
const subjects = [join(packageRoot(), "examples"), here]
  .flatMap((folder) => readdirSync(folder).map((name) => ({ name, folder: join(folder, name) })))
  .filter(({ folder }) => folder.startsWith(here) || existsSync(goldenOf(folder)));

function goldenOf(folder: string): string {
  return join(folder, "golden", "istio.yaml");
}

let runner: SuiteRunner;
beforeAll(async () => {
  runner = new SuiteRunner(await embeddedModules());
});

describe.each(subjects)("$name", ({ name: example, folder }) => {
  const path = relative(process.cwd(), join(folder, "policy.test.yaml"));
  const { ready } = loadTestFile(path) ?? {};
  if (ready === undefined) throw new Error(`${path} cannot be read`);
  const { suite, plan } = ready;

  if (folder.startsWith(here))
    it("compiles to its golden file", async () => {
      const { emission } = await compile(relative(process.cwd(), join(folder, "policy.yaml")), "istio");
      expectGolden(goldenOf(folder), emission?.artifacts[0]?.contents ?? "");
    });

  it("was translated as it is compiled today; npm run translate:istio does it anew", () => {
    const golden = readFileSync(goldenOf(folder));
    expect(translationOf(example).resources).toBe(createHash("sha256").update(golden).digest("hex"));
  });

  it("has every listener, and the guard as it was written", () => {
    const { listeners, extensions } = translationOf(example);
    expect(listeners.map(({ name }) => name)).toEqual(listenerNames(plan));
    const texts = extensions.map(({ typed_config }) => typed_config.config.configuration.value);
    expect(texts.map((text) => JSON.parse(text))).toEqual([JSON.parse(guardText(plan))]);
  });

  it("passes its policy tests", async () => {
    const work = await workFolder();
    try {
      const place = {
        envoy: await requireEnvoy(),
        folder: work.path,
        instead: { bootstrap: translatedBootstrap(translationOf(example)), routeName: (name: string) => name },
      };
      const results = await runner.run(suite, plan, {
        envoy: { place, compare: true, now: Date.now() },
      });
      const replayed = results.filter(({ engines }) => engines.includes("envoy"));
      expect(replayed.length).toBeGreaterThan(0);
      const failed = results.filter(({ outcome }) => outcome !== "passed");
      const seen = failed.map(({ name, reason, failure }) => [
        name,
        reason ?? failure?.differences.map(shown).join("; "),
      ]);
      expect(seen).toEqual([]);
    } finally {
      await work.remove();
    }
  });
});

function shown({ what, expected, actual }: { what: string; expected: string; actual: string }): string {
  return `${what}: ${actual}, not ${expected}`;
}
