import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { renderText } from "../../compiler/diagnostics/render/text.js";
import { checkText } from "../../compiler/index.js";
import { runCommand } from "../../compiler/runtime/command.js";
import { policyText, shapeNames } from "./compile-shapes.mjs";

describe("the shapes of large files", () => {
  // `weaker` is about what is found.
  it.each(shapeNames.filter((name) => name !== "weaker"))("%s has no finding", (name) => {
    const { plan, diagnostics } = checkText("policy.yaml", policyText(name, 130, 20));
    expect(renderText(diagnostics, { color: false })).toBe("");
    expect(plan?.hosts.flatMap((host) => host.routes).length).toBeGreaterThanOrEqual(130);
  });

  it("weaker has as many findings as there are shown", () => {
    const { plan, diagnostics } = checkText("policy.yaml", policyText("weaker", 130, 20));
    expect(plan).toBeDefined();
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(["SL0310", "SL0319"]));
  });
});

describe("npm run bench:compile", () => {
  const script = fileURLToPath(new URL("compile.mjs", import.meta.url));
  const run = (...args: string[]) => runCommand(process.execPath, [script, ...args], { timeoutMs: 100_000 });

  it("reports time, memory and growth of each shape", { timeout: 120_000 }, async () => {
    const result = await run("--routes", "20,40,80", "--policies", "5", "--shapes", "deep,hosts");
    const errors = result.kind === "absent" ? result.reason : result.stderr;
    expect(result, errors).toMatchObject({ kind: "ended", code: 0 });
    const output = result.kind === "ended" ? result.stdout : "";
    expect(output).toMatch(/^deep( +\d+\.\d\d s \(\d+\.\d\d\) \d+ MiB){3} +\S+ +all under/m);
    expect(output).toMatch(/^hosts /m);
  });

  it("refuses options that make no sense", async () => {
    expect(await run("--shapes", "round")).toMatchObject({ kind: "ended", code: 3 });
    expect(await run("--routes", "many")).toMatchObject({ kind: "ended", code: 3 });
  });
});
