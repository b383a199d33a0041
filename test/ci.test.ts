import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { load } from "js-yaml";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { packageRoot } from "../compiler/cli/files.js";
import { runCommand } from "../compiler/runtime/command.js";
import { readAction } from "./ci/action.js";
import { MISSPELT, type Project, project, WEAKER } from "./ci/project.js";
import { runAction } from "./ci/runner.js";

// The files for the CI of others, with their own commands, on a policy that passes and on ones that do not.

const root = packageRoot();
const read = (path: string) => readFileSync(join(root, path), "utf8");

/** The package as it is installed elsewhere; setup has built what is in it. */
let packages = "";
let tarball = "";
beforeAll(async () => {
  packages = mkdtempSync(join(tmpdir(), "sluice-package-"));
  const result = await runCommand("npm", ["pack", "--ignore-scripts", "--pack-destination", packages], {
    cwd: root,
    timeoutMs: 100_000,
  });
  expect(result).toMatchObject({ code: 0 });
  tarball = join(packages, readdirSync(packages)[0] ?? "");
});
afterAll(() => rmSync(packages, { recursive: true }));

let shop: Project;
let temporary = "";
beforeEach(() => {
  shop = project();
  temporary = mkdtempSync(join(tmpdir(), "sluice-runner-"));
});
afterEach(() => {
  shop.clear();
  rmSync(temporary, { recursive: true });
});

