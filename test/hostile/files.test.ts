import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../compiler/cli/files.js";
import { compile } from "../../compiler/index.js";
import { expectGolden } from "../support/golden.js";
import { Folders, limited, type Outcome } from "./command.js";
import { expressions } from "./expressions.js";
import { includes } from "./includes.js";
import { names } from "./names.js";
import { GOOD, type Row } from "./row.js";
import { scalars } from "./scalars.js";
import { sizes } from "./sizes.js";
import { substitutions } from "./substitutions.js";
import { yaml } from "./yaml.js";

/** Whatever is in a file, it is the author's fault, and told as such. */
function expectFindingsOnly({ code, signal, stdout, stderr }: Outcome, name = ""): void {
  const output = `${stdout}${stderr}`;
  expect([name, signal, /^ +at .*|internal error[\s\S]{0,1000}|FATAL[\s\S]{0,1000}/m.exec(output)]).toEqual([
    name,
    null,
    null,
  ]);
  expect([name, code]).toEqual([name, code === 0 ? 0 : 1]);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
  const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u2028-\u202e\u2060-\u206f\ufeff]|\u{e0041}/u;
  expect([name, unseen.exec(output)]).toEqual([name, null]);
}

function golden(name: string): string {
  return join(packageRoot(), "test", "hostile", "findings", `${name}.txt`);
}

async function withFolders(rows: readonly Row[], use: (folders: Folders) => Promise<void>): Promise<void> {
  const folders = await Folders.of(rows);
  try {
    await use(folders);
  } finally {
    await folders.clear();
  }
}

describe("hostile files", () => {
  const tables = { yaml, scalars, names, expressions, substitutions, includes };
  it.each(Object.entries(tables))("%s: each gives its findings and nothing else", async (table, rows) => {
    await withFolders(rows, async (folders) => {
      const machine = await limited(["check", "--format", "json", ...folders.policies], folders.root, 60);
      expectFindingsOnly(machine);
      expectGolden(golden(table), folders.told(machine.stdout));
      const people = await limited(["check", ...folders.policies], folders.root, 60);
      expectFindingsOnly(people);
      expect([machine.code, people.code]).toEqual([1, 1]);
    });
  });

  it.each(Object.entries(tables))("%s: what is accepted compiles to what Envoy takes", async (_, rows) => {
    await withFolders(rows, async (folders) => {
      for (const policy of folders.policies) {
        const { emission, diagnostics } = await compile(join(folders.root, policy), "envoy");
        expect(diagnostics.filter(({ code }) => code.startsWith("SL09"))).toEqual([]);
        expect(emission === undefined).toBe(diagnostics.some(({ severity }) => severity === "error"));
      }
    });
  });
});

/** One after the other, so that none takes the memory or the time of another. */
it("large files, too, give their findings with little memory and time", { timeout: 600_000 }, async () => {
  const told: string[] = [];
  for (const row of sizes)
    await withFolders([row], async (folders) => {
      const args = ["compile", "0/policy.yaml", "--format", "json", "--out", "out"];
      const outcome = await limited(args, folders.root, 20);
      expectFindingsOnly(outcome, row.name);
      expect(existsSync(join(folders.root, "out")), row.name).toBe(outcome.code === 0);
      told.push(folders.told(outcome.stdout));
    });
  expectGolden(golden("sizes"), told.join(""));
});

it("fixes that do no good come to an end, however many there are", async () => {
  const routes = Array.from(
    { length: 4_000 },
    (_, index) => `  - { name: r${index}, match: { path: /r${index} }, to: orders, Timeout: 5 }\n`,
  );
  await withFolders([{ name: "fixes", policy: `${GOOD}${routes.join("")}` }], async (folders) => {
    const outcome = await limited(["check", "--fix", "0/policy.yaml"], folders.root, 120);
    expectFindingsOnly(outcome);
    expect(outcome.stderr).toContain("4000 errors");
  });
});
