import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../cli/files.js";
import { check, checkText, compile, EnvironmentError, targets, test } from "./index.js";

// What the same functions give once they are packed and installed is in test/package.test.ts.

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-api-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** The quickstart in a folder of its own, with something else in the place of a text. */
function quickstart(name: "policy.yaml" | "policy.test.yaml" = "policy.yaml", from = "", to = ""): string {
  const here = mkdtempSync(join(folder, "case-"));
  cpSync(join(packageRoot(), "examples/quickstart"), here, { recursive: true });
  const text = readFileSync(join(here, name), "utf8");
  expect(text).toContain(from);
  writeFileSync(join(here, name), text.replace(from, to));
  return join(here, name);
}

describe("check", () => {
  it("gives findings with their places, and what is silenced apart", () => {
    const unused = "  reports: { endpoints: [127.0.0.1:9002] }\n";
    const found = check(quickstart("policy.yaml", unused, `${unused}  spare: { endpoints: [127.0.0.1:9003] }\n`));
    expect(found).toMatchObject({ ok: true, suppressed: [] });
    const [{ line = 0, column = 0 } = {}] = found.findings;
    expect(found.findings).toMatchObject([{ severity: "warning", code: "SL0607", line: 11, column: 3, related: [] }]);
    const comment = "  # sluice-ignore: SL0607 it comes next week\n";
    const path = quickstart("policy.yaml", unused, `${unused}${comment}  spare: { endpoints: [127.0.0.1:9003] }\n`);
    expect(check(path)).toMatchObject({
      ok: true,
      findings: [],
      suppressed: [
        { code: "SL0607", line: line + 1, column, file: path, suppressed: { reason: "it comes next week" } },
      ],
    });
  });

  it("takes a file of tests with its policy", () => {
    const { ok, files, findings } = check(
      quickstart("policy.test.yaml", "decidedBy: partners-only", "decidedBy: nobody"),
    );
    expect([ok, files.length]).toEqual([false, 2]);
    expect(findings.map(({ severity }) => severity)).toEqual(["error"]);
  });

  it("shows no secret", () => {
    const { findings } = check(quickstart("policy.yaml", "env:ACME_KEY", "a-key-that-nobody-may-see"));
    expect(findings.length).toBeGreaterThan(0);
    expect(JSON.stringify(findings)).not.toContain("nobody-may-see");
  });

  it("throws where nothing can be read", () => {
    const device = join(folder, "empty");
    mkdirSync(device);
    for (const path of [join(folder, "absent.yaml"), device, "/dev/null", join("/dev/null", "below")])
      expect(() => check(path), path).toThrow(EnvironmentError);
  });
});

describe("checkText", () => {
  const policy = readFileSync(join(packageRoot(), "examples/quickstart/policy.yaml"), "utf8");

  it("reads no file", () => {
    expect(checkText(policy)).toEqual({ ok: true, findings: [], suppressed: [], files: ["policy.yaml"] });
    const including = `${policy}\ninclude: [more.yaml]\n`;
    expect(checkText(including, { path: "shop/policy.yaml" }).findings).toMatchObject([
      { severity: "error", file: "shop/policy.yaml" },
    ]);
    const more = "apiVersion: sluice/v1\nkind: Fragment\nservices:\n  spare: { endpoints: [127.0.0.1:9003] }\n";
    expect(checkText(including, { path: "shop/policy.yaml", files: { "more.yaml": more } })).toMatchObject({
      ok: true,
      findings: [{ file: "shop/more.yaml", line: 4, severity: "warning" }],
      files: ["shop/policy.yaml", "shop/more.yaml"],
    });
  });
});

describe("compile", () => {
  it("gives what the command writes", async () => {
    const { ok, artifacts } = await compile(join(packageRoot(), "examples/quickstart/policy.yaml"), {
      target: "envoy",
    });
    const golden = readFileSync(join(packageRoot(), "examples/quickstart/golden/envoy.yaml"), "utf8");
    const guard = readFileSync(join(packageRoot(), "dist/modules/guard.wasm"));
    expect([ok, targets]).toEqual([true, ["envoy", "envoy-gateway", "istio"]]);
    expect(artifacts.map(({ path }) => path)).toEqual(["envoy.yaml", "modules/guard.wasm", "sluice.lock.json"]);
    expect(artifacts[0]?.contents).toBe(golden);
    expect(guard.equals(Buffer.from(artifacts[1]?.contents ?? ""))).toBe(true);
  });

  it("writes the access log that is asked for", async () => {
    const path = quickstart();
    const log = join(folder, "requests.log");
    const [plain, logged] = await Promise.all([compile(path), compile(path, { accessLog: log })]);
    expect(plain.artifacts[0]?.contents).not.toContain(log);
    expect(logged.artifacts[0]?.contents).toContain(log);
  });

  it("gives nothing of a policy with an error, and refuses a target that is not there", async () => {
    const broken = quickstart("policy.yaml", "auth.tier ==", "auth.teir ==");
    expect(await compile(broken)).toMatchObject({ ok: false, artifacts: [], findings: [{ code: "SL0506" }] });
    await expect(compile(quickstart(), { target: "nginx" })).rejects.toThrow(RangeError);
  });
});

describe("test", () => {
  it("tells what failed and where", async () => {
    const path = quickstart("policy.test.yaml", "status: 401", "status: 402");
    const { ok, summary, files, coverage } = await test(path);
    expect([ok, summary, coverage]).toEqual([false, { passed: expect.any(Number), failed: 1, notRun: 0 }, undefined]);
    const failed = files.flatMap(({ cases }) => cases.filter(({ outcome }) => outcome === "failed"));
    expect(failed).toMatchObject([
      {
        engines: ["embedded"],
        failure: {
          on: "embedded",
          differences: [{ place: `${path}:18:63`, what: "status", expected: "402", actual: "401" }],
        },
      },
    ]);
  });

  it("runs the cases that are chosen", async () => {
    const path = quickstart();
    const tests = join(path, "..");
    const all = await test(tests);
    const one = await test([tests], { filter: "the free tier does not", coverage: true });
    const same = await test(tests, { filter: (name) => name === "the free tier does not" });
    expect([one.summary.passed, same.summary]).toEqual([1, one.summary]);
    expect(all.summary.passed).toBeGreaterThan(1);
    expect(one.coverage).toMatchObject([{ policy: path, counts: { route: { all: 3, covered: 1 } } }]);
    await expect(test(tests, { filter: () => false })).rejects.toThrow("no case passes the filter");
  });

  it("runs nothing where a finding is an error", async () => {
    const path = quickstart("policy.yaml", "auth.tier ==", "auth.teir ==");
    expect(await test(join(path, "../policy.test.yaml"))).toEqual({
      ok: false,
      findings: [
        expect.objectContaining({ code: "SL0802", file: join(path, "../policy.test.yaml") }),
        expect.objectContaining({ code: "SL0506", file: path }),
      ],
      summary: { passed: 0, failed: 0, notRun: 0 },
      files: [],
    });
  });

  it("says so if there is no Envoy, and fetches none", async () => {
    const before = process.env.SLUICE_ENVOY;
    process.env.SLUICE_ENVOY = join(folder, "no-envoy");
    try {
      await expect(test(join(quickstart(), ".."), { engine: "envoy" })).rejects.toThrow(EnvironmentError);
    } finally {
      if (before === undefined) delete process.env.SLUICE_ENVOY;
      else process.env.SLUICE_ENVOY = before;
    }
  });
});