describe("the action", () => {
  const action = readAction();
  const run = (inputs: Record<string, string> = {}, env: Record<string, string> = {}) =>
    runAction({ workspace: shop.at(), temporary, inputs, env });
  const outcomes = ({ steps }: Awaited<ReturnType<typeof run>>) =>
    Object.fromEntries(steps.map(({ name, outcome }) => [name, outcome]));
  const outputOf = ({ steps }: Awaited<ReturnType<typeof run>>, step: string) =>
    steps.find(({ name }) => name === step)?.output ?? "";

  it("uses each of its inputs, and no text of theirs as a command", () => {
    const { steps } = action.runs;
    const used = [...JSON.stringify(steps).matchAll(/inputs\.([a-z-]+)/g)].map(([, name]) => name);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(action.inputs).toSorted());
    expect(steps.filter((step) => "run" in step && step.run.includes("${{"))).toEqual([]);
  });

  it("passes with a policy that is right, and keeps what it found", async () => {
    await shop.compile();
    const done = await run({ compiled: "policy.yaml --out build" });
    expect(outcomes(done)).toEqual({
      "Find or install sluice": "success",
      Check: "success",
      Test: "success",
      "Compare with what was compiled": "success",
    });
    expect(outputOf(done, "Test")).toBe("policy.test.yaml: 17 passed\n");
    const sarif = JSON.parse(readFileSync(done.outputs.sarif ?? "", "utf8"));
    expect(sarif).toMatchObject({ version: "2.1.0", runs: [{ results: [] }] });
    expect(readFileSync(done.outputs.junit ?? "", "utf8")).toContain('tests="17" failures="0"');
    expect(done.used).toEqual({
      "github/codeql-action/upload-sarif@v3": { sarif_file: done.outputs.sarif, category: "sluice" },
      "actions/upload-artifact@v4": { name: "sluice", path: join(temporary, "sluice-reports") },
    });
    expect(done.summary).toBe("");
  });

  it("fails by a finding, as an annotation and as SARIF that is still uploaded", async () => {
    shop.change("policy.yaml", ...MISSPELT);
    const done = await run({ files: "policy.yaml", tests: "" });
    expect(outcomes(done)).toMatchObject({ Check: "failure", Test: "skipped" });
    expect(outputOf(done, "Check")).toMatch(
      /^::error file=policy\.yaml,line=51,endLine=51,col=\d+,endColumn=\d+,title=SL0\d+::/,
    );
    const sarif = JSON.parse(readFileSync(done.outputs.sarif ?? "", "utf8"));
    expect(sarif.runs[0].results).toHaveLength(1);
    expect(Object.keys(done.used)).toHaveLength(2);
  });

  it("fails by a warning where it is told to", async () => {
    shop.change(
      "policy.yaml",
      "  finance-only:",
      "  unused:\n    authorize:\n      rules: [{ name: a, allow: 'true' }]\n  finance-only:",
    );
    expect(outcomes(await run({ files: "policy.yaml" })).Check).toBe("success");
    expect(outcomes(await run({ files: "policy.yaml", "fail-on": "warning" })).Check).toBe("failure");
  });

  it("fails by a test, which stands in the summary", async () => {
    shop.change("policy.yaml", ...WEAKER);
    const done = await run({ "upload-sarif": "false", "report-name": "" });
    expect(outcomes(done)).toMatchObject({ Check: "success", "Upload the findings": "skipped", Test: "failure" });
    expect(done.summary).toMatch(/^```text\npolicy\.test\.yaml: \d+ passed, \d+ failed\n[\s\S]*\n```\n$/);
    expect(readFileSync(done.outputs.junit ?? "", "utf8")).toMatch(/<failure /);
    expect(done.used).toEqual({});
  });

  it("fails where what was compiled is of another policy, and looks at each line", async () => {
    await shop.compile();
    const lines = "policy.yaml --out build\n\n  policy.yaml --out other\n";
    const missing = await run({ compiled: lines });
    expect(outcomes(missing)["Compare with what was compiled"]).toBe("failure");
    expect(outputOf(missing, "Compare with what was compiled")).not.toContain("file=build/");
    shop.change("policy.yaml", ...WEAKER);
    const old = await run({ compiled: lines });
    const said = outputOf(old, "Compare with what was compiled");
    expect(said).toContain("::error file=build/sluice.lock.json");
    expect(said).toContain("file=other/");
  });

  it("takes paths with lines between, from another folder, and executes none of them", async () => {
    const { inputs } = action;
    expect(inputs["working-directory"]?.default).toBe(".");
    mkdirSync(shop.at("sub"));
    const done = await runAction({
      workspace: shop.at("sub"),
      temporary,
      inputs: { "working-directory": "..", files: "policy.yaml\n  policy.test.yaml\n", tests: "policy.test.yaml" },
    });
    expect(outcomes(done)).toMatchObject({ Check: "success", Test: "success" });
    const hostile = "policy.yaml;touch\tpwned $(touch\tpwned) `touch\tpwned` *";
    await run({ files: hostile, tests: hostile, compiled: hostile, "fail-on": "error; touch pwned" });
    expect(existsSync(shop.at("pwned"))).toBe(false);
  });

  it("installs the version that is asked for, or its own", async () => {
    rmSync(shop.at("node_modules"), { recursive: true });
    const done = await run({ version: tarball });
    expect(outcomes(done)).toMatchObject({ "Find or install sluice": "success", Check: "success", Test: "success" });
    expect(existsSync(join(temporary, "sluice/bin/sluice"))).toBe(true);
    // An npm that only says what it is asked for.
    writeFileSync(shop.at("npm"), '#!/bin/sh\necho "npm $*"\nexit 1\n');
    chmodSync(shop.at("npm"), 0o755);
    const asked = async (version: string) => {
      const failed = await run({ version }, { PATH: `${shop.at()}:${process.env.PATH}` });
      expect(outcomes(failed)).toMatchObject({
        "Find or install sluice": "failure",
        Check: "skipped",
        Test: "skipped",
      });
      expect(failed.used).toEqual({});
      return outputOf(failed, "Find or install sluice").trim().split(" ").at(-1);
    };
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(read("package.json")));
    expect(await asked("")).toBe(`sluicegate@${version}`);
    expect(await asked("1.2.3")).toBe("sluicegate@1.2.3");
  });

  it("is used as it is by the workflow to paste", () => {
    const workflow = z
      .strictObject({
        name: z.string(),
        on: z.strictObject({ push: z.object({ branches: z.array(z.string()) }), pull_request: z.null() }),
        permissions: z.record(z.string(), z.enum(["read", "write"])),
        jobs: z.record(
          z.string(),
          z.strictObject({
            "runs-on": z.string(),
            steps: z.array(z.strictObject({ uses: z.string(), with: z.record(z.string(), z.unknown()).optional() })),
          }),
        ),
      })
      .parse(load(read("ci/github-workflow.yaml")));
    expect(workflow.permissions).toEqual({ contents: "read", "security-events": "write" });
    const step = workflow.jobs.sluice?.steps.at(-1);
    expect(step?.uses).toMatch(/\/sluice@v0\.1\.0$/);
    expect(Object.keys(step?.with ?? {}).filter((name) => action.inputs[name] === undefined)).toEqual([]);
  });
});

