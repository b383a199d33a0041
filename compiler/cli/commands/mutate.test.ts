import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";
import { packageRoot } from "../files.js";
import { mutateCommand } from "./mutate.js";
import type { TestOptions } from "./test.js";

let folder = "";
let stdout = "";
let stderr = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sluice-mutate-"));
  cpSync(join(packageRoot(), "examples/quickstart"), folder, { recursive: true });
  stdout = "";
  stderr = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    stdout += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    stderr += String(text);
    return true;
  });
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

function run(options: Partial<TestOptions> = {}): Promise<number> {
  return mutateCommand([folder], { format: "text", engine: "embedded", ...options });
}

function edit(file: string, from: string | RegExp, to: string): void {
  const path = join(folder, file);
  const text = readFileSync(path, "utf8");
  expect(text).toMatch(from);
  writeFileSync(path, text.replace(from, to));
}

/** Takes the case away that shows who may not see reports. */
function forget(): void {
  edit("policy.test.yaml", / {2}- name: and for nobody else\n(?: {4}.*\n)+/, "");
}

const document = z.object({
  policies: z.array(
    z.object({
      policy: z.string(),
      summary: z.record(z.string(), z.number()),
      unnoticed: z.array(z.object({ place: z.string(), operator: z.string(), change: z.string() })),
    }),
  ),
});

describe("sluice test --mutate", () => {
  it("ends with 0 where a case notices each change", async () => {
    expect([await run(), stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(
      /^\S+policy\.yaml: \d+ changes, 0 unnoticed: \d+ make a case fail, \d+ are refused by check, 6 are of what no test can see\n$/,
    );
  });

  it("shows each change that no case notices at its line, and ends with 1", async () => {
    forget();
    expect([await run(), stderr]).toEqual([1, ""]);
    expect(stdout).toContain(
      [
        `${join(folder, "policy.yaml")}:30:28: unnoticed: always-true: it becomes \`true\``,
        `  30 |         - { name: finance, allow: '"finance" in auth.groups' }`,
        `     |                            ${"^".repeat(33)}`,
        "",
      ].join("\n"),
    );
  });

  it("gives the same as JSON", async () => {
    forget();
    expect(await run({ format: "json" })).toBe(1);
    const { policies } = document.parse(JSON.parse(stdout));
    const [only] = policies;
    expect(policies.map(({ policy }) => policy)).toEqual([join(folder, "policy.yaml")]);
    expect(only?.summary).toMatchObject({ unobservable: 6, unnoticed: only?.unnoticed.length });
    const { changes, failing, refused, unobservable, unnoticed } = only?.summary ?? {};
    expect(changes).toBe([failing, refused, unobservable, unnoticed].reduce((sum, one) => (sum ?? 0) + (one ?? 0), 0));
    expect(only?.unnoticed).toContainEqual({
      place: `${join(folder, "policy.yaml")}:30:28`,
      operator: "always-true",
      change: "it becomes `true`",
    });
  });

  it("takes all files of tests about one policy together", async () => {
    const cases = readFileSync(join(folder, "policy.test.yaml"), "utf8");
    forget();
    const head = cases.slice(0, cases.indexOf("cases:\n"));
    const one = / {2}- name: and for nobody else\n(?: {4}.*\n)+/.exec(cases)?.[0] ?? "";
    writeFileSync(join(folder, "reports.test.yaml"), `${head}cases:\n${one}`);
    expect(await run()).toBe(0);
    expect(stdout.split("\n")).toHaveLength(2);
  });

  it("changes nothing where a case fails anyway, or the policy has an error", async () => {
    edit("policy.test.yaml", "status: 401", "status: 402");
    await expect(run()).rejects.toThrow(/policy\.test\.yaml:\d+:\d+: the case fails before anything is changed: /);
    edit("policy.yaml", "auth.consumer", "auth.consumr");
    expect([await run(), stdout]).toEqual([1, ""]);
    expect(stderr).toContain("error SL0506");
  });

  it.each<[Partial<TestOptions>, string]>([
    [{ format: "junit" }, "--mutate has no cases for JUnit"],
    [{ engine: "both" }, "on the embedded host only"],
    [{ coverage: true }, "leave out --coverage"],
    [{ watch: true }, "leave out --watch"],
    [{ filter: "a" }, "leave out --filter"],
  ])("with %j is wrong usage", async (options, says) => {
    await expect(run(options)).rejects.toThrow(says);
  });
});
