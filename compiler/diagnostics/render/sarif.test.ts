import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { z } from "zod";
import { SourceFile, type Span } from "../../syntax/source.js";
import { diagnose } from "../diagnostic.js";
import { reportOf } from "../report.js";
import { renderSarif } from "./sarif.js";

const SCHEMA = createRequire(import.meta.url).resolve("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json");

/** The schema of SARIF 2.1.0; the published erratum adds that a region says where it is. */
function schema(): Record<string, unknown> {
  const parsed = z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(SCHEMA, "utf8")));
  const { $schema: _draft, id: _id, ...rest } = parsed;
  const definitions = z.record(z.string(), z.record(z.string(), z.unknown())).parse(rest.definitions);
  return { ...rest, definitions: { ...definitions, region: { ...definitions.region, required: ["startLine"] } } };
}

const validate = new Ajv({ strict: false, allErrors: true, validateFormats: false, unicodeRegExp: false }).compile(
  schema(),
);

const run = z.object({
  columnKind: z.string(),
  tool: z.object({
    driver: z.object({ rules: z.array(z.object({ id: z.string(), help: z.object({ text: z.string() }) })) }),
  }),
  results: z.array(z.record(z.string(), z.unknown())),
  invocations: z.array(z.object({ executionSuccessful: z.boolean() })),
  artifacts: z.array(z.object({ location: z.object({ uri: z.string() }) })),
});

function logOf(text: string): z.output<typeof run> {
  const log: unknown = JSON.parse(text);
  expect(validate(log) ? [] : validate.errors).toEqual([]);
  const [first] = z.object({ runs: z.array(run) }).parse(log).runs;
  if (first === undefined) throw new Error("there is no run");
  return first;
}

const source = new SourceFile("dir/a b.yaml", 'a: 1\n"日本": x\n- apiKey: hunter2secret\n');
const at = (part: string): Span => {
  const start = source.text.indexOf(part);
  return { source, start, end: start + part.length };
};

test("the schema refuses what is no log", () => {
  for (const bad of [{}, { version: "2.1.0", runs: [{}] }, { version: "2.0.0", runs: [] }])
    expect(validate(bad)).toBe(false);
});

test("is a valid log without findings, and when a file could not be read", () => {
  const empty = logOf(renderSarif(reportOf([], { files: ["p.yaml"] }), "1.2.3"));
  expect(empty).toMatchObject({ results: [], invocations: [{ executionSuccessful: true }] });
  const unread = logOf(renderSarif(reportOf([], { unread: [{ path: "/x/p.yaml", reason: "no such file" }] }), "1.2.3"));
  expect(unread.invocations).toEqual([{ executionSuccessful: false }]);
});

test("has places in UTF-16 code units, rules with help, related places, fixes and suppressions", () => {
  const finding = diagnose("SL0013", { type: "a number" }, at('"日本"'), {
    related: [{ message: "first\u202e here", span: at("a:") }],
    fix: { title: "write `b`", safe: true, edits: [{ span: at("日本"), newText: "b" }] },
  });
  const silenced = diagnose("SL0403", { policy: "p" }, at("a:"));
  const report = reportOf([finding], {
    files: ["other.yaml"],
    suppressed: [{ diagnostic: silenced, reason: "later" }],
  });
  const { columnKind, tool, results, artifacts } = logOf(renderSarif(report, "1.2.3"));
  expect(columnKind).toBe("utf16CodeUnits");
  expect(tool.driver.rules.map((rule) => rule.id)).toEqual(["SL0013", "SL0403"]);
  expect(tool.driver.rules[0]?.help.text).toContain('"404": not found   # right');
  expect(artifacts.map(({ location }) => location.uri)).toEqual(["other.yaml", "dir/a%20b.yaml"]);
  const artifactLocation = { uri: "dir/a%20b.yaml", index: 1 };
  expect(results).toMatchObject([
    {
      ruleId: "SL0013",
      ruleIndex: 0,
      level: "error",
      locations: [
        {
          physicalLocation: {
            artifactLocation,
            region: { startLine: 2, startColumn: 1, endLine: 2, endColumn: 5 },
            contextRegion: { snippet: { text: '"日本": x' } },
          },
        },
      ],
      relatedLocations: [
        { message: { text: "first\\u{202e} here" }, physicalLocation: { region: { startColumn: 1 } } },
      ],
      fixes: [
        {
          description: { text: "write `b`" },
          artifactChanges: [
            {
              artifactLocation,
              replacements: [{ deletedRegion: { startColumn: 2, endColumn: 4 }, insertedContent: { text: "b" } }],
            },
          ],
        },
      ],
      suppressions: [],
    },
    { ruleId: "SL0403", level: "warning", suppressions: [{ kind: "inSource", justification: "later" }] },
  ]);
});

test("no part of it shows a secret", () => {
  const span = at("hunter2secret");
  const finding = diagnose("SL0016", { raw: "hunter2secret", reason: "x" }, span, {
    fix: { title: 'write `"hunter2secret"`', safe: false, edits: [{ span, newText: '"hunter2secret"' }] },
  });
  const text = renderSarif(reportOf([finding]), "1.2.3");
  expect(text).not.toContain("hunter2");
  expect(logOf(text).results).toHaveLength(1);
});

test("what cannot be seen is escaped, and the values stay", () => {
  const odd = new SourceFile("p.yaml", "a\u202eb\ufeff: 1");
  const text = renderSarif(reportOf([diagnose("SL0003", {}, { source: odd, start: 0, end: 1 })]), "1.2.3");
  expect(text).not.toMatch(/[^\n\P{C}]/u);
  expect(text).toContain("a\\u202eb\\ufeff: 1");
});