describe("the jobs of GitLab", () => {
  const reports = z.strictObject({ codequality: z.string() }).or(z.strictObject({ junit: z.string() }));
  const jobSchema = z.strictObject({
    extends: z.literal(".sluice"),
    script: z.array(z.string()),
    artifacts: z.strictObject({ when: z.literal("always"), reports }).optional(),
    rules: z.array(z.strictObject({ exists: z.array(z.string()) })).optional(),
  });
  const pipeline = z
    .strictObject({
      variables: z.record(z.string(), z.string()),
      ".sluice": z.strictObject({ image: z.string(), stage: z.string(), before_script: z.array(z.string()) }),
      "sluice-check": jobSchema,
      "sluice-test": jobSchema,
      "sluice-compiled": jobSchema,
    })
    .parse(load(read("ci/gitlab-ci.yaml")));

  /** As the runner of GitLab does: one shell for all commands, which ends at the first that fails. */
  async function job(name: "sluice-check" | "sluice-test" | "sluice-compiled", variables: Record<string, string> = {}) {
    const script = ["set -eo pipefail", ...pipeline[".sluice"].before_script, ...pipeline[name].script].join("\n");
    const own = { SLUICE_PACKAGE: tarball, CI_BUILDS_DIR: temporary, PATH: process.env.PATH, HOME: process.env.HOME };
    const result = await runCommand("bash", ["-c", script], {
      cwd: shop.at(),
      env: { ...pipeline.variables, ...own, ...variables },
      timeoutMs: 50_000,
    });
    if (result.kind !== "ended") throw new Error(JSON.stringify(result));
    return { code: result.code, output: `${result.stdout}${result.stderr}` };
  }
  const made = (path: string) => readFileSync(shop.at(path), "utf8");

  it("pass with a policy that is right, and leave their reports", async () => {
    await shop.compile();
    expect(await job("sluice-check")).toMatchObject({ code: 0 });
    expect(made("sluice-findings.json")).toBe("[]\n");
    expect(await job("sluice-test")).toMatchObject({ code: 0 });
    expect(made("sluice-tests.xml")).toContain('tests="17" failures="0"');
    expect(await job("sluice-compiled")).toMatchObject({ code: 0, output: expect.stringContaining("none wrong") });
    expect(pipeline["sluice-check"].artifacts?.reports).toEqual({ codequality: "sluice-findings.json" });
    expect(pipeline["sluice-test"].artifacts?.reports).toEqual({ junit: "sluice-tests.xml" });
    expect(pipeline["sluice-compiled"].rules).toEqual([{ exists: ["$SLUICE_COMPILED/sluice.lock.json"] }]);
  });

  it("fail with one that is not, and leave them too", async () => {
    await shop.compile();
    shop.change("policy.yaml", ...WEAKER);
    const tests = await job("sluice-test");
    expect(tests).toMatchObject({ code: 1, output: expect.stringMatching(/\d+ passed, \d+ failed/) });
    expect(made("sluice-tests.xml")).toContain("<failure ");
    expect(await job("sluice-compiled")).toMatchObject({ code: 1, output: expect.stringContaining("SL1002") });
    shop.change("policy.yaml", ...MISSPELT);
    expect(await job("sluice-check", { SLUICE_FILES: "policy.yaml" })).toMatchObject({ code: 1 });
    expect(JSON.parse(made("sluice-findings.json"))).toMatchObject([
      { severity: "critical", location: { path: "policy.yaml", lines: { begin: 51 } } },
    ]);
  });
});
